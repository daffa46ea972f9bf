// npm run -s token: a fresh token.
import { ApiClient } from './lib/api-client.mjs';
import { targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool } from './lib/tool.mjs';

const help = `npm run -s token [-- options]

Logs in and prints a token and nothing else. It lasts for RINGDOWN_AUTH_TOKEN_TTL_S (an hour by default).
  curl -H "X-Auth-Token: $(npm run -s token)" http://localhost:8000/v2/websockets

${connectionHelp}`;

await runTool({
  help,
  options: connectionOptions,
  async main(values) {
    const client = await new ApiClient(targetOf(values)).login();
    console.log(client.token);
  },
});
