import type { Broker, Claim, OperationHandler } from '@ringdown/broker';
import { AppError, memoised, type Lifecycle } from '@ringdown/core';
import type { CallSource } from '../domain/call-source';
import { Tenure, type TenureParts } from './tenure';

export interface SwitchHolderParts extends TenureParts {
  readonly broker: Pick<Broker, 'claim'>;
  /** Served while the switch is held, under its name. */
  readonly handlers: readonly OperationHandler[];
}

/**
 * Holds the switch's name and, while it does, lets the source speak. Without the name it stands by. A tenure that was lost
 * has ended, source and all, before the next one begins.
 */
export class SwitchHolder implements Lifecycle {
  private claim: Claim | undefined;
  private tenure: Tenure | undefined;
  /** Ends of earlier tenures. */
  private ending: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(private readonly parts: SwitchHolderParts) {}

  readonly start = memoised(async () => {
    const { broker, switchId, handlers } = this.parts;
    // The broker logs who holds the name, and who stands by.
    this.claim = await broker.claim(switchId, handlers, {
      onHeld: () => this.begin(),
      onLost: () => this.end((tenure) => tenure.lose()),
    });
  });

  readonly stop = memoised(async () => {
    this.stopping = true;
    this.end((tenure) => tenure.close());
    await this.ending;
    await this.claim?.close();
  });

  /** True while another instance has the switch. */
  get standby(): boolean {
    return this.claim !== undefined && this.tenure === undefined && !this.wanted;
  }

  /** Undefined when the switch can be acted on here, else why not. */
  problem(): string | undefined {
    if (this.standby) return 'another instance serves the switch';
    const source = this.tenure?.source;
    return source === undefined ? 'the switch is being taken over' : source.problem();
  }

  /** The source of a switch that can be acted on. Error: `unavailable`. */
  source(): CallSource {
    const source = this.tenure?.source;
    const problem = this.problem();
    if (source === undefined || problem !== undefined) {
      throw new AppError('unavailable', `switch ${this.parts.switchId}: ${problem ?? 'not connected'}`);
    }
    return source;
  }

  /** The source whatever its state; for looking only. */
  get currentSource(): CallSource | undefined {
    return this.tenure?.source;
  }

  private wanted = false;

  private begin(): void {
    if (this.stopping) return;
    this.wanted = true;
    void this.ending.then(() => {
      if (!this.wanted || this.stopping || this.tenure !== undefined) return;
      this.tenure = new Tenure(this.parts);
    });
  }

  private end(how: (tenure: Tenure) => Promise<void>): void {
    this.wanted = false;
    const tenure = this.tenure;
    this.tenure = undefined;
    if (tenure === undefined) return;
    const ended = how(tenure);
    this.ending = this.ending.then(() => ended);
  }
}
