import type { EventDraft } from '@ringdown/contracts';
import type { AmiMessage } from './ami/ami-message';

/** Something seen on the switch: its own event, one of ours, or a digit. */
export type Observation =
  | { readonly message: AmiMessage; readonly draft?: undefined; readonly digit?: undefined }
  | { readonly draft: EventDraft; readonly message?: undefined; readonly digit?: undefined }
  | {
      readonly digit: { readonly callId: string; readonly key: string };
      readonly message?: undefined;
      readonly draft?: undefined;
    };

/** Waits for something to be seen. */
export interface Watch<T> {
  /** Undefined when the time is over or the watch was cancelled. */
  readonly seen: Promise<T | undefined>;
  cancel(): void;
}

/** Those who wait for the proof of a command. A watch is set before the command is sent, so that nothing is missed. */
export class Watchers {
  /** How to look, and how to end the watch. */
  private readonly active = new Map<(observation: Observation) => void, () => void>();

  get size(): number {
    return this.active.size;
  }

  /** Resolves with what `test` makes of the first observation it accepts. */
  watch<T>(test: (observation: Observation) => T | undefined, timeoutMs: number): Watch<T> {
    let finish: (value: T | undefined) => void = () => undefined;
    const seen = new Promise<T | undefined>((resolve) => {
      const timer = setTimeout(() => finish(undefined), timeoutMs);
      const look = (observation: Observation): void => {
        const result = test(observation);
        if (result !== undefined) finish(result);
      };
      finish = (value) => {
        clearTimeout(timer);
        this.active.delete(look);
        resolve(value);
      };
      this.active.set(look, () => finish(undefined));
    });
    return { seen, cancel: () => finish(undefined) };
  }

  offer(observation: Observation): void {
    for (const look of [...this.active.keys()]) look(observation);
  }

  /** Nothing will be seen any more. */
  cancelAll(): void {
    for (const cancel of [...this.active.values()]) cancel();
  }
}

/** One of our call events about this call. */
export function ourEvent(observation: Observation, name: string, callId: string): true | undefined {
  const { draft } = observation;
  return draft?.name === name && draft.body['call_id'] === callId ? true : undefined;
}
