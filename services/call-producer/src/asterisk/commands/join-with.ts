import { COMMAND_PROOF_MS } from '@ringdown/contracts';
import { AppError, messageOf } from '@ringdown/core';
import type { Leg } from '../state/leg';
import { partiesOf } from '../state/leg-facts';
import type { Observation } from '../watchers';
import { actAndWatch, channelArgument, hangUpQuietly, type Seen, type Switchboard } from './switchboard';

/** Somebody is called and meets a leg of a call that exists. */
export interface Meeting {
  /** What to call: `PJSIP/1002`, `Local/2600@default`. */
  readonly channel: string;
  /** Uniqueid of the new channel. */
  readonly channelId: string;
  /** Who is waiting for it. */
  readonly leg: Leg;
  /** Who is ended when the two have met. */
  readonly leaving?: Leg | undefined;
  /** The leg rings still: whoever answers takes the ringing over. */
  readonly pickUp?: boolean;
  readonly variables?: readonly string[];
  readonly onSettled?: () => void;
}

const RING_MS = 60_000;

type Met = 'met' | 'failed';

/**
 * Calls, and joins when there is an answer. Undefined when nobody has answered within the time for proofs: it rings on,
 * and who is to leave is ended when there is an answer after all. Error: `conflict` when the call failed at once.
 */
export async function joinWith(board: Switchboard, meeting: Meeting): Promise<Seen | undefined> {
  const { leg } = meeting;
  const [caller] = partiesOf(leg);
  const finish = watchToTheEnd(board, meeting);
  let met: Met | undefined;
  try {
    met = await actAndWatch(
      board,
      (observation) => meetingSeen(observation, board, meeting),
      () =>
        board.session().action('Originate', {
          Channel: meeting.channel,
          ChannelId: meeting.channelId,
          ...(meeting.channel.startsWith('Local/') ? { OtherChannelId: `${meeting.channelId}-2` } : {}),
          Application: meeting.pickUp === true ? 'PickupChan' : 'Bridge',
          Data: channelArgument(leg),
          CallerID: callerId(caller.name, caller.number),
          Timeout: String(RING_MS),
          Async: 'true',
          Variable: meeting.variables,
        }),
      COMMAND_PROOF_MS,
    );
  } catch (error) {
    finish.cancel();
    throw error;
  }
  if (met === 'failed') throw new AppError('conflict', 'the target did not take the call');
  const partner = leg.partner;
  return met === undefined
    ? undefined
    : {
        event: 'CHANNEL_BRIDGE',
        call_id: leg.callId,
        ...(partner === undefined ? {} : { detail: `with ${partner}` }),
      };
}

/** In the background, also after the caller has got his answer. */
function watchToTheEnd(board: Switchboard, meeting: Meeting): { cancel(): void } {
  const watch = board.watchers.watch(
    (observation) => meetingSeen(observation, board, meeting),
    RING_MS + 5_000,
  );
  void watch.seen
    .then(async (met) => {
      meeting.onSettled?.();
      const { leaving } = meeting;
      if (met === 'met' && leaving !== undefined && board.state.legs.has(leaving.uniqueid)) {
        await hangUpQuietly(board, leaving.name);
      }
    })
    .catch((error: unknown) => board.logger.warn('a leg was not ended', { reason: messageOf(error) }));
  return watch;
}

/** The leg sits in a bridge with the new channel, or with whoever that stands for. */
function meetingSeen({ message }: Observation, board: Switchboard, meeting: Meeting): Met | undefined {
  if (message === undefined) return undefined;
  if (message.event === 'OriginateResponse' && message.get('Uniqueid') === meeting.channelId) {
    return message.get('Response') === 'Failure' ? 'failed' : undefined;
  }
  if (message.event === 'Hangup' && message.get('Uniqueid') === meeting.channelId) {
    // A Local pair goes away by itself when it is not needed any more; then the two have met.
    return meeting.channel.startsWith('Local/') && board.state.graph.isIn(meeting.leg.uniqueid)
      ? undefined
      : 'failed';
  }
  if (message.event === 'Pickup' && message.get('TargetUniqueid') === meeting.leg.uniqueid) return 'met';
  if (message.event !== 'BridgeEnter') return undefined;
  const { graph } = board.state;
  const place = graph.bridgeOf(meeting.channelId);
  const together = place !== undefined && place === graph.bridgeOf(meeting.leg.uniqueid);
  return together ? 'met' : undefined;
}

/** What the one who is called is shown; undefined without a number. */
function callerId(name: string | undefined, number: string | undefined): string | undefined {
  if (number === undefined || !/^[0-9A-Za-z+*#._-]{1,64}$/.test(number)) return undefined;
  const plain = (name ?? '').replace(/[^\p{L}\p{N} .'-]/gu, '').slice(0, 64);
  return plain === '' ? number : `"${plain}" <${number}>`;
}
