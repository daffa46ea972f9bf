import { WebSocket } from 'ws';
import { onTeardown, type RunningProcess } from '@ringdown/testing';

/** Starts a Node process so that {@link ProcessMemory} can look into it. */
export const inspectable = { NODE_OPTIONS: '--inspect=127.0.0.1:0' };

/** The memory of another Node process after its garbage is gone, through its inspector. */
export class ProcessMemory {
  private nextId = 0;

  private constructor(private readonly socket: WebSocket) {}

  static async of(process: RunningProcess): Promise<ProcessMemory> {
    const line = await process.waitForLine(/Debugger listening on ws:/);
    const socket = new WebSocket(line.slice(line.indexOf('ws:')).trim());
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    onTeardown(async () => socket.terminate());
    return new ProcessMemory(socket);
  }

  /** Bytes in use: the heap and what lies outside of it on behalf of objects in it. */
  async bytesInUse(): Promise<number> {
    // Twice: what is finalized by the first is free after the second.
    await this.call('HeapProfiler.collectGarbage');
    await this.call('HeapProfiler.collectGarbage');
    const expression = 'process.memoryUsage().heapUsed + process.memoryUsage().external';
    const { result } = (await this.call('Runtime.evaluate', { expression, returnByValue: true })) as {
      readonly result: { readonly value: number };
    };
    return result.value;
  }

  private call(method: string, params: object = {}): Promise<unknown> {
    const id = (this.nextId += 1);
    return new Promise((resolve, reject) => {
      const onMessage = (data: Buffer): void => {
        const answer = JSON.parse(data.toString('utf8')) as {
          readonly id?: number;
          readonly result?: unknown;
          readonly error?: { readonly message: string };
        };
        if (answer.id !== id) return;
        this.socket.off('message', onMessage);
        if (answer.error !== undefined) reject(new Error(`${method}: ${answer.error.message}`));
        else resolve(answer.result);
      };
      this.socket.on('message', onMessage);
      this.socket.send(JSON.stringify({ id, method, params }));
    });
  }
}
