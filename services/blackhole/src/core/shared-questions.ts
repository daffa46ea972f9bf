interface Line<Answer> {
  running: Promise<Answer>;
  next: Promise<Answer> | undefined;
}

/**
 * One question under way per key, whoever asks: those who come meanwhile share the next, because the one under way may
 * have looked before they came. A wave of clients costs whoever answers two answers.
 */
export class SharedQuestions<Answer> {
  private readonly lines = new Map<string, Line<Answer>>();

  /** An answer of a moment after the call. `question`: how it is asked, should it be this caller's turn to ask. */
  ask(key: string, question: () => Promise<Answer>): Promise<Answer> {
    const line = this.lines.get(key);
    if (line === undefined) return this.begin(key, question);
    return (line.next ??= line.running.then(ignore, ignore).then(() => this.begin(key, question)));
  }

  private begin(key: string, question: () => Promise<Answer>): Promise<Answer> {
    const line: Line<Answer> = { running: question(), next: undefined };
    this.lines.set(key, line);
    const done = (): void => {
      if (line.next === undefined) this.lines.delete(key);
    };
    line.running.then(done, done);
    return line.running;
  }
}

function ignore(): void {
  // Its outcome is for those who asked for it.
}
