import type { AmiMessage } from '../ami/ami-message';
import type { AmiSession } from '../ami/ami-session';
import { AmiRefusal } from '../ami/ami-session';
import { isRealChannel } from './channel-name';
import { IDENTITY_VARIABLES, readVariable, type IdentityVariables } from './leg';

/** Everything that is there, as the switch lists it. */
export interface Listing {
  readonly channels: readonly AmiMessage[];
  readonly bridges: readonly AmiMessage[];
  readonly parked: readonly AmiMessage[];
  readonly rooms: readonly { readonly room: AmiMessage; readonly members: readonly AmiMessage[] }[];
  /** Of the channels that `wanted` asked for, by Uniqueid. */
  readonly variables: ReadonlyMap<string, IdentityVariables>;
}

/** Requests under way at the same time: the switch answers one after the other anyway. */
const CONCURRENCY = 32;

/**
 * Asks the switch for its channels, bridges, parked calls and conferences. `wanted`: channels nobody knows yet, whose
 * variables are asked for as well. Errors: those of the session.
 */
export async function listSwitch(
  session: AmiSession,
  wanted: (uniqueid: string) => boolean,
): Promise<Listing> {
  const channels = await session.list('CoreShowChannels');
  const bridges = await session.list('BridgeList');
  // Parking and conferences are modules, which a switch may do without; no conference at all is an error to it.
  const parked = await listOrNothing(session, 'ParkedCalls');
  const rooms = await listOrNothing(session, 'ConfbridgeListRooms');
  const unknown = channels.filter((row) => wanted(row.get('Uniqueid')) && isRealChannel(row.get('Channel')));
  const variables = await inTurns(
    unknown,
    async (row) => [row.get('Uniqueid'), await variablesOf(session, row.get('Channel'))] as const,
  );
  return {
    channels,
    bridges,
    parked,
    rooms: await inTurns(rooms, async (room) => ({
      room,
      members: await listOrNothing(session, 'ConfbridgeList', { Conference: room.get('Conference') }),
    })),
    variables: new Map(variables),
  };
}

async function variablesOf(session: AmiSession, channel: string): Promise<IdentityVariables> {
  const variables: IdentityVariables = {};
  for (const name of Object.keys(IDENTITY_VARIABLES)) {
    try {
      const response = await session.action('Getvar', { Channel: channel, Variable: name });
      readVariable(variables, name, response.get('Value'));
    } catch (error) {
      // The channel has ended meanwhile; the event that says so comes after the lists.
      if (!(error instanceof AmiRefusal)) throw error;
    }
  }
  return variables;
}

async function listOrNothing(
  session: AmiSession,
  action: string,
  fields: Readonly<Record<string, string>> = {},
): Promise<readonly AmiMessage[]> {
  try {
    return await session.list(action, fields);
  } catch (error) {
    if (error instanceof AmiRefusal) return [];
    throw error;
  }
}

async function inTurns<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let from = 0; from < items.length; from += CONCURRENCY) {
    results.push(...(await Promise.all(items.slice(from, from + CONCURRENCY).map(run))));
  }
  return results;
}
