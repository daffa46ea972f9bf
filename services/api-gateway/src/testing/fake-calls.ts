import {
  CALL_PRODUCER,
  CHANNELS,
  commandChannel,
  commandConference,
  findConference,
  getChannel,
  listChannels,
  type ChannelState,
  type CommandOutcome,
  type ConferenceState,
} from '@ringdown/contracts';
import { AppError, toGregorianSeconds } from '@ringdown/core';
import { PARENT, USER_ID } from './fake-directory';
import type { GatewayFixture } from './gateway-fixture';

/** The gateway's clock in specs of channels, in unix milliseconds. */
export const NOW_MS = 1_735_000_000_000;
export const CALL_ID = 'dab25c76-7479-4ed2-ba92-6b725d68e351';
export const OTHER_LEG = 'd220c187-e18edc42-bab2459d@10.26.0.91';
export const DEVICE_ID = '6'.repeat(32);
export const SWITCH = 'switch-1';

/** A bridged call of the account `PARENT`, 42 s old, with any member replaced. */
export function channelOf(fields: Partial<ChannelState> = {}): ChannelState {
  return {
    call_id: CALL_ID,
    account_id: PARENT,
    switch: SWITCH,
    direction: 'outbound',
    answered: true,
    on_hold: false,
    created: toGregorianSeconds(NOW_MS) - 42,
    other_leg_call_id: OTHER_LEG,
    destination: 'user_zu0bf7',
    presence_id: 'user_zu0bf7@account.realm.com',
    username: 'user_zu0bf7',
    authorizing_id: DEVICE_ID,
    authorizing_type: 'device',
    owner_id: USER_ID,
    ...fields,
  };
}

/** Lets a fake registry hold these channels, filtered and paged as the real one does. Commands are confirmed. */
export async function serveChannels(
  fixture: GatewayFixture,
  channels: readonly ChannelState[],
): Promise<void> {
  fixture.answer(listChannels, ({ account_id, owner_ids, device_ids, after, limit = 1_000 }) => {
    const isOwned = ({ owner_id, authorizing_id }: ChannelState): boolean =>
      (owner_ids === undefined && device_ids === undefined) ||
      (owner_id !== undefined && owner_ids?.includes(owner_id) === true) ||
      (authorizing_id !== undefined && device_ids?.includes(authorizing_id) === true);
    const all = channels.filter(
      (channel) => (account_id === undefined || channel.account_id === account_id) && isOwned(channel),
    );
    const from = after === undefined ? 0 : Number(after.replace(/^é/, ''));
    const end = from + limit;
    return { channels: all.slice(from, end), offset: 7, ...(end < all.length ? { next: `é${end}` } : {}) };
  });
  fixture.answer(getChannel, ({ account_id, call_id }) => {
    const found = channels.find((one) => one.account_id === account_id && one.call_id === call_id);
    if (!found) throw new AppError('not_found', 'no such channel');
    return found;
  });
  answerCommands(fixture, { status: 'confirmed', seen: { event: 'CHANNEL_DESTROY', call_id: CALL_ID } });
  await fixture.serve(CHANNELS, [listChannels, getChannel, commandChannel]);
}

export function answerCommands(fixture: GatewayFixture, outcome: CommandOutcome): void {
  fixture.answer(commandChannel, () => outcome);
}

/** Lets a fake call-producer hold the switch and run these conferences of `PARENT`. */
export async function serveConferences(
  fixture: GatewayFixture,
  conferences: readonly ConferenceState[],
): Promise<void> {
  fixture.answer(findConference, ({ account_id, conference_id }) => ({
    conference:
      conferences.find((one) => account_id === PARENT && one.conference_id === conference_id) ?? null,
  }));
  const outcome: CommandOutcome = { status: 'confirmed', seen: { event: 'mute-member' } };
  fixture.answer(commandConference, () => outcome);
  await fixture.serve(CALL_PRODUCER, [findConference, commandConference], SWITCH);
}
