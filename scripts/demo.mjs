// npm run demo: creates a user, changes it, deletes it.
import { setTimeout as pause } from 'node:timers/promises';
import { ApiClient } from './lib/api-client.mjs';
import { targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool } from './lib/tool.mjs';

const help = `npm run demo [-- options]

Creates a user, changes it and deletes it over REST, one step after the other, so that npm run tail in another terminal
has something to show.

  --pause SECONDS       between the steps (default 1)
${connectionHelp}`;

await runTool({
  help,
  options: { ...connectionOptions, pause: { type: 'string', default: '1' } },
  async main(values) {
    const client = await new ApiClient(targetOf(values)).login();
    const users = `/v2/accounts/${client.accountId}/users`;
    const step = async (what, method, path, data) => {
      const { data: doc } = await client.request(method, path, data);
      console.log(
        `${method.padEnd(6)} ${path}\n       ${what}: ${doc.first_name} ${doc.last_name} (${doc.id})`,
      );
      return doc;
    };
    const wait = () => pause(Math.max(0, Number(values.pause) || 0) * 1000);

    const created = await step('created', 'PUT', users, { first_name: 'Karl', last_name: 'Schwarzschild' });
    await wait();
    await step('changed', 'PATCH', `${users}/${created.id}`, { first_name: 'Roger', last_name: 'Penrose' });
    await wait();
    await step('deleted', 'DELETE', `${users}/${created.id}`);
    console.log('\nThree events: object.doc_created.user, object.doc_edited.user, object.doc_deleted.user');
  },
});
