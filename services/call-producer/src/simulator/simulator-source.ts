import type {
  CallFlow,
  ChannelState,
  CommandOutcome,
  ConferenceCommandRequest,
  ConferenceState,
} from '@ringdown/contracts';
import {
  AppError,
  backoffMs,
  memoised,
  messageOf,
  pause,
  type Clock,
  type Logger,
  Random,
} from '@ringdown/core';
import type { CallSource, CallSourcePorts } from '../domain/call-source';
import { recoveredDestroy } from '../domain/recovered';
import { SimulatorCommands } from './commands';
import { ensureDemoDirectory, type DemoDirectory } from './demo-directory';
import { Clerk } from './clerk';
import type { Documents } from './documents';
import { DocumentOffice } from './document-office';
import { newMarks } from './marker';
import { Traffic } from './traffic';
import { World } from './world';

export interface SimulatorParts {
  readonly switchId: string;
  readonly seed: number;
  readonly maxCalls: number;
  readonly documents: Documents;
  readonly logger: Logger;
  readonly clock: Clock;
}

/** What exists once the demo account is there. */
interface Running {
  readonly world: World;
  readonly commands: SimulatorCommands;
  readonly traffic: Traffic;
  readonly office: DocumentOffice;
  readonly clerk: Clerk;
}

/**
 * A telephone switch that is made up: a small company on the phone all day. Its calls end with it; those of an earlier
 * process are told to have ended as soon as it starts.
 */
export class SimulatorSource implements CallSource {
  readonly name = 'simulator';
  private readonly ended = new AbortController();
  private running: Running | undefined;
  private opening: Promise<void> = Promise.resolve();
  private obstacle = 'the demo account is being prepared';

  constructor(
    private readonly parts: SimulatorParts,
    private readonly ports: CallSourcePorts,
  ) {}

  /** Resolves at once; the calls begin when the demo account is there. */
  readonly start = memoised(() => {
    this.endKnownCalls();
    this.opening = this.open();
    return Promise.resolve();
  });

  readonly stop = memoised(async () => {
    this.ended.abort();
    await this.opening;
    const { running } = this;
    this.running = undefined;
    if (running === undefined) return;
    running.commands.stop();
    running.world.stop();
    await running.traffic.stop();
    await running.clerk.stop();
    await running.office.stop();
  });

  problem(): string | undefined {
    if (this.running !== undefined) return undefined;
    return this.ended.signal.aborted ? 'the simulator has stopped' : this.obstacle;
  }

  channels(): readonly ChannelState[] {
    const channels = this.running?.world.switchBoard.channels ?? [];
    return channels.map((channel) => channel.state(this.parts.switchId));
  }

  async execute(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome> {
    return this.opened().commands.execute(accountId, callId, flow);
  }

  findConference(accountId: string, conferenceId: string): ConferenceState | undefined {
    return this.running?.world.switchBoard.room(accountId, conferenceId)?.state(this.parts.switchId);
  }

  async commandConference(request: ConferenceCommandRequest): Promise<CommandOutcome> {
    return this.opened().commands.conference(request);
  }

  private opened(): Running {
    if (this.running !== undefined) return this.running;
    throw new AppError('unavailable', this.problem() ?? 'the simulator is not running');
  }

  /** Simulated calls do not outlive their process. */
  private endKnownCalls(): void {
    const { emit, known } = this.ports;
    for (const channel of known) {
      try {
        emit(recoveredDestroy(channel, this.parts.clock()));
      } catch (error) {
        this.parts.logger.debug('a known call cannot be named', { reason: messageOf(error) });
      }
    }
  }

  private async open(): Promise<void> {
    const directory = await this.demoDirectory();
    if (directory === undefined || this.ended.signal.aborted) return;
    const { seed, maxCalls, documents, switchId, logger, clock } = this.parts;
    const { emit, endpoints } = this.ports;
    const { account, staff } = directory;
    const marks = newMarks(switchId);
    const office = new DocumentOffice({ documents, accountId: account.id, marks, logger, clock });
    const world = new World({ account, staff, endpoints, office, emit, clock, logger });
    const commands = new SimulatorCommands(world, endpoints, new Random(seed + 1), logger);
    const traffic = new Traffic(world, new Random(seed), maxCalls);
    const clerk = new Clerk({
      documents,
      accountId: account.id,
      marks,
      random: new Random(seed + 2),
      logger,
    });
    this.running = { world, commands, traffic, office, clerk };
    this.ports.snapshot();
    traffic.start();
    clerk.start();
  }

  private async demoDirectory(): Promise<DemoDirectory | undefined> {
    const { documents, logger } = this.parts;
    for (let attempt = 0; !this.ended.signal.aborted; attempt += 1) {
      try {
        return await ensureDemoDirectory(documents);
      } catch (error) {
        this.obstacle = `the demo account cannot be prepared: ${messageOf(error)}`;
        const doubled = (attempt & (attempt - 1)) === 0;
        if (doubled) logger.warn('the demo account cannot be prepared', { reason: messageOf(error) });
        await pause(backoffMs(attempt, { initialMs: 250, maxMs: 5_000 }), this.ended.signal);
      }
    }
    return undefined;
  }
}
