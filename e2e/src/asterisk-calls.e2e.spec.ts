import { describeWithAsterisk, describeWithServers, waitUntil } from '@ringdown/testing';
import { makeMember } from './family-tree';
import { TelephoneOffice } from './telephone-office';

describeWithAsterisk('calls of a real switch', () =>
  describeWithServers('with servers', (servers) => {
    let office: TelephoneOffice;
    beforeAll(async () => {
      office = await TelephoneOffice.open(servers);
    }, 180_000);
    afterEach(() => office.quiet());

    it('are told and listed from the first ring to the end', async () => {
      const { asterisk, people, company } = office;
      const bob = await asterisk.telephone('1002').listen();
      const ann = await asterisk.telephone('1001').call('1002');
      await bob.ringing();
      const annId = await office.channelOf('1001');
      const bobId = await office.channelOf('1002');

      expect(await office.eventOf(annId, 'CHANNEL_CREATE')).toMatchObject({
        call_direction: 'inbound',
        caller_id_number: '1001',
        caller_destination_number: '1002',
        switch_nodename: asterisk.name,
        custom_channel_vars: {
          account_id: company.accountId,
          authorizing_id: people['1001'].deviceId,
          authorizing_type: 'device',
          owner_id: people['1001'].userId,
          username: '1001',
        },
      });
      expect(await office.eventOf(bobId, 'CHANNEL_CREATE')).toMatchObject({
        call_direction: 'outbound',
        callee_id_number: '1002',
        caller_id_number: '1001',
        custom_channel_vars: { owner_id: people['1002'].userId, username: '1002' },
      });
      await waitUntil(async () => (await office.list()).length === 2);
      expect(await office.list()).toMatchObject([
        { uuid: annId, answered: false, direction: 'inbound', destination: '1002', username: '1001' },
        { uuid: bobId, answered: false, direction: 'outbound', username: '1002' },
      ]);

      await bob.answer();
      await ann.answered();
      await office.eventOf(annId, 'CHANNEL_ANSWER');
      await office.eventOf(bobId, 'CHANNEL_ANSWER');
      expect(await office.event('CHANNEL_BRIDGE')).toMatchObject({ other_leg_call_id: expect.any(String) });
      await office.untilChannel(annId, (channel) => channel?.['other_leg_call_id'] === bobId);
      expect(
        await office.untilChannel(bobId, (channel) => channel?.['other_leg_call_id'] === annId),
      ).toMatchObject({
        call_id: bobId,
        answered: true,
        call_direction: 'outbound',
      });
      for (const [line, id] of [
        ['1001', annId],
        ['1002', bobId],
      ] as const) {
        const { userId, deviceId } = people[line];
        expect(await office.list(`${office.path}/users/${userId}/channels`)).toMatchObject([{ uuid: id }]);
        expect(await office.list(`${office.path}/devices/${deviceId}/channels`)).toMatchObject([
          { uuid: id },
        ]);
      }

      await bob.hangUp();
      await ann.ended();
      for (const id of [annId, bobId]) {
        const end = await office.eventOf(id, 'CHANNEL_DESTROY');
        expect(end).toMatchObject({
          hangup_cause: 'NORMAL_CLEARING',
          disposition: 'ANSWER',
          duration_seconds: expect.any(Number),
          billing_seconds: expect.any(Number),
          ringing_seconds: expect.any(Number),
        });
        expect(end['duration_seconds']).toBeGreaterThanOrEqual(end['billing_seconds'] as number);
        expect(await office.untilChannel(id, (channel) => channel === undefined)).toBeUndefined();
        // Each happened once; which leg is told first is the switch's affair.
        expect(office.story(id).filter((name) => name !== 'CHANNEL_BRIDGE')).toEqual([
          'CHANNEL_CREATE',
          'CHANNEL_ANSWER',
          'CHANNEL_DESTROY',
        ]);
      }
    }, 60_000);

    it('are nobody else’s business', async () => {
      const admin = await office.system.admin();
      const other = await makeMember(admin, admin.accountId, 'competitor');
      const ear = await office.system.connect(other.token);
      await ear.subscribe('call.*.*');

      const { caller, callee, callerId } = await office.connect('1001', '1002');
      const path = `/v2/accounts/${other.accountId}/channels`;
      expect((await other.api.get(path)).data).toEqual([]);
      expect((await other.api.get(`${path}/${callerId}`)).status).toBe(404);
      expect((await other.api.post(`${path}/${callerId}`, { action: 'hangup' })).status).toBe(404);
      expect((await other.api.post(`${office.path}/channels/${callerId}`, { action: 'hangup' })).status).toBe(
        403,
      );

      await callee.hangUp();
      await caller.ended();
      await office.eventOf(callerId, 'CHANNEL_DESTROY');
      await ear.flush();
      expect(ear.events).toEqual([]);
    }, 60_000);

    it('are held and resumed by a re-INVITE of either side', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');

      for (const [telephone, id] of [
        [caller, callerId],
        [callee, calleeId],
      ] as const) {
        await telephone.hold();
        await office.eventOf(id, 'CHANNEL_HOLD');
        await office.untilChannel(id, (channel) => channel?.['is_on_hold'] === true);
        await telephone.unhold();
        await office.eventOf(id, 'CHANNEL_UNHOLD');
        await office.untilChannel(id, (channel) => channel?.['is_on_hold'] === false);
      }
      expect(office.heard('CHANNEL_HOLD')).toHaveLength(2);
      expect(office.heard('CHANNEL_UNHOLD')).toHaveLength(2);

      await caller.hangUp();
      await callee.ended();
    }, 60_000);

    it('tell why they failed', async () => {
      const busy = await office.asterisk.telephone('1002').listen();
      const refused = await office.asterisk.telephone('1001').call('1002');
      await busy.refuse();
      expect(await refused.refused()).toBe(486);
      for (const line of ['1001', '1002'] as const) {
        expect(await office.eventOf(await office.channelOf(line), 'CHANNEL_DESTROY')).toMatchObject({
          hangup_cause: 'USER_BUSY',
          hangup_code: 'sip:486',
          disposition: 'BUSY',
          billing_seconds: 0,
        });
      }

      const nowhere = await office.asterisk.telephone('1001').call('4711');
      expect(await nowhere.refused()).toBe(404);
      const lonely = await office.asterisk.telephone('1004').listen();
      const impatient = await office.asterisk.telephone('1003').call('1004');
      await lonely.ringing();
      await impatient.ringing();
      await impatient.cancel();
      await lonely.cancelled();
      const given = await office.eventOf(await office.channelOf('1003'), 'CHANNEL_DESTROY');
      expect(given).toMatchObject({ disposition: expect.not.stringMatching('ANSWER'), billing_seconds: 0 });
      expect(office.story(String(given['call_id']))).not.toContain('CHANNEL_ANSWER');
    }, 60_000);

    it('are parked and retrieved, abandoned, or sent on when nobody fetches them', async () => {
      const ann = await office.asterisk.telephone('1001').call('700');
      await ann.answered();
      const annId = await office.channelOf('1001');
      const parked = await office.eventOf(annId, 'PARK_PARKED');
      expect(parked).toMatchObject({ parking_slot: expect.stringMatching(/^7\d\d$/) });
      const bob = await office.asterisk.telephone('1002').call(String(parked['parking_slot']));
      await bob.answered();
      const bobId = await office.channelOf('1002');
      expect(await office.eventOf(annId, 'PARK_RETRIEVED')).toMatchObject({
        parking_slot: parked['parking_slot'],
      });
      await office.untilChannel(annId, (channel) => channel?.['other_leg_call_id'] === bobId);
      await bob.hangUp();
      await ann.ended();

      const cid = await office.asterisk.telephone('1003').call('700');
      await cid.answered();
      const cidId = await office.channelOf('1003');
      await office.eventOf(cidId, 'PARK_PARKED');
      await cid.hangUp();
      await office.eventOf(cidId, 'PARK_ABANDONED');
      await office.eventOf(cidId, 'CHANNEL_DESTROY');
      expect(office.story(cidId)).not.toContain('PARK_RETRIEVED');

      const dot = await office.asterisk.telephone('1004').call('721');
      await dot.answered();
      const dotId = await office.channelOf('1004');
      await office.eventOf(dotId, 'PARK_PARKED');
      expect(await office.eventOf(dotId, 'PARK_RETRIEVED')).toMatchObject({ reason: 'timeout' });
      await dot.hangUp();
      await office.eventOf(dotId, 'CHANNEL_DESTROY');
      // Neither a parking lot nor a conference is a conversation of two.
      expect(office.story(dotId)).not.toContain('CHANNEL_BRIDGE');
    }, 60_000);

    it('meet in a conference, which tells who joins and who leaves', async () => {
      const ann = await office.asterisk.telephone('1001').call('3001');
      const bob = await office.asterisk.telephone('1002').call('3001');
      await ann.answered();
      await bob.answered();
      const annId = await office.channelOf('1001');
      const joined = await office.event(
        'event',
        (body) => body['event'] === 'add-member' && body['call_id'] === annId,
      );
      expect(joined).toMatchObject({
        conference_id: '3001',
        account_id: office.company.accountId,
        caller_id_number: '1001',
        custom_channel_vars: { owner_id: office.people['1001'].userId },
      });
      await waitUntil(() => office.heard('event').filter(({ event }) => event === 'add-member').length === 2);
      const seen = await office.company.api.get(`${office.path}/conferences/3001`);
      expect(seen).toMatchObject({ status: 200, data: { id: '3001', locked: false } });
      expect(seen.data['participants']).toHaveLength(2);

      await ann.hangUp();
      await office.event('event', (body) => body['event'] === 'del-member' && body['call_id'] === annId);
      await bob.hangUp();
      await waitUntil(() => office.heard('event').filter(({ event }) => event === 'del-member').length === 2);
      expect(office.heard('CHANNEL_BRIDGE')).toEqual([]);
      expect((await office.company.api.get(`${office.path}/conferences/3001`)).status).toBe(404);
    }, 60_000);

    it('come in from outside for the account of the telephone they reach', async () => {
      const bob = await office.asterisk.telephone('1002').listen();
      const stranger = await office.asterisk.telephone('trunk').call('1002', '+4930123456');
      await bob.answer();
      await stranger.answered();
      const bobId = await office.channelOf('1002');

      expect(await office.eventOf(bobId, 'CHANNEL_CREATE')).toMatchObject({
        caller_id_number: '+4930123456',
      });
      const bobs = await office.untilChannel(
        bobId,
        (channel) => channel?.['other_leg_call_id'] !== undefined,
      );
      expect(await office.channel(String(bobs!['other_leg_call_id']))).toMatchObject({
        call_direction: 'inbound',
        caller_id_number: '+4930123456',
      });

      await stranger.hangUp();
      await bob.ended();
    }, 60_000);

    it('carry faxes, whose progress and end are told', async () => {
      const ami = await office.asterisk.ami();
      await ami.action('Originate', {
        Channel: 'Local/810@default',
        Context: 'default',
        Exten: '811',
        Priority: '1',
        Async: 'true',
        Variable: `__RINGDOWN_ACCOUNT_ID=${office.company.accountId}`,
      });
      for (const state of ['send', 'receive']) {
        await office.event('status', (body) => body['fax_state'] === state);
      }
      const ends = ['outgoing', 'incoming'].map((direction) =>
        office.event(
          'status',
          (body) => body['fax_state'] === 'end' && body['direction'] === direction,
          45_000,
        ),
      );
      for (const end of await Promise.all(ends)) {
        expect(end).toMatchObject({ account_id: office.company.accountId, fax_info: expect.any(Object) });
      }

      // Nobody sends: the caller hangs up.
      const ann = await office.asterisk.telephone('1001').call('810');
      await ann.answered();
      await office.event(
        'status',
        (body) => body['fax_state'] === 'receive' && body['caller_id_number'] === '1001',
      );
      await ann.hangUp();
      await office.event('status', (body) => body['fax_state'] === 'error');
    }, 90_000);
  }),
);
