import { describeWithAsterisk, describeWithServers, waitUntil } from '@ringdown/testing';
import { expectStatus } from './family-tree';
import { TelephoneOffice } from './telephone-office';

describeWithAsterisk('commands to a real switch', () =>
  describeWithServers('with servers', (servers) => {
    let office: TelephoneOffice;
    beforeAll(async () => {
      office = await TelephoneOffice.open(servers);
    }, 180_000);
    afterEach(() => office.quiet());

    it('hangup ends the call for both telephones', async () => {
      const { caller, callee, callerId } = await office.connect('1001', '1002');

      const answer = await office.confirm(callerId, { action: 'hangup' });

      expect(answer).toMatchObject({
        message: 'hangup initiated',
        seen: { event: 'CHANNEL_DESTROY', call_id: callerId },
      });
      await caller.ended();
      await callee.ended();
      expect(await office.channel(callerId)).toBeUndefined();
      expect((await office.act(callerId, { action: 'hangup' })).status).toBe(404);
    }, 60_000);

    it('a blind transfer sends the other leg to a telephone, which answers', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');
      const cid = await office.asterisk.telephone('1003').listen();

      await office.confirm(callerId, { action: 'transfer', target: '1003' });
      await cid.answer();

      const cidId = await office.channelOf('1003');
      await office.untilChannel(calleeId, (channel) => channel?.['other_leg_call_id'] === cidId);
      await caller.ended();
      expect(await office.channel(callerId)).toBeUndefined();
      await cid.hangUp();
      await callee.ended();
    }, 60_000);

    it('an attended transfer joins the other leg and the target when that has answered', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');
      const cid = await office.asterisk.telephone('1003').listen();

      const answer = office.act(callerId, {
        action: 'transfer',
        'transfer-type': 'attended',
        target: '1003',
        moh: 'nosuch',
        takeback_dtmf: '*1',
      });
      await cid.ringing();
      // Until then nobody loses anybody.
      expect(await office.channel(callerId)).toBeDefined();
      expect(await office.channel(calleeId)).toBeDefined();
      await cid.answer();
      expect((await expectStatus(202, answer)).data['ignored']).toContain('moh');

      const cidId = await office.channelOf('1003');
      await office.untilChannel(calleeId, (channel) => channel?.['other_leg_call_id'] === cidId);
      await caller.ended();
      await cid.hangUp();
      await callee.ended();
    }, 60_000);

    it('an attended transfer can be taken back by the digits given for that', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');
      const cid = await office.asterisk.telephone('1003').listen();

      await expectStatus(
        202,
        office.act(callerId, {
          action: 'transfer',
          'transfer-type': 'attended',
          target: '1003',
          takeback_dtmf: '*1',
        }),
      );
      await cid.ringing();
      await caller.press('*');
      await caller.press('1');

      await cid.cancelled();
      expect(await office.channel(callerId)).toMatchObject({ other_leg_call_id: calleeId });
      await caller.hangUp();
      await callee.ended();
    }, 60_000);

    it('a transfer to a number that does not exist is refused and changes nothing', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');

      for (const type of ['blind', 'attended']) {
        const answer = await office.act(callerId, {
          action: 'transfer',
          target: '4711',
          'transfer-type': type,
        });
        expect(answer).toMatchObject({ status: 400, data: { target: { not_found: {} } } });
      }

      expect(await office.channel(callerId)).toMatchObject({ other_leg_call_id: calleeId });
      await caller.hangUp();
      await callee.ended();
    }, 60_000);

    it('move lets a person go on talking from another device', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');
      const dot = await office.asterisk.telephone('1004').listen();

      const answer = office.act(callerId, { action: 'move', device_id: office.people['1004'].deviceId });
      await dot.answer();
      await expectStatus(202, answer);

      const dotId = await office.channelOf('1004');
      await office.untilChannel(calleeId, (channel) => channel?.['other_leg_call_id'] === dotId);
      await caller.ended();
      await dot.hangUp();
      await callee.ended();
    }, 60_000);

    it('a callflow takes the call to where its number leads', async () => {
      const callflow = await expectStatus(
        201,
        office.company.api.put(`${office.path}/callflows`, { numbers: ['2600'], flow: { module: 'play' } }),
      );
      const ann = await office.asterisk.telephone('1001').call('602');
      await ann.answered();
      const annId = await office.channelOf('1001');
      const ami = await office.asterisk.ami();

      await office.confirm(annId, { action: 'callflow', id: callflow.data['id'] });

      await ami.waitForEvent(
        'Newexten',
        (event) => event['Uniqueid'] === annId && event['Extension'] === '2600',
      );
      await ann.hangUp();
    }, 60_000);

    it('park puts the caller into a slot, from which a telephone fetches it', async () => {
      const { caller, callee, callerId } = await office.connect('1001', '1002');

      const answer = await office.confirm(callerId, { action: 'park' });
      expect(answer).toMatchObject({ seen: { event: 'PARK_PARKED' } });
      const parked = await office.event('PARK_PARKED');
      const id = String(parked['call_id']);
      const slot = String(parked['parking_slot']);
      const cid = await office.asterisk.telephone('1003').call(slot);
      await cid.answered();
      const cidId = await office.channelOf('1003');
      await office.eventOf(id, 'PARK_RETRIEVED');
      await office.untilChannel(id, (channel) => channel?.['other_leg_call_id'] === cidId);
      await cid.hangUp();
      await Promise.all([caller.ended(), callee.ended()]);
    }, 60_000);

    it('play is heard in a call of two and ends neither', async () => {
      const { caller, callee, callerId, calleeId } = await office.connect('1001', '1002');
      const ami = await office.asterisk.ami();

      const silly = await office.act(callerId, { action: 'play', id: 'no-such-sound' });
      expect(silly).toMatchObject({ status: 400, data: { id: { not_found: {} } } });
      await office.confirm(callerId, { action: 'play', id: 'hello-world' });

      await ami.waitForEvent('ChanSpyStart');
      expect(await office.channel(callerId)).toMatchObject({ other_leg_call_id: calleeId });
      await ami.waitForEvent('ChanSpyStop', () => true, 15_000);
      // The helpers that played are nobody's calls.
      expect(office.heard('CHANNEL_CREATE')).toHaveLength(2);
      await caller.hangUp();
      await callee.ended();
    }, 60_000);

    it('intercept lets another telephone pick up a ringing call', async () => {
      const bob = await office.asterisk.telephone('1002').listen();
      const ann = await office.asterisk.telephone('1001').call('1002');
      await bob.ringing();
      const annId = await office.channelOf('1001');
      const bobId = await office.channelOf('1002');
      const cid = await office.asterisk.telephone('1003').listen();

      const answer = office.act(bobId, {
        action: 'intercept',
        target_type: 'device',
        target_id: office.people['1003'].deviceId,
      });
      await cid.ringing();
      await cid.answer();
      await ann.answered();
      await bob.cancelled();
      expect((await answer).status).toBe(202);
      const cidId = await office.channelOf('1003');
      await office.untilChannel(annId, (channel) => channel?.['other_leg_call_id'] === cidId);

      const unknown = await office.act(annId, {
        action: 'intercept',
        target_type: 'device',
        target_id: '0'.repeat(32),
        unbridged_only: false,
      });
      expect(unknown).toMatchObject({ status: 400, data: { target_id: { not_found: {} } } });
      await cid.hangUp();
      await ann.ended();
    }, 60_000);

    it('a metaflow runs and goes on with the child of the digit pressed', async () => {
      const { caller, callee, callerId } = await office.connect('1001', '1002');

      await office.metaflow(callerId, {
        module: 'hold_control',
        data: { action: 'hold' },
        children: { '5': { module: 'hangup' }, _: { module: 'resume' } },
      });
      await office.eventOf(callerId, 'CHANNEL_HOLD');
      await caller.press('5');

      await caller.ended();
      await callee.ended();
      await office.eventOf(callerId, 'CHANNEL_DESTROY');
    }, 60_000);

    it('a conference is muted, locked and emptied', async () => {
      const ann = await office.asterisk.telephone('1001').call('3001');
      const bob = await office.asterisk.telephone('1002').call('3001');
      await ann.answered();
      await bob.answered();
      await waitUntil(() => office.heard('event').filter(({ event }) => event === 'add-member').length === 2);
      const path = `${office.path}/conferences/3001`;
      const command = (action: string, data: object = {}) =>
        expectStatus(202, office.company.api.put(path, { action, ...data }));
      const annId = await office.channelOf('1001');
      const { participant_id: annsNumber } = await office.event(
        'event',
        (body) => body['event'] === 'add-member' && body['call_id'] === annId,
      );

      expect((await command('mute', { participant_id: annsNumber })).data['status']).toBe('confirmed');
      await office.event('event', (body) => body['event'] === 'mute-member' && body['call_id'] === annId);
      expect((await command('lock')).data['status']).toBe('confirmed');
      await office.event('event', (body) => body['event'] === 'lock');
      expect((await office.company.api.get(path)).data).toMatchObject({ locked: true });
      expect((await command('kick', { participant_id: annsNumber })).data['status']).toBe('confirmed');
      await ann.ended();
      await command('kick');
      await bob.ended();
    }, 60_000);
  }),
);
