import type { Action } from './scenes';

/** Where scenes are played. Errors: `unavailable` and `timeout` pass; after any other one the scene is over. */
export interface Stage {
  /** Makes sure that what scenes need is there. What is there is found again and left as it is. */
  prepare(): Promise<void>;
  /** The same action under the same request id happens once. */
  perform(action: Action, requestId: string): Promise<void>;
}
