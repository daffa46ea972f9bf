// npm run -s env: what the documentation's curl lines need, as shell exports.
import { ApiClient } from './lib/api-client.mjs';
import { waitForBridgedCall } from './lib/bridged-call.mjs';
import { publicUrlOf, targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool, ToolError } from './lib/tool.mjs';

const help = `npm run -s env [-- options]

Logs in and prints export lines for SERVER, ACCOUNT_ID, AUTH_TOKEN, USER_ID, DEVICE_ID and UUID; creates nothing. UUID is
a call that is bridged right now, USER_ID and DEVICE_ID are whose it is; it waits some seconds for one. Without a call they
are you and the first device, and UUID is empty. The token lasts for RINGDOWN_AUTH_TOKEN_TTL_S (an hour by default).
In a POSIX shell:
  eval "$(npm run -s env)"
  curl -H "X-Auth-Token: $AUTH_TOKEN" http://$SERVER:8000/v2/accounts/$ACCOUNT_ID/websockets

${connectionHelp}`;

await runTool({
  help,
  options: connectionOptions,
  async main(values) {
    const target = targetOf(values);
    const client = await new ApiClient(target).login();
    const call = await waitForBridgedCall(client);
    const url = publicUrlOf(target);
    const variables = {
      SERVER: new URL(url).hostname,
      ACCOUNT_ID: client.accountId,
      AUTH_TOKEN: client.token,
      USER_ID: call?.userId ?? client.userId ?? '',
      DEVICE_ID: call?.deviceId ?? (await firstDevice(client)) ?? '',
      UUID: call?.uuid ?? '',
    };
    for (const [name, value] of Object.entries(variables)) {
      // They go through eval: nothing but harmless characters may pass.
      if (!/^[\w.:@[\]~-]*$/.test(value))
        throw new ToolError(`${name} has characters that a shell would interpret.`);
      console.log(`export ${name}=${value}`);
    }
    // Standard error: eval does not see it.
    if (url !== `http://${variables.SERVER}:8000`)
      console.error(`The documentation writes http://$SERVER:8000; here it is ${url}.`);
    if (call === undefined) console.error('No call is bridged right now, so UUID is empty.');
  },
});

async function firstDevice(client) {
  const { data } = await client.request('GET', `/v2/accounts/${client.accountId}/devices?page_size=1`);
  return data[0]?.id;
}
