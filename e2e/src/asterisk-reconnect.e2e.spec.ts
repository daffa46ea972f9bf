import {
  ForeignAmqp,
  TcpProxy,
  describeWithAsterisk,
  describeWithServers,
  waitUntil,
  type ForeignMessage,
} from '@ringdown/testing';
import { TelephoneOffice, vars } from './telephone-office';

describeWithAsterisk('a real switch that is lost and found', () =>
  describeWithServers('with servers', (servers) => {
    let office: TelephoneOffice;
    let proxy: TcpProxy;
    beforeAll(async () => {
      office = await TelephoneOffice.open(servers, {
        amiPort: async (asterisk) => (proxy = await TcpProxy.to(asterisk.amiPort)).port,
      });
    }, 180_000);
    afterEach(() => office.quiet());

    it('shows after a cut what ended meanwhile, what began, and what went on', async () => {
      const ending = await office.connect('1001', '1002');
      const lasting = await office.asterisk.telephone('1003').call('600');
      await lasting.answered();
      const lastingId = await office.channelOf('1003');
      await lasting.hold();
      await office.untilChannel(lastingId, (channel) => channel?.['is_on_hold'] === true);

      proxy.set('refuse');
      proxy.cut();
      await ending.caller.hangUp();
      await ending.callee.ended();
      const beginning = await office.asterisk.telephone('1004').call('602');
      await beginning.answered();
      await waitUntil(async () => (await office.act(lastingId, { action: 'hangup' })).status === 503, {
        what: 'a command to be refused while the switch is away',
      });
      proxy.set('pass');

      for (const id of [ending.callerId, ending.calleeId]) {
        const end = await office.eventOf(id, 'CHANNEL_DESTROY', 30_000);
        expect(end).toMatchObject({ hangup_cause: 'UNKNOWN', recovered: true });
        expect(end).not.toHaveProperty('duration_seconds');
        expect(end).not.toHaveProperty('billing_seconds');
      }
      const begun = await office.event('CHANNEL_CREATE', (body) => vars(body)['username'] === '1004', 30_000);
      expect(begun).toMatchObject({
        recovered: true,
        custom_channel_vars: { authorizing_id: office.people['1004'].deviceId },
      });
      await waitUntil(async () => (await office.list()).length === 2);
      expect(await office.list()).toMatchObject([
        { uuid: lastingId, answered: true, is_onhold: true },
        { uuid: begun['call_id'], answered: true, is_onhold: false },
      ]);
      expect(office.story(lastingId).filter((name) => name !== 'CHANNEL_HOLD')).toEqual([
        'CHANNEL_CREATE',
        'CHANNEL_ANSWER',
      ]);

      await lasting.unhold();
      await office.eventOf(lastingId, 'CHANNEL_UNHOLD');
      await office.confirm(lastingId, { action: 'hangup' });
      await lasting.ended();
      await office.confirm(String(begun['call_id']), { action: 'hangup' });
      await beginning.ended();
    }, 120_000);

    it('has lost its calls when it was restarted, and takes new ones', async () => {
      const { callerId, calleeId } = await office.connect('1001', '1002');

      await office.asterisk.restart();

      for (const id of [callerId, calleeId]) {
        expect(await office.eventOf(id, 'CHANNEL_DESTROY', 30_000)).toMatchObject({ recovered: true });
      }
      await waitUntil(async () => (await office.list()).length === 0);
      const { caller, callee } = await office.connect('1001', '1002');
      await caller.hangUp();
      await callee.ended();
    }, 120_000);

    it('is served by the second call-producer when the first is killed, and nothing is told twice', async () => {
      const foreign = await ForeignAmqp.connect(office.vhostUrl);
      const told = await foreign.collect('call', 'call.#');
      await office.startProducer();
      const before = await office.connect('1001', '1002');

      await office.system.callProducers[0]!.process.kill9();
      await before.caller.hangUp();
      await before.callee.ended();
      const meanwhile = await office.asterisk.telephone('1003').call('600');
      await meanwhile.answered();

      for (const id of [before.callerId, before.calleeId])
        await office.eventOf(id, 'CHANNEL_DESTROY', 20_000);
      const meanwhileId = await office.channelOf('1003');
      const after = await office.connect('1004', '1001');
      expect(await office.list()).toHaveLength(3);
      for (const id of [meanwhileId, after.callerId]) await office.confirm(id, { action: 'hangup' });
      await Promise.all([meanwhile.ended(), after.caller.ended(), after.callee.ended()]);
      for (const id of [meanwhileId, after.callerId, after.calleeId]) {
        await office.eventOf(id, 'CHANNEL_DESTROY');
      }
      expect(duplicatesOf(told)).toEqual([]);
    }, 120_000);
  }),
);

/** Events that can happen to a call only once, told more than once. */
function duplicatesOf(messages: readonly ForeignMessage[]): string[] {
  const keys = messages
    .map(({ body }) => JSON.parse(body.toString()) as Readonly<Record<string, unknown>>)
    .map((body) => `${String(body['event_name'])} ${String(body['call_id'])}`)
    .filter((key) => /^CHANNEL_(CREATE|ANSWER|DESTROY) /.test(key));
  return keys.filter((key, index) => keys.indexOf(key) !== index);
}
