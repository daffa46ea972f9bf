/**
 * Stands between one stream of events (a subscription of a session) and its socket: for the time around a snapshot, or
 * where a dialect keeps count of what was delivered. `sequence` is that of the rendered event.
 * A session without one pays a single comparison per frame.
 */
export interface StreamFilter {
  /** True when it has nothing left to do and need not be put back. */
  readonly isOver: boolean;
  /** False: the frame is not for the socket, or not now. */
  admit(stream: object, frame: Buffer, messageId: string | undefined, sequence: number): boolean;
  /** A notice that must keep its place among the events. */
  onNotice(frame: Buffer): void;
  /** The subscription, or the whole session, ended. */
  onEnded(stream: object): void;
}
