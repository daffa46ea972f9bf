/** What a subscriber of document changes saw, in order. */
export type Seen =
  | { readonly kind: 'subscribed' }
  /** Revision `rev` of a document; they are counted from 1. */
  | { readonly kind: 'change'; readonly id: string; readonly rev: number }
  /** Told that events may be missing. */
  | { readonly kind: 'gap'; readonly reason: string }
  /** The socket ended, or the upgrade failed. */
  | { readonly kind: 'lost'; readonly code: number };

/**
 * What a subscriber missed without having been told: revisions that did not follow each other, with no gap and no lost
 * socket between them. Also revisions that went back; a repeated one is allowed, delivery is at least once.
 */
export function undeclaredLosses(seen: readonly Seen[]): string[] {
  const last = new Map<string, number>();
  const losses: string[] = [];
  let mark = 0;
  const markAt = new Map<string, number>();
  for (const one of seen) {
    if (one.kind === 'gap' || one.kind === 'lost') mark += 1;
    if (one.kind !== 'change') continue;
    const before = last.get(one.id);
    const told = markAt.get(one.id) !== mark;
    if (before !== undefined && one.rev < before) losses.push(`${one.id}: ${one.rev} after ${before}`);
    if (before !== undefined && one.rev > before + 1 && !told) {
      losses.push(`${one.id}: nothing between ${before} and ${one.rev}`);
    }
    last.set(one.id, Math.max(before ?? 0, one.rev));
    markAt.set(one.id, mark);
  }
  return losses;
}
