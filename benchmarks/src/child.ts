import { fork, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

/** A helper process of the benchmark that answers commands over IPC, one at a time. */
export class Child<Command extends object, Reply extends { readonly kind: string }> {
  private readonly process: ChildProcess;

  /** @param script below the benchmark's own folder, with its extension `.js` */
  constructor(script: string, nodeOptions: readonly string[] = []) {
    this.process = fork(join(__dirname, script), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      execArgv: [...nodeOptions],
    });
  }

  get pid(): number {
    return this.process.pid!;
  }

  /** Sends a command and waits for the reply to it; rejects when the child fails or ends. */
  ask(command: Command): Promise<Reply> {
    const reply = this.next();
    this.process.send(command);
    return reply;
  }

  next(): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        this.process.off('message', onMessage);
        this.process.off('exit', onExit);
      };
      const onMessage = (message: unknown): void => {
        done();
        const reply = message as Reply & { message?: string };
        if (reply.kind === 'failed') reject(new Error(reply.message));
        else resolve(reply);
      };
      const onExit = (): void => {
        done();
        reject(new Error('a helper process of the benchmark ended'));
      };
      this.process.on('message', onMessage);
      this.process.on('exit', onExit);
    });
  }

  stop(): void {
    this.process.kill();
  }
}
