// npm run login: where the system is, and who may log in first.
import { ApiClient } from './lib/api-client.mjs';
import { publicUrlOf, targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool, ToolError } from './lib/tool.mjs';

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
    try {
      await client.login();
    } catch (error) {
      if (!(error instanceof ToolError) || error.status !== 401) throw error;
      throw new ToolError(
        `${url} no longer takes the first password of ${target.username} of ${target.accountName}. ` +
          'Whoever changed it knows the present one; --password-file names a file that holds it.',
      );
    }
    console.log(`URL       ${url}
Account   ${target.accountName} (${client.accountId})
User      ${target.username}
Password  ${target.password}

The login works. To change the password, after which tools want the new one in a --password-file:
  curl -X PATCH -H "X-Auth-Token: TOKEN" -H 'Content-Type: application/json' -d '{"data":{"password":"…"}}' \\
    ${url}/v2/accounts/${client.accountId}/users/${client.userId}`);
  },
});
