import { AppError } from '@ringdown/core';
import type { Principal } from '@ringdown/auth';
import { channelDisconnectedRoutingKey, messageRoutingKey, type ClientBinding } from '@ringdown/contracts';
import type { Access } from '../core/access';
import type { Session } from '../core/session';
import type { SubscriptionService } from '../core/subscriptions';
import type { Destination } from '../stomp/destinations';
import type { Payloads } from '../stomp/payloads';
import type { StompPolicy } from '../stomp/policy';
import { StompFault } from '../stomp/stomp-fault';
import { stompVariant } from '../stomp/subscription';
import { ChannelWatch } from './channel-watch';
import type { Visitors } from './visitors';

/** Where visitors of chat plugins connect. */
export const chatPluginPaths = ['/ws.chatplugin'] as const;

/** The one thing there is: the messages of the visitor's own conversation. */
export const VISITOR_DESTINATION = '/user/queue/message';

export interface VisitorPolicyOptions {
  readonly visitors: Visitors;
  readonly access: Access;
  readonly subscriptions: SubscriptionService;
  readonly parseBinding: (text: string) => ClientBinding;
  readonly renderMessage: Payloads['message'];
  /** Has the session's principal checked again. */
  readonly recheck: (session: Session) => void;
}

/**
 * A visitor hears its own conversation, whether that exists already or begins with its first message: the id is part of its
 * token. Its channel is watched from CONNECT on, by a subscription that shows nothing to the socket; a visitor of a
 * channel that is disconnected is checked again, and its socket closed.
 */
export function visitorPolicy(options: VisitorPolicyOptions): StompPolicy {
  const { visitors, access, subscriptions, parseBinding, renderMessage, recheck } = options;

  function conversationOf(principal: Principal): Destination {
    const { conversation_id } = visitors.sessionOf(principal);
    const binding = parseBinding(messageRoutingKey(conversation_id));
    return { text: VISITOR_DESTINATION, binding, render: renderMessage };
  }

  /** Events of it are matched and rendered like any others, and then not sent. */
  function disconnectionOf(principal: Principal): Destination {
    const { channel_id } = visitors.sessionOf(principal);
    const binding = parseBinding(channelDisconnectedRoutingKey(channel_id));
    return { text: '', binding, render: () => '' };
  }

  return {
    name: 'chatplugin',
    authenticate: (token) => visitors.authenticate(token),
    onConnect: async (session) => {
      const principal = session.principal!;
      const destination = disconnectionOf(principal);
      await subscriptions.subscribe(
        session,
        { principal, revision: access.revision, update: {} },
        [destination.binding],
        undefined,
        {
          variant: stompVariant({
            version: '1.2',
            destination,
            subscriptionId: undefined,
            ackMode: 'auto',
          }),
          filter: () => new ChannelWatch(() => recheck(session)),
        },
      );
      // Only now: what happened to the channel before it was watched.
      if ((await visitors.check(principal)) !== undefined) {
        throw new AppError('unauthorized', 'invalid token');
      }
    },
    destination: (text, principal) => {
      if (text !== VISITOR_DESTINATION) throw new StompFault('unknown destination');
      return conversationOf(principal);
    },
  };
}
