/** When something was told: the time of its event, and the event's id, which decides between events of one instant. */
export interface Stamp {
  /** Unix milliseconds. */
  readonly at: number;
  readonly id: string;
}

/** Earlier than any event. */
export const NEVER: Stamp = { at: Number.NEGATIVE_INFINITY, id: '' };

export function isLater(stamp: Stamp, than: Stamp): boolean {
  return stamp.at > than.at || (stamp.at === than.at && stamp.id > than.id);
}
