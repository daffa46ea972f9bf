// npm run login: where the system is, and who may log in first.
import { ApiClient } from './lib/api-client.mjs';
import { newPasswordText } from './lib/surroundings.mjs';
import { publicUrlOf, targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool } from './lib/tool.mjs';

const help = `npm run login [-- options]

Shows the address, the account, the user and the first password of the super admin, and whether they work.

${connectionHelp}`;

await runTool({
  help,
  options: connectionOptions,
  async main(values) {
    const target = targetOf(values);
    const url = publicUrlOf(target);
    const client = new ApiClient(target);
    await client.login();
    console.log(`URL       ${url}
Account   ${target.accountName} (${client.accountId})
User      ${target.username}
Password  ${target.password}

The login works. To change the password:
  curl -X PATCH -H "X-Auth-Token: TOKEN" -H 'Content-Type: application/json' -d '{"data":{"password":"…"}}' \\
    ${url}/v2/accounts/${client.accountId}/users/${client.userId}
After that, ${newPasswordText()}.`);
  },
});
