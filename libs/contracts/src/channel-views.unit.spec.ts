import { toGregorianSeconds } from '@ringdown/core';
import { channelDetailView, channelListView } from './channel-views';
import type { ChannelState } from './rpc/channels';

const now = 1_735_000_000_000;

const bare: ChannelState = {
  call_id: 'a84b4c76',
  answered: false,
  on_hold: false,
  created: toGregorianSeconds(now) - 42,
};

const full: ChannelState = {
  ...bare,
  account_id: 'acme',
  switch: 'switch-1',
  direction: 'inbound',
  answered: true,
  on_hold: true,
  answered_at: bare.created + 7,
  other_leg_call_id: 'b77c0d11',
  parking_slot: '401',
  interaction_id: 'talk-1',
  destination: '1002',
  caller_id_name: 'Ann',
  caller_id_number: '1001',
  callee_id_name: 'Bob',
  callee_id_number: '1002',
  from: '1001@acme.example',
  to: '1002@acme.example',
  from_tag: 'f',
  to_tag: 't',
  presence_id: '1001@acme.example',
  username: 'user_1001',
  authorizing_id: 'device-1',
  authorizing_type: 'device',
  owner_id: 'ann',
  callflow_id: 'flow',
  resource_id: 'resource',
  reseller_id: 'reseller',
  custom_channel_vars: { account_id: 'acme' },
  custom_application_vars: { ticket: 7 },
};

describe('the two views of a channel', () => {
  it('leave out what is not known', () => {
    expect(channelListView(bare, now)).toEqual({
      uuid: 'a84b4c76',
      answered: false,
      timestamp: bare.created,
      elapsed_s: 42,
      is_onhold: false,
    });
    expect(channelDetailView(bare, now)).toEqual({
      call_id: 'a84b4c76',
      answered: false,
      timestamp: bare.created,
      elapsed_seconds: 42,
      is_on_hold: false,
    });
    expect(Object.keys(channelDetailView(bare, now))).not.toContain('other_leg_call_id');
  });

  it('have the names of a list item', () => {
    expect(channelListView(full, now)).toEqual({
      uuid: 'a84b4c76',
      direction: 'inbound',
      answered: true,
      timestamp: bare.created,
      elapsed_s: 42,
      destination: '1002',
      other_leg: 'b77c0d11',
      authorizing_id: 'device-1',
      authorizing_type: 'device',
      owner_id: 'ann',
      presence_id: '1001@acme.example',
      username: 'user_1001',
      callflow_id: 'flow',
      resource_id: 'resource',
      reseller_id: 'reseller',
      interaction_id: 'talk-1',
      is_onhold: true,
      from_tag: 'f',
      to_tag: 't',
      custom_channel_vars: { account_id: 'acme' },
      custom_application_vars: { ticket: 7 },
    });
  });

  it('have the names of the detail', () => {
    expect(channelDetailView(full, now)).toEqual({
      call_id: 'a84b4c76',
      call_direction: 'inbound',
      call_interaction_id: 'talk-1',
      answered: true,
      timestamp: bare.created,
      elapsed_seconds: 42,
      destination: '1002',
      other_leg_call_id: 'b77c0d11',
      caller_id_name: 'Ann',
      caller_id_number: '1001',
      callee_id_name: 'Bob',
      callee_id_number: '1002',
      from: '1001@acme.example',
      to: '1002@acme.example',
      from_tag: 'f',
      to_tag: 't',
      authorizing_id: 'device-1',
      authorizing_type: 'device',
      owner_id: 'ann',
      presence_id: '1001@acme.example',
      username: 'user_1001',
      callflow_id: 'flow',
      resource_id: 'resource',
      reseller_id: 'reseller',
      is_on_hold: true,
      parking_slot: '401',
      custom_channel_vars: { account_id: 'acme' },
      custom_application_vars: { ticket: 7 },
    });
  });

  it('count no negative time for a switch whose clock is ahead', () => {
    const early = { ...bare, created: bare.created + 100 };

    expect(channelListView(early, now).elapsed_s).toBe(0);
    expect(channelDetailView(early, now).elapsed_seconds).toBe(0);
  });
});
