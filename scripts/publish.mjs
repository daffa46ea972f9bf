// npm run publish: publishes one event, through a running system or straight to RabbitMQ.
import { readFileSync } from 'node:fs';
import { publishOverAmqp } from './lib/amqp-publish.mjs';
import { ApiClient } from './lib/api-client.mjs';
import { bodyFromFields, exchangeOf, parseBody } from './lib/event-fields.mjs';
import { targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool, ToolError } from './lib/tool.mjs';

const help = `npm run publish -- ROUTING_KEY [name=value ...] [options]

Publishes one event. The routing key is the binding that hears it, for example:
  npm run publish -- call.CHANNEL_CREATE.a1
  npm run publish -- call.CHANNEL_CREATE.a1 caller_id_name=Roger custom_channel_vars.authorizing_type=user
  npm run publish -- object.doc_edited.user --body-file event.json

With RINGDOWN_AMQP_URL set it goes straight to that RabbitMQ and waits for the confirm; otherwise (or with --url) through
the REST API, in the account you log in to.

  --body-file FILE      the body as JSON from a file ("-": standard input)
  --body JSON           the body as JSON; name=value needs no quotes in any shell
  --account-id ID       the account the event belongs to (default: your own; over AMQP: none)
${connectionHelp}`;

await runTool({
  help,
  positionals: true,
  options: {
    ...connectionOptions,
    body: { type: 'string' },
    'body-file': { type: 'string' },
    'account-id': { type: 'string' },
  },
  async main(values, [routingKey, ...fields]) {
    if (routingKey === undefined)
      throw new ToolError('Which event? For example call.CHANNEL_CREATE.a1; --help shows more.');
    const exchange = exchangeOf(routingKey);
    const body = { ...bodyFrom(values), ...bodyFromFields(fields) };
    const accountId = values['account-id'];
    const amqpUrl = values.url ? undefined : process.env.RINGDOWN_AMQP_URL;
    if (amqpUrl) {
      const id = await publishOverAmqp(amqpUrl, { exchange, routingKey, body, accountId });
      console.log(`published ${routingKey} to exchange ${exchange}, confirmed by RabbitMQ (message ${id})`);
      if (accountId === undefined)
        console.log('It names no account, so only super admins see it; --account-id names one.');
      return;
    }
    const client = await new ApiClient(targetOf(values)).login();
    const account = accountId ?? client.accountId;
    const { data } = await client.request('POST', `/v2/accounts/${account}/events`, {
      routing_key: routingKey,
      body,
    });
    console.log(`published ${routingKey} in account ${account} (message ${data.message_id})`);
  },
});

function bodyFrom(values) {
  if (values.body !== undefined && values['body-file'] !== undefined) {
    throw new ToolError('--body and --body-file exclude each other.');
  }
  if (values.body !== undefined) return parseBody(values.body, '--body');
  const file = values['body-file'];
  if (file === undefined) return {};
  try {
    return parseBody(readFileSync(file === '-' ? 0 : file, 'utf8'), file);
  } catch (error) {
    throw error instanceof ToolError ? error : new ToolError(`Cannot read ${file} (${error.code}).`);
  }
}
