import type { Random } from '@ringdown/core';
import type { SimulatedChannel } from './channel';
import { seconds } from './scenarios/scenario';
import type { SimulatedSwitch } from './simulated-switch';

/** Simulated people rarely press digits. */
const PRESS_CHANCE = 0.3;
const PRESS_AFTER_MS = { low: seconds(8), high: seconds(20) };

/** Digits pressed on telephones, for whoever listens. */
export class Digits {
  private readonly digitListeners = new Map<SimulatedChannel, Set<(digit: string | undefined) => void>>();

  constructor(
    private readonly switchBoard: SimulatedSwitch,
    private readonly random: Random,
  ) {}

  /** The next digit, pressed by chance; undefined when the call ended or nobody waits any more. */
  next(callId: string, signal: AbortSignal): Promise<string | undefined> {
    const channel = this.switchBoard.channels.find((it) => it.callId === callId);
    if (channel === undefined || signal.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const listeners = this.digitListeners.get(channel) ?? new Set();
      this.digitListeners.set(channel, listeners);
      const presses = this.random.chance(PRESS_CHANCE);
      const timer = presses
        ? setTimeout(
            () => settle(String(this.random.between(0, 9))),
            this.random.between(PRESS_AFTER_MS.low, PRESS_AFTER_MS.high),
          )
        : undefined;
      const settle = (digit: string | undefined): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
        listeners.delete(settle);
        resolve(digit);
      };
      const onAbort = (): void => settle(undefined);
      listeners.add(settle);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }

  /** The call is over. */
  forget(channel: SimulatedChannel): void {
    for (const listener of [...(this.digitListeners.get(channel) ?? [])]) listener(undefined);
    this.digitListeners.delete(channel);
  }
}
