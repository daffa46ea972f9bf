import type { StreamFilter } from '../core/stream-filter';

/** In front of the stream that tells when a visitor's channel is disconnected: nothing of it is for the socket. */
export class ChannelWatch implements StreamFilter {
  readonly isOver = false;

  constructor(private readonly onDisconnected: () => void) {}

  admit(): boolean {
    this.onDisconnected();
    return false;
  }

  onNotice(): void {
    // A loss closes the socket.
  }

  onEnded(): void {
    // It has nothing to give back.
  }
}
