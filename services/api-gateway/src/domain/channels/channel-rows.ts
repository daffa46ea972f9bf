import {
  channelDetailView,
  channelListView,
  type ChannelDetail,
  type ChannelListItem,
  type ChannelState,
} from '@ringdown/contracts';

/** What Kazoo lifts from a channel's variables into both views. */
const liftedVars = ['channel_authorized', 'account_billing', 'reseller_billing'] as const;
type Lifted = Partial<Record<(typeof liftedVars)[number], unknown>>;

export type ChannelRow = ChannelListItem & Lifted;

/** An item of a list. `nowMs`: unix milliseconds. */
export function channelRow(channel: ChannelState, nowMs: number): ChannelRow {
  const normalised = withSnakeCaseVars(channel);
  return { ...channelListView(normalised, nowMs), ...lifted(normalised) };
}

/** One channel alone. */
export function channelDetails(channel: ChannelState, nowMs: number): ChannelDetail & Lifted {
  const normalised = withSnakeCaseVars(channel);
  return { ...channelDetailView(normalised, nowMs), ...lifted(normalised) };
}

function lifted({ custom_channel_vars: vars = {} }: ChannelState): Lifted {
  const known = liftedVars.filter((name) => isScalar(vars[name]));
  return Object.fromEntries(known.map((name) => [name, vars[name]]));
}

/** Publishers may name variables as the switch does (`Account-ID`); REST names them as everything else. */
function withSnakeCaseVars(channel: ChannelState): ChannelState {
  const vars = channel.custom_channel_vars;
  return vars === undefined ? channel : { ...channel, custom_channel_vars: snakeCaseNames(vars) };
}

/** The same object with names in snake_case, one level deep; a name that is so already wins over one that becomes it. */
export function snakeCaseNames(vars: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(vars).filter(([name]) => name !== '__proto__');
  const renamed = entries.map(([name, value]) => [snakeCase(name), value] as const);
  const own = entries.filter(([name]) => snakeCase(name) === name);
  return Object.fromEntries([...renamed, ...own]);
}

function snakeCase(name: string): string {
  return name.replaceAll('-', '_').toLowerCase();
}

function isScalar(value: unknown): boolean {
  return ['string', 'number', 'boolean'].includes(typeof value);
}
