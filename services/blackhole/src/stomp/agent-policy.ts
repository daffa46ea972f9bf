import type { ClientBinding } from '@ringdown/contracts';
import type { Authenticate } from '../core/access';
import { Destinations } from './destinations';
import type { Payloads } from './payloads';
import type { StompPolicy } from './policy';

/** Where people and programs of an account connect; the second is how the first is misspelt in the original documentation. */
export const stompPaths = ['/ws.communication', '/ws.communicaiton'] as const;

export interface AgentPolicyOptions {
  readonly authenticate: Authenticate;
  readonly parseBinding: (text: string) => ClientBinding;
  readonly payloads: Payloads;
}

/** The chat events at the destinations of the original, every binding of ours under `/topic/`. */
export function agentPolicy({ authenticate, parseBinding, payloads }: AgentPolicyOptions): StompPolicy {
  const destinations = new Destinations(parseBinding, payloads);
  return { name: 'stomp', authenticate, destination: (text) => destinations.find(text) };
}
