import {
  type CallCommand,
  type CallFlow,
  type ChannelState,
  type CommandOutcome,
  type ConferenceCommandRequest,
  type ConferenceState,
  type EventDraft,
} from '@ringdown/contracts';
import { AppError, backoffMs, deferred, messageOf, pause, type Clock, type Logger } from '@ringdown/core';
import { FlowRunner } from '../app/flow-runner';
import type { CallSource, CallSourcePorts } from '../domain/call-source';
import type { AmiMessage } from './ami/ami-message';
import { AmiSession } from './ami/ami-session';
import { CallCommands } from './commands/call-commands';
import type { Switchboard } from './commands/switchboard';
import { Digits } from './digits';
import { installHelpers } from './helper-context';
import { listSwitch } from './state/listing';
import { reconcile, remember } from './state/reconcile';
import { SwitchState } from './state/switch-state';
import { Watchers } from './watchers';

export interface AsteriskOptions {
  readonly switchId: string;
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly context: string;
  readonly clock: Clock;
  /** Pause before the first attempt to connect again. Default 500 ms. */
  readonly retryMs?: number;
  readonly pingIntervalMs?: number;
  readonly actionTimeoutMs?: number;
}

/** Calls, dialplan steps with variables, digits, and when the switch has booted. */
const EVENT_MASK = 'call,dialplan,dtmf,system';
const RETRY_MS = 500;
const MAX_RETRY_MS = 15_000;
const TICK_MS = 100;
/** A switch that is still starting says so; one that may not tell is not waited for longer. */
const BOOT_WAIT_MS = 3_000;
/** Events kept during a listing. More of them mean that the listing takes too long to be of use. */
const MAX_BUFFERED = 500_000;

/**
 * A live Asterisk over its manager interface. While the connection is down the state stays as it was last known; each
 * time it is there again the switch is asked for everything, and the difference is told as recovered events.
 */
export class AsteriskSource implements CallSource {
  readonly name = 'asterisk';
  private readonly state: SwitchState;
  private readonly watchers = new Watchers();
  private readonly commands: CallCommands;
  private readonly flows: FlowRunner;
  private readonly digits = new Digits();
  private stopped = new AbortController();
  private session: AmiSession | undefined;
  private down: string | undefined = 'the switch was not reached yet';
  private helperProblem: string | undefined;
  /** Present during a listing. */
  private buffered: AmiMessage[] | undefined;
  private known: readonly ChannelState[] | undefined;
  private running: Promise<void> | undefined;
  private failureLogged = false;

  constructor(
    private readonly options: AsteriskOptions,
    private readonly ports: CallSourcePorts,
    private readonly logger: Logger,
  ) {
    const { switchId, clock, context } = options;
    this.state = new SwitchState({
      switchId,
      endpoints: ports.endpoints,
      emit: (draft) => this.emit(draft),
      snapshot: () => ports.snapshot(),
      clock,
    });
    this.state.onDigit = (callId, key) => {
      this.watchers.offer({ digit: { callId, key } });
      this.digits.press(callId, key);
    };
    const board: Switchboard = {
      state: this.state,
      watchers: this.watchers,
      endpoints: ports.endpoints,
      context,
      logger,
      session: () => this.requireSession(),
      helperProblem: () => this.helperProblem,
    };
    this.commands = new CallCommands(board);
    this.flows = new FlowRunner(
      {
        execute: (accountId, callId, command) => this.executeOne(accountId, callId, command),
        nextDigit: (callId, signal) => this.nextDigit(callId, signal),
      },
      logger,
    );
    this.known = ports.known;
  }

  /** Resolves after the first attempt to connect, whatever came of it: it goes on trying. */
  async start(): Promise<void> {
    if (this.running !== undefined) return;
    this.stopped = new AbortController();
    await new Promise<void>((resolve) => {
      this.running = this.run(resolve);
    });
  }

  async stop(): Promise<void> {
    this.stopped.abort();
    this.flows.stop();
    this.watchers.cancelAll();
    this.session?.close();
    await this.running;
    this.running = undefined;
    this.down = 'the switch is not served any more';
  }

  problem(): string | undefined {
    return this.down;
  }

  channels(): readonly ChannelState[] {
    return this.state.channels();
  }

