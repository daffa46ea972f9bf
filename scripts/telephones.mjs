// npm run telephones: the demo switch's telephones as devices of the account.
import { ApiClient } from './lib/api-client.mjs';
import { targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool } from './lib/tool.mjs';

/** As docker/asterisk/etc/pjsip.conf has them. */
const TELEPHONES = { 1001: 'Ann', 1002: 'Bob', 1003: 'Cid', 1004: 'Dot' };

const help = `npm run telephones [-- options]

Makes sure that the account has a user with a device for each telephone of the switch in docker/asterisk, ${Object.keys(TELEPHONES)[0]} to
${Object.keys(TELEPHONES).at(-1)}: calls belong to the account whose device has the telephone's name. What is there stays.

${connectionHelp}`;

await runTool({
  help,
  options: connectionOptions,
  async main(values) {
    const client = await new ApiClient(targetOf(values)).login();
    const account = `/v2/accounts/${client.accountId}`;
    for (const [number, name] of Object.entries(TELEPHONES)) {
      const { data: found } = await client.request(
        'GET',
        `${account}/devices?filter_sip.username=${number}&page_size=1`,
      );
      if (found.length > 0) {
        console.log(`${number}  ${found[0].name ?? found[0].id} is there`);
        continue;
      }
      const { data: user } = await client.request('PUT', `${account}/users`, {
        first_name: name,
        last_name: 'Telephone',
      });
      const device = { name: `${name}'s telephone`, owner_id: user.id, sip: { username: number } };
      await client.request('PUT', `${account}/devices`, device);
      console.log(`${number}  ${device.name} was made`);
    }
  },
});
