import type { Lifecycle } from '@ringdown/core';
import type {
  CallFlow,
  ChannelState,
  CommandOutcome,
  ConferenceCommandRequest,
  ConferenceState,
  EventDraft,
} from '@ringdown/contracts';

/**
 * A telephone switch, real or simulated, as this service sees it. A source is started while its process holds the switch's
 * name and stopped when it does not; it may be started again.
 */
export interface CallSource extends Lifecycle {
  /** For logs and metrics: `asterisk`, `simulator`. */
  readonly name: string;
  /** Undefined while the switch can be acted on, else one sentence why not. */
  problem(): string | undefined;
  /** Every live channel of the switch right now, in the form of the registry. Used for snapshots. */
  channels(): readonly ChannelState[];
  /**
   * Acts on a call. Checks first that the target exists, then acts, then waits at most `COMMAND_PROOF_MS` for the proof.
   * Errors: not_found (no such call in the account), conflict, validation_failed, not_implemented, unavailable.
   */
  execute(accountId: string, callId: string, flow: CallFlow): Promise<CommandOutcome>;
  findConference(accountId: string, conferenceId: string): ConferenceState | undefined;
  /** Errors: not_found, unavailable. */
  commandConference(request: ConferenceCommandRequest): Promise<CommandOutcome>;
}

/** What a source is given by the service. */
export interface CallSourcePorts {
  /**
   * Publishes in the order of the calls; never throws, never waits. Only what came between start and stop is published.
   * The service fills in `switch_nodename` and the app id.
   */
  emit(draft: EventDraft): void;
  /** A snapshot of `channels()` should go into the log now: after a reconcile. */
  snapshot(): void;
  /** What the registry believed of this switch when the source was started; to be reconciled with what is there. */
  readonly known: readonly ChannelState[];
  readonly endpoints: EndpointDirectory;
}

export type CallSourceFactory = (ports: CallSourcePorts) => CallSource;

/** Whose device is whose: kept current from the device documents. */
export interface EndpointDirectory {
  /** By `sip.username`, or `username@realm`; the older device when several claim the name. */
  byUsername(username: string): DeviceEndpoint | undefined;
  byDevice(accountId: string, deviceId: string): DeviceEndpoint | undefined;
  ofOwner(accountId: string, ownerId: string): readonly DeviceEndpoint[];
  ofAccount(accountId: string): readonly DeviceEndpoint[];
}

export interface DeviceEndpoint {
  readonly deviceId: string;
  readonly accountId: string;
  readonly accountName: string;
  readonly realm: string | undefined;
  readonly username: string;
  readonly ownerId: string | undefined;
  readonly presenceId: string | undefined;
}
