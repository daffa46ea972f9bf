import type { CallCommand, CommandOutcome } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { HELPERS, HELPER_CONTEXT } from '../helper-context';
import type { Leg } from '../state/leg';
import { ourEvent, type Observation } from '../watchers';
import {
  actAndWatch,
  hangUpQuietly,
  outcomeOf,
  partnerOf,
  requireHelpers,
  type Switchboard,
} from './switchboard';

type Hold = Extract<CallCommand, { name: 'hold' }>;
type HoldControl = Extract<CallCommand, { name: 'hold_control' }>;

const MUSIC_CLASS = /^[A-Za-z0-9_-]{1,64}$/;
/** How long a digit can end a hold. */
const UNHOLD_KEY_MS = 24 * 3_600_000;

/**
 * The manager interface knows no hold. Ours moves both legs to where music is played, and back into one bridge on resume;
 * the two stay partners meanwhile, and when one hangs up, so does the other.
 */
export async function hold(board: Switchboard, leg: Leg, command: Hold): Promise<CommandOutcome> {
  if (leg.held) throw new AppError('conflict', `call ${leg.callId} is on hold already`);
  const other = partnerOf(board, leg);
  requireHelpers(board);
  const music = { a: classOf(command.moh_aleg), b: classOf(command.moh_bleg) };
  const place = { Context: HELPER_CONTEXT, Exten: HELPERS.hold, Priority: '1' };
  leg.heldWith = other.callId;
  other.heldWith = leg.callId;
  try {
    const playing = await actAndWatch(board, musicOf(leg, other), async () => {
      await setVariable(board, leg, 'RINGDOWN_MOH', music.a);
      await setVariable(board, other, 'RINGDOWN_MOH', music.b);
      for (const one of [leg, other]) await setVariable(board, one, FETCHED, '');
      await board.session().action('Redirect', {
        Channel: leg.name,
        ExtraChannel: other.name,
        ...place,
        ExtraContext: place.Context,
        ExtraExten: place.Exten,
        ExtraPriority: place.Priority,
      });
    });
    if (playing === undefined && board.state.graph.isIn(leg.uniqueid)) {
      // They talk to each other still: nothing has come of it.
      letGo(leg, other);
      return outcomeOf(undefined);
    }
    board.state.setHeld(leg, true);
    keepTogether(board, leg, other, command.unhold_key);
    return outcomeOf({ event: 'CHANNEL_HOLD', call_id: leg.callId }, ignoredMusic(command, playing ?? {}));
  } catch (error) {
    letGo(leg, other);
    throw error;
  }
}

function letGo(leg: Leg, other: Leg): void {
  leg.heldWith = undefined;
  other.heldWith = undefined;
}

export async function holdControl(
  board: Switchboard,
  leg: Leg,
  { action }: HoldControl,
): Promise<CommandOutcome> {
  const wanted = action === 'toggle' ? !leg.held : action === 'hold';
  return wanted ? hold(board, leg, { name: 'hold', unhold_key: '1' }) : resume(board, leg);
}

/** Back into conversation; proven by CHANNEL_UNHOLD. Error: `conflict` when it is not we who hold the call. */
export async function resume(board: Switchboard, leg: Leg): Promise<CommandOutcome> {
  const other = leg.heldWith === undefined ? undefined : board.state.legOfCall(leg.heldWith);
  if (other === undefined) {
    throw new AppError(
      'conflict',
      leg.held
        ? `call ${leg.callId} was put on hold by the telephone, which alone can end that`
        : `call ${leg.callId} is not on hold`,
    );
  }
  const held = leg.held ? leg : other;
  const seen = await actAndWatch(
    board,
    (observation) => ourEvent(observation, 'CHANNEL_UNHOLD', held.callId),
    async () => {
      for (const one of [leg, other]) await setVariable(board, one, FETCHED, '1');
      await board.session().action('Bridge', { Channel1: leg.name, Channel2: other.name, Tone: 'no' });
    },
  );
  return outcomeOf(seen && { event: 'CHANNEL_UNHOLD', call_id: held.callId });
}

/** Tells the place where music is played that a leg does not come back to it. */
const FETCHED = 'RINGDOWN_FETCHED';

async function setVariable(board: Switchboard, leg: Leg, name: string, value: string): Promise<void> {
  await board.session().action('Setvar', { Channel: leg.name, Variable: name, Value: value });
}

/** Which music both have got; the proof that both are where they should be. */
function musicOf(leg: Leg, other: Leg): (observation: Observation) => { a: string; b: string } | undefined {
  const classes = new Map<string, string>();
  return ({ message }) => {
    const arrived =
      message?.event === 'MusicOnHoldStart' ||
      // The last step is reached where the switch has no music at all.
      (message?.event === 'Newexten' && message.get('Application') === 'Wait');
    if (message === undefined || !arrived || message.get('Context') !== HELPER_CONTEXT) return undefined;
    classes.set(message.get('Uniqueid'), message.get('Class'));
    const a = classes.get(leg.uniqueid);
    const b = classes.get(other.uniqueid);
    return a === undefined || b === undefined ? undefined : { a, b };
  };
}

/** What one end of a held call does concerns the other. */
function keepTogether(board: Switchboard, leg: Leg, other: Leg, key: string): void {
  const watch = board.watchers.watch((observation) => {
    const { digit } = observation;
    for (const one of [leg, other]) {
      if (ourEvent(observation, 'CHANNEL_DESTROY', one.callId)) return one;
      if (one.heldWith === undefined) return 'over';
    }
    return digit?.callId === leg.callId && digit.key === key ? 'resume' : undefined;
  }, UNHOLD_KEY_MS);
  void watch.seen.then(async (what) => {
    if (what === 'resume') {
      await resume(board, leg).catch(() => keepTogether(board, leg, other, key));
    } else if (what !== 'over' && what !== undefined) {
      const left = what === leg ? other : leg;
      if (left.heldWith === what.callId) await hangUpQuietly(board, left.name);
    }
  });
}

function classOf(music: string | undefined): string {
  return music !== undefined && MUSIC_CLASS.test(music) ? music : '';
}

/** Music that was asked for and is not what is played. */
function ignoredMusic(command: Hold, playing: { a?: string; b?: string }): readonly string[] {
  const wanted = [
    ['moh_aleg', command.moh_aleg, playing.a],
    ['moh_bleg', command.moh_bleg, playing.b],
  ] as const;
  return wanted.filter(([, asked, got]) => asked !== undefined && asked !== got).map(([member]) => member);
}
