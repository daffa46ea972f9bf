import type { CallCommand, CallFlow, CommandOutcome } from '@ringdown/contracts';
import { messageOf, type Logger } from '@ringdown/core';

/** How long a flow listens for the digit that chooses its next step, however many others are pressed meanwhile. */
export const DIGIT_WAIT_MS = 10 * 60_000;

/** What a source lends to {@link FlowRunner}. */
export interface FlowSteps {
  /** Acts on a call. Errors as of `CallSource.execute`. */
  execute(accountId: string, callId: string, command: CallCommand): Promise<CommandOutcome>;
  /**
   * The next digit pressed on the channel. Undefined once the call has ended or the signal aborted; must settle then.
   */
  nextDigit(callId: string, signal: AbortSignal): Promise<string | undefined>;
}

/**
 * Runs flows: the first command with a caller who waits for its outcome, then, digit by digit, its children without one.
 *
 * A call listens for one flow at a time. A later flow with children replaces the one that listens; a single command
 * leaves it alone.
 */
export class FlowRunner {
  private readonly listening = new Map<string, AbortController>();

  constructor(
    private readonly steps: FlowSteps,
    private readonly logger: Logger,
  ) {}

  /** Calls that listen for a digit. */
  get size(): number {
    return this.listening.size;
  }

  /** The outcome of the flow's first command. Errors: those of the command; then nothing is listened for. */
  async run(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome> {
    const outcome = await this.steps.execute(accountId, callId, flow.command);
    if (hasChildren(flow)) this.listen(accountId, callId, flow);
    return outcome;
  }

  /** Ends all listening. */
  stop(): void {
    for (const controller of this.listening.values()) controller.abort();
    this.listening.clear();
  }

  private listen(accountId: string, callId: string, flow: CallFlow): void {
    this.listening.get(callId)?.abort();
    const controller = new AbortController();
    this.listening.set(callId, controller);
    void this.follow(accountId, callId, flow, controller)
      .catch((error: unknown) => this.logger.warn('a flow ended early', { callId, error }))
      .finally(() => {
        controller.abort();
        if (this.listening.get(callId) === controller) this.listening.delete(callId);
      });
  }

  private async follow(
    accountId: string,
    callId: string,
    flow: CallFlow,
    controller: AbortController,
  ): Promise<void> {
    let current = flow;
    while (hasChildren(current)) {
      const next = await this.chosenChild(callId, current, controller);
      if (next === undefined || controller.signal.aborted) return;
      try {
        await this.steps.execute(accountId, callId, next.command);
      } catch (error) {
        this.logger.info('a step of a flow failed', {
          callId,
          command: next.command.name,
          reason: messageOf(error),
        });
        return;
      }
      current = next;
    }
  }

  /** A digit that means nothing here may be the first of a wrong try; the right one may follow. */
  private async chosenChild(
    callId: string,
    flow: CallFlow,
    controller: AbortController,
  ): Promise<CallFlow | undefined> {
    const timer = setTimeout(() => controller.abort(), DIGIT_WAIT_MS);
    try {
      while (!controller.signal.aborted) {
        const digit = await this.steps.nextDigit(callId, controller.signal);
        if (digit === undefined) return undefined;
        const child = childFor(flow, digit);
        if (child !== undefined) return child;
      }
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  }
}

function hasChildren({ children }: CallFlow): boolean {
  return children !== undefined && Object.keys(children).length > 0;
}

function childFor({ children }: CallFlow, digit: string): CallFlow | undefined {
  if (children === undefined) return undefined;
  for (const key of [digit, '_']) if (Object.hasOwn(children, key)) return children[key];
  return undefined;
}