  async execute(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome> {
    return this.flows.run(accountId, callId, flow);
  }

  findConference(accountId: string, conferenceId: string): ConferenceState | undefined {
    const room = this.state.conferences.find(accountId, conferenceId);
    return room === undefined ? undefined : this.state.conferences.stateOf(room);
  }

  async commandConference(request: ConferenceCommandRequest): Promise<CommandOutcome> {
    return this.commands.conference(request);
  }

  private async run(firstAttemptDone: () => void): Promise<void> {
    const { signal } = this.stopped;
    const ticker = setInterval(() => this.guarded(() => this.state.tick()), TICK_MS);
    try {
      for (let attempt = 0; !signal.aborted; attempt += 1) {
        try {
          const { ended } = await this.connect();
          attempt = -1;
          firstAttemptDone();
          this.fail(await ended);
        } catch (error) {
          this.fail(messageOf(error));
        }
        firstAttemptDone();
        if (signal.aborted) break;
        const { retryMs = RETRY_MS } = this.options;
        const wait = { initialMs: retryMs, maxMs: Math.max(retryMs, MAX_RETRY_MS) };
        await pause(backoffMs(Math.max(0, attempt), wait), signal);
      }
    } finally {
      clearInterval(ticker);
      firstAttemptDone();
    }
  }

  /** Connects and reconciles. `ended` resolves with the reason when the connection is gone. */
  private async connect(): Promise<{ readonly ended: Promise<string> }> {
    const { host, port, username, password, pingIntervalMs, actionTimeoutMs } = this.options;
    const ended = deferred<string>();
    const booted = deferred();
    this.buffered = [];
    const session = await AmiSession.open({
      host,
      port,
      username,
      password,
      eventMask: EVENT_MASK,
      logger: this.logger,
      ...(pingIntervalMs === undefined ? {} : { pingIntervalMs }),
      ...(actionTimeoutMs === undefined ? {} : { actionTimeoutMs }),
      onEvent: (message) => {
        if (message.event === 'FullyBooted') booted.resolve();
        this.take(message);
      },
      onClose: (reason) => {
        this.session = undefined;
        ended.resolve(reason);
      },
    });
    this.session = session;
    try {
      if (this.stopped.signal.aborted) throw new AppError('closed', 'stopped');
      await Promise.race([booted.promise, pause(BOOT_WAIT_MS, this.stopped.signal)]);
      await this.catchUp(session);
      return { ended: ended.promise };
    } catch (error) {
      session.close();
      throw error;
    }
  }

  /** Everything the switch lists, then what happened meanwhile. */
  private async catchUp(session: AmiSession): Promise<void> {
    const { switchId, context } = this.options;
    const settings = await session.action('CoreSettings');
    // Unique ids are unique on one switch only, unless it puts its own name before them.
    this.state.setPrefix(settings.text('SystemName') === undefined ? `${switchId}-` : '');
    const known = this.known ?? [];
    remember(this.state, known);
    this.helperProblem = await installHelpers(session, this.logger);
    const listing = await listSwitch(session, (uniqueid) => !this.state.legs.has(uniqueid));
    const buffered = this.buffered ?? [];
    if (!session.isOpen || this.stopped.signal.aborted) {
      throw new AppError('unavailable', 'the connection ended during the listing');
    }
    if (buffered.length >= MAX_BUFFERED) {
      throw new AppError('unavailable', 'the listing took too long');
    }
    const hungUp = buffered.filter(({ event }) => event === 'Hangup').map((one) => one.get('Uniqueid'));
    const callIds = new Set(known.map(({ call_id }) => call_id));
    reconcile(this.state, listing, new Set(hungUp), callIds);
    this.known = undefined;
    this.buffered = undefined;
    for (const message of buffered) this.handle(message);
    this.down = undefined;
    this.failureLogged = false;
    this.ports.snapshot();
    this.logger.info('connected to the switch', {
      asterisk: settings.get('AsteriskVersion').slice(0, 64),
      channels: this.state.channels().length,
      context,
    });
  }

  private fail(reason: string): void {
    this.down = `the switch at ${this.options.host}:${this.options.port} cannot be reached: ${reason}`;
    this.buffered = undefined;
    if (this.stopped.signal.aborted || this.failureLogged) return;
    this.failureLogged = true;
    this.logger.warn('no connection to the switch; trying again', { reason });
  }

  private take(message: AmiMessage): void {
    if (this.stopped.signal.aborted) return;
    if (this.buffered === undefined) return this.handle(message);
    if (this.buffered.length < MAX_BUFFERED && message.event !== 'TestEvent') this.buffered.push(message);
  }

  private handle(message: AmiMessage): void {
    this.guarded(() => {
      this.state.apply(message);
      this.watchers.offer({ message });
    });
  }

  /** What the switch sends must not end the process. */
  private guarded(run: () => void): void {
    try {
      run();
    } catch (error) {
      this.logger.error('an event of the switch could not be handled', { error });
    }
  }

  private emit(draft: EventDraft): void {
    if (this.stopped.signal.aborted) return;
    this.ports.emit(draft);
    this.watchers.offer({ draft });
    if (draft.name !== 'CHANNEL_DESTROY') return;
    const callId = String(draft.body['call_id']);
    this.commands.forget(callId);
    this.digits.end(callId);
  }

  private requireSession(): AmiSession {
    if (this.session?.isOpen !== true || this.down !== undefined) {
      // Where the switch is, and what its network says, is for the operator.
      throw new AppError('unavailable', 'the switch cannot be reached');
    }
    return this.session;
  }

  private executeOne(accountId: string, callId: string, command: CallCommand): Promise<CommandOutcome> {
    return this.commands.execute(accountId, callId, command);
  }

  private async nextDigit(callId: string, signal: AbortSignal): Promise<string | undefined> {
    return this.state.legOfCall(callId) === undefined ? undefined : this.digits.next(callId, signal);
  }
}
