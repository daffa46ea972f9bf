import { waitUntil } from '../wait-until';
import { startAsterisk, type Asterisk } from './asterisk';
import { describeWithAsterisk } from './describe-with-asterisk';

describeWithAsterisk('a switch for tests', () => {
  let asterisk: Asterisk;
  beforeAll(async () => {
    asterisk = await startAsterisk();
  }, 400_000);
  afterEach(() => asterisk.untilIdle());

  it('connects two telephones, which hold, resume, press digits and hang up', async () => {
    const ami = await asterisk.ami();
    const bob = await asterisk.telephone('1002').listen();
    const ann = await asterisk.telephone('1001').call('1002');
    await bob.ringing();
    await ann.ringing();
    await bob.answer();
    await ann.answered();

    await ann.hold();
    await ami.waitForEvent('Hold', (event) => event['CallerIDNum'] === '1001');
    await ann.unhold();
    await ami.waitForEvent('Unhold', (event) => event['CallerIDNum'] === '1001');
    await bob.hold();
    await ami.waitForEvent('Hold', (event) => event['CallerIDNum'] === '1002');
    await bob.unhold();
    await ann.press('5');
    await ami.waitForEvent('DTMFEnd', (event) => event['Digit'] === '5' && event['Direction'] === 'Received');

    await bob.hangUp();
    expect(await ann.ended()).toBe('');
    const end = await ami.waitForEvent('Hangup', (event) => event['CallerIDNum'] === '1001');
    expect(end).toMatchObject({ Cause: '16', Uniqueid: expect.stringMatching(`^${asterisk.name}-`) });
  });

  it('knows refusals, callers who give up, busy numbers and unknown ones', async () => {
    const refusing = await asterisk.telephone('1002').listen();
    const refused = await asterisk.telephone('1001').call('1002');
    await refusing.refuse();
    expect(await refused.refused()).toBe(486);

    const lonely = await asterisk.telephone('1002').listen();
    const impatient = await asterisk.telephone('1001').call('1002');
    await lonely.ringing();
    await impatient.ringing();
    await impatient.cancel();
    await lonely.cancelled();

    expect(await (await asterisk.telephone('1001').call('603')).refused()).toBe(486);
    expect(await (await asterisk.telephone('1001').call('4711')).refused()).toBe(404);
  });

  it('has calls from outside, which may not go out again, and calls to outside', async () => {
    const stranger = await asterisk.telephone('trunk').call('2600', '+4930123456');
    await stranger.answered();
    const ami = await asterisk.ami();
    expect(await ami.channels()).toMatchObject([{ CallerIDNum: '+4930123456', Exten: '2600' }]);
    await stranger.hangUp();
    const fraud = await asterisk.telephone('trunk').call('9004930123456', '+4930123456');
    expect(await fraud.refused()).toBe(404);

    const outside = await asterisk.telephone('trunk').listen();
    const ann = await asterisk.telephone('1001').call('9004930123456');
    await outside.answer();
    await ann.answered();
    await ann.hangUp();
    await outside.ended();
  });

  it('parks and returns calls, and mixes a conference', async () => {
    const ami = await asterisk.ami();
    const ann = await asterisk.telephone('1001').call('700');
    await ann.answered();
    const { ParkingSpace: space } = await waitUntil(() =>
      ami.events.find((event) => event['Event'] === 'ParkedCall'),
    ).then((event) => ({ ParkingSpace: event['ParkeeExten'] ?? event['ParkingSpace'] }));
    const cid = await asterisk.telephone('1003').call('701');
    expect(space).toBeDefined();
    await cid.answered();
    await ami.waitForEvent('UnParkedCall');
    await cid.hangUp();
    await ann.ended();

    const members = await Promise.all(['1001', '1002'].map((user) => asterisk.telephone(user).call('3001')));
    for (const member of members) await member.answered();
    await waitUntil(() => ami.events.filter((event) => event['Event'] === 'ConfbridgeJoin').length === 2);
    for (const member of members) await member.hangUp();
    await ami.waitForEvent('ConfbridgeEnd');
  });
});
