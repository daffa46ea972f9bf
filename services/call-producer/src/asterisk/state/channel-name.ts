/**
 * Technologies that carry no telephone call of their own: halves of pairs, stand-ins during a transfer, and what
 * conferences, recordings and announcements are made of. They are followed, and never shown.
 */
const FOLDED = new Set([
  'local',
  'surrogate',
  'asyncgoto',
  'parked',
  'cbann',
  'cbrec',
  'announcer',
  'recorder',
  'snoop',
  'message',
  'audiosocket',
  'unicastrtp',
  'multicastrtp',
  'voicemail',
  'bridge',
  'null',
]);
/** Names change while a channel is replaced: `<MASQ>`, `<ZOMBIE>`. */
const MARK = /<(?:MASQ|ZOMBIE)>$/;

/** Whether this channel is somebody's telephone call. */
export function isRealChannel(name: string): boolean {
  return !FOLDED.has(technologyOf(name)) && !MARK.test(name);
}

/** `PJSIP/1001-0000002a` -> `1001`; undefined where the technology names no endpoint. */
export function endpointOf(name: string): string | undefined {
  if (!['pjsip', 'sip'].includes(technologyOf(name))) return undefined;
  const start = name.indexOf('/') + 1;
  const end = name.lastIndexOf('-');
  return end > start ? name.slice(start, end) : undefined;
}

/** `Local/100@default-00000001;1` -> the name of the other half. */
export function otherHalfOf(name: string): string | undefined {
  if (technologyOf(name) !== 'local') return undefined;
  const match = /^(.*);([12])$/.exec(name);
  return match === null ? undefined : `${match[1]};${match[2] === '1' ? '2' : '1'}`;
}

function technologyOf(name: string): string {
  const slash = name.indexOf('/');
  return slash < 0 ? '' : name.slice(0, slash).toLowerCase();
}
