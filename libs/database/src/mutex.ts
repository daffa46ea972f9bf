/** Lets one holder in at a time, in order of asking. */
export class Mutex {
  private tail: Promise<void> = Promise.resolve();
  private held = false;

  /** Resolves with the function that lets the next one in; calling it twice is harmless. */
  acquire(): Promise<() => void> {
    const turn = this.tail;
    let open!: () => void;
    this.tail = new Promise((resolve) => (open = resolve));
    return turn.then(() => {
      this.held = true;
      return once(() => {
        this.held = false;
        open();
      });
    });
  }

  /** The same without waiting: undefined when somebody holds it. Only right when nobody calls {@link acquire}. */
  tryAcquire(): (() => void) | undefined {
    if (this.held) return undefined;
    this.held = true;
    return once(() => (this.held = false));
  }
}

function once(run: () => void): () => void {
  let done = false;
  return () => {
    if (done) return;
    done = true;
    run();
  };
}
