import { encodeEvent, type ChannelState, type EventDraft } from '@ringdown/contracts';
import { silentLogger } from '@ringdown/core';
import type { CallSource } from '../domain/call-source';
import { MemoryEndpointDirectory } from '../domain/memory-endpoint-directory';
import { createSimulatorSource } from '../simulator';
import { MemoryDocuments } from './memory-documents';

export interface StartedSimulator {
  readonly source: CallSource;
  readonly documents: MemoryDocuments;
  readonly directory: MemoryEndpointDirectory;
  /** In the order in which they were told. */
  readonly events: readonly EventDraft[];
  /** Times a snapshot was asked for. */
  readonly snapshots: () => number;
  /** Lets simulated time pass. */
  readonly pass: (ms: number) => Promise<void>;
}

export interface SimulatorStart {
  readonly seed?: number;
  readonly maxCalls?: number;
  readonly known?: readonly ChannelState[];
  readonly documents?: MemoryDocuments;
  /** Called after every event. */
  readonly onEvent?: (draft: EventDraft, source: CallSource) => void;
}

/** A simulated switch on Jest's fake time, with documents in memory. Every event is checked against its contract. */
export async function startSimulator(options: SimulatorStart = {}): Promise<StartedSimulator> {
  const documents = options.documents ?? new MemoryDocuments();
  const directory = new MemoryEndpointDirectory();
  const events: EventDraft[] = [];
  let snapshots = 0;
  const factory = createSimulatorSource(
    { switchId: 'sim', simulatorSeed: options.seed ?? 1, simulatorMaxCalls: options.maxCalls ?? 8 },
    { documents, logger: silentLogger, clock: Date.now },
  );
  const source: CallSource = factory({
    emit: (draft) => {
      encodeEvent(draft);
      events.push(draft);
      options.onEvent?.(draft, source);
    },
    snapshot: () => (snapshots += 1),
    known: options.known ?? [],
    endpoints: directory,
  });
  await source.start();
  const pass = async (ms: number): Promise<void> => {
    await jest.advanceTimersByTimeAsync(ms);
  };
  await pass(0);
  return { source, documents, directory, events, snapshots: () => snapshots, pass };
}
