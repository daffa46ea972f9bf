import { TopicTrie } from '@ringdown/core';
import { encodeId, type ChannelState, type ClientBinding, type IncomingEvent } from '@ringdown/contracts';

/**
 * The channels whose events some of the bindings mean, whatever the event: all of them for a wildcard, else those with one
 * of the ids. The very same list when all are meant.
 */
export function selectedChannels(
  channels: readonly ChannelState[],
  bindings: readonly ClientBinding[],
): readonly ChannelState[] {
  if (bindings.some(({ exactId }) => exactId === undefined)) return channels;
  const trie = new TopicTrie<ClientBinding>();
  for (const binding of bindings)
    for (const pattern of binding.patterns) trie.add(ofAnyEvent(pattern), binding);
  return channels.filter((channel) => isMeant(channel, trie));
}

function ofAnyEvent(pattern: string): string {
  return pattern.replace(/^call\.[^.]+\./, 'call.*.');
}

/** Looked up as an event of ours would travel, and as one of a publisher who does not encode. */
function isMeant({ call_id }: ChannelState, trie: TopicTrie<ClientBinding>): boolean {
  return [encodeId(call_id), call_id].some((id) => {
    const event = someEventOf(call_id, `call.CHANNEL_CREATE.${id}`);
    return trie.match(event.routingKey).some(({ filter }) => filter === undefined || filter(event));
  });
}

function someEventOf(call_id: string, routingKey: string): IncomingEvent {
  return {
    messageId: undefined,
    family: 'call',
    name: 'CHANNEL_CREATE',
    routingKey,
    accountId: undefined,
    timestampMs: 0,
    body: { call_id },
  };
}
