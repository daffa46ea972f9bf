import type { CallCommand, CallFlow } from '@ringdown/contracts';

/** A callflow whose document has not been read: which number enters it is not known yet. */
export interface CallflowDraft {
  readonly name: 'callflow';
  readonly id: string;
  readonly captures?: unknown;
  readonly collected?: unknown;
  /** Where the client wrote the id, for an error about it. */
  readonly place: string;
}

export type CommandDraft = Exclude<CallCommand, { readonly name: 'callflow' }> | CallflowDraft;

/** A flow as the client wrote it, checked. */
export interface FlowDraft {
  readonly command: CommandDraft;
  readonly children?: Readonly<Record<string, FlowDraft>>;
}

/** The flow a producer can execute: `extensionOf` says which number enters a callflow. */
export async function completeFlow(
  { command, children }: FlowDraft,
  extensionOf: (callflow: CallflowDraft) => Promise<string>,
): Promise<CallFlow> {
  const completed =
    command.name === 'callflow' ? withExtension(command, await extensionOf(command)) : command;
  if (children === undefined) return { command: completed };
  const next: [string, CallFlow][] = [];
  for (const [digit, child] of Object.entries(children)) {
    next.push([digit, await completeFlow(child, extensionOf)]);
  }
  return { command: completed, children: Object.fromEntries(next) };
}

function withExtension({ place: _, ...callflow }: CallflowDraft, extension: string): CallCommand {
  return { ...callflow, extension };
}
