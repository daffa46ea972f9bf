import { isAppError } from '@ringdown/core';
import { messagingQueues as queues, type ClientBinding } from '@ringdown/contracts';
import type { RenderableEvent } from '../core/dialect';
import { StompFault } from './stomp-fault';
import type { Payloads } from './payloads';

/** Where a client may subscribe: which events that means, and what is in the body of their messages. */
export interface Destination {
  /** As the client wrote it. */
  readonly text: string;
  readonly binding: ClientBinding;
  readonly render: (event: RenderableEvent) => string;
}

const TOPIC = '/topic/';

/** All destinations there are. */
export class Destinations {
  private readonly fixed: ReadonlyMap<string, Destination>;

  constructor(
    private readonly parseBinding: (text: string) => ClientBinding,
    payloads: Payloads,
  ) {
    const table: readonly (readonly [string, string, Destination['render']])[] = [
      [queues.message, 'messaging.message.*', payloads.message],
      [queues.unread_count, 'messaging.unread_count.*', payloads.unreadCount],
      [queues.channel_connected, 'messaging.channel_connected.*', payloads.channel],
      [queues.channel_disconnected, 'messaging.channel_disconnected.*', payloads.channel],
      ['/events', 'messaging.*.*', payloads.newer],
    ];
    this.fixed = new Map(
      table.map(([text, binding, render]) => [text, { text, binding: parseBinding(binding), render }]),
    );
  }

  find(text: string): Destination {
    const fixed = this.fixed.get(text);
    if (fixed !== undefined) return fixed;
    if (!text.startsWith(TOPIC)) throw new StompFault('unknown destination');
    try {
      const binding = this.parseBinding(text.slice(TOPIC.length));
      return { text, binding, render: (event) => event.bodyJson() };
    } catch (error) {
      if (isAppError(error)) throw new StompFault(`unknown destination, ${error.message}`);
      throw error;
    }
  }
}
