import { deferred, type Deferred } from '@ringdown/core';

/** Digits kept for a listener that is busy with the one before. */
const MAX_WAITING = 32;

interface Listener {
  readonly callId: string;
  readonly digits: string[];
  waiting: Deferred<string | undefined> | undefined;
}

/**
 * Digits pressed in calls, for those who listen. Who listens is known by his abort signal: from his first question on no
 * digit is lost between two of them, until he aborts or the call ends.
 */
export class Digits {
  private readonly listeners = new Map<AbortSignal, Listener>();

  /** Undefined when the call has ended or the signal aborted. */
  async next(callId: string, signal: AbortSignal): Promise<string | undefined> {
    if (signal.aborted) return undefined;
    const listener = this.listeners.get(signal) ?? this.listen(callId, signal);
    const digit = listener.digits.shift();
    if (digit !== undefined) return digit;
    listener.waiting ??= deferred();
    return listener.waiting.promise;
  }

  press(callId: string, digit: string): void {
    for (const listener of this.listeners.values()) {
      if (listener.callId !== callId) continue;
      if (listener.waiting !== undefined) this.give(listener, digit);
      else if (listener.digits.length < MAX_WAITING) listener.digits.push(digit);
    }
  }

  /** The call has ended. */
  end(callId: string): void {
    for (const [signal, listener] of this.listeners) {
      if (listener.callId === callId) this.forget(signal);
    }
  }

  private listen(callId: string, signal: AbortSignal): Listener {
    const listener: Listener = { callId, digits: [], waiting: undefined };
    this.listeners.set(signal, listener);
    signal.addEventListener('abort', () => this.forget(signal), { once: true });
    return listener;
  }

  private forget(signal: AbortSignal): void {
    const listener = this.listeners.get(signal);
    this.listeners.delete(signal);
    if (listener !== undefined) this.give(listener, undefined);
  }

  private give(listener: Listener, digit: string | undefined): void {
    const { waiting } = listener;
    listener.waiting = undefined;
    waiting?.resolve(digit);
  }
}
