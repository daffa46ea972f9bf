import type { FamilyName, IncomingEvent } from './event';

/**
 * A binding as a client wrote it, understood: where to bind on the broker and which events it means.
 * Made by `parseBinding(text)`, which throws an AppError `bad_request` with the exact Kazoo text (K 1.8).
 */
export interface ClientBinding {
  /** The client's own text, verbatim; echoed as `subscribed_key`. */
  readonly text: string;
  readonly family: FamilyName;
  readonly exchange: string;
  /**
   * Topic patterns that select the events, for the broker and for the local trie alike. More than one where a foreign
   * publisher may not have encoded an id with dots.
   */
  readonly patterns: readonly string[];
  /** What the pattern cannot say, for example the event name of a conference event. Undefined: no further filter. */
  readonly filter: ((event: IncomingEvent) => boolean) | undefined;
  /** The exact id when the last part is one, undefined for a wildcard; lets a gateway collapse many ids to one bind. */
  readonly exactId: string | undefined;
  /** The same binding with its id replaced by the wildcard; what a gateway binds instead above its limit. */
  readonly collapsedPattern: string;
  /** Set when only a super admin may subscribe: the text of the refusal for everyone else. */
  readonly superAdminOnly?: string;
  /** The account-specific form shown to the client as `subscription_key` (K 1.12). */
  subscriptionKey(accountId: string): string;
}
