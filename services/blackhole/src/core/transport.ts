/** One connection as the core sees it; the adapter knows the WebSocket library. */
export interface Transport {
  /** Bytes accepted by {@link write} that the operating system has not taken yet. */
  readonly queuedBytes: number;
  /**
   * Writes ready-made frames in order. `joined` is their concatenation, shared between sockets that get the same frames;
   * undefined when they are better written one by one.
   */
  write(frames: readonly Buffer[], joined: Buffer | undefined): void;
  /** A protocol-level ping. */
  ping(): void;
  /** Stops and resumes reading, so that a client that asks faster than it is answered waits in its own buffers. */
  pause(): void;
  resume(): void;
  /** Starts the closing handshake after what was written; the connection is destroyed when it takes over two seconds. */
  close(code: number, reason: string): void;
  terminate(): void;
}
