import type { ChannelState, SwitchSnapshotPart } from '@ringdown/contracts';
import type { Authority, PendingSnapshot } from './authority';

/** Ends the collecting of what can only be a mistake. */
const MAX_PARTS = 1_000;

/** A snapshot of which all parts were read. */
export type CompleteSnapshot = Omit<PendingSnapshot, 'next' | 'parts' | 'snapshotId'>;

/**
 * Takes the next part of a switch's snapshot; gives the whole once the last part is there. A part out of turn makes the
 * snapshot useless: the parts of a producer stand back to back, so another one has begun, or the log was cut in between.
 */
export function assemble(
  authority: Authority,
  part: SwitchSnapshotPart,
  entry: { readonly offset: number; readonly messageId: string },
): CompleteSnapshot | undefined {
  if (part.part === 0 && part.parts <= MAX_PARTS) {
    authority.pending = {
      snapshotId: part.snapshot_id,
      holder: part.holder,
      parts: part.parts,
      takenAt: part.taken_at,
      offset: entry.offset,
      messageId: entry.messageId,
      channels: [],
      next: 0,
    };
  }
  const { pending } = authority;
  if (pending?.snapshotId !== part.snapshot_id || pending.next !== part.part) {
    authority.pending = undefined;
    return undefined;
  }
  for (const channel of part.channels) pending.channels.push(channel);
  pending.next += 1;
  if (pending.next < pending.parts) return undefined;
  authority.pending = undefined;
  return pending;
}

/** Whether the registry can name and order it. */
export function isUsable(state: ChannelState): boolean {
  return Number.isFinite(state.created);
}
