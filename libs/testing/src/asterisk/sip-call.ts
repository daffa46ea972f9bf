import { createSocket } from 'node:dgram';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex } from '@ringdown/core';
import type { RunningProcess } from '../processes';
import { waitUntil } from '../wait-until';

/** How long a telephone may take for a step; only a guard, since every step is a few datagrams on loopback. */
const STEP_TIMEOUT_MS = 20_000;

/**
 * A call as one telephone lives it: a SIPp process that plays `caller.xml` or `answerer.xml`. The test tells it what to
 * do with datagrams of its own, and reads what happened in its log, so that nobody has to wait for a time.
 */
export class SipCall {
  constructor(
    private readonly process: RunningProcess,
    /** Where SIPp writes its files. */
    private readonly folder: string,
    private readonly port: number,
    private callId: string | undefined,
    private readonly name: string,
  ) {}

  /** What happened so far, a line each. */
  get log(): readonly string[] {
    return this.read('log')
      .split('\n')
      .filter((line) => line !== '');
  }

  /** The far end rings (caller), or this telephone does (answerer). */
  ringing(timeoutMs?: number): Promise<string> {
    return this.until('ringing', 1, timeoutMs);
  }

  answered(timeoutMs?: number): Promise<string> {
    return this.until('answered', 1, timeoutMs);
  }

  /** The far end ended it: the Reason header of its BYE, empty when it has none. */
  async ended(timeoutMs?: number): Promise<string> {
    return (await this.until('ended', 1, timeoutMs)).slice('ended'.length).trim();
  }

  /** The far end refused (caller): the status. */
  async refused(timeoutMs?: number): Promise<number> {
    return Number((await this.until('refused', 1, timeoutMs)).slice('refused'.length));
  }

  /** The caller gave up before this telephone answered. */
  cancelled(timeoutMs?: number): Promise<string> {
    return this.until('cancelled', 1, timeoutMs);
  }

  /** Waits until it rings. */
  async answer(): Promise<string> {
    await this.ringing();
    return this.tell('XANSWER', 'answered');
  }

  async refuse(): Promise<string> {
    await this.ringing();
    return this.tell('XREFUSE', 'refused');
  }

  /** By a re-INVITE with `a=sendonly`. */
  hold(): Promise<string> {
    return this.tell('XHOLD', 'held');
  }

  unhold(): Promise<string> {
    return this.tell('XUNHOLD', 'resumed');
  }

  /** By SIP INFO. */
  press(digit: string): Promise<string> {
    return this.tell('XDIGIT', 'pressed', `Digit: ${digit}`);
  }

  hangUp(): Promise<string> {
    return this.tell('XBYE', 'over');
  }

  /** Gives up before the answer (caller). */
  cancel(): Promise<string> {
    return this.tell('XCANCEL', 'over');
  }

  /** Pulls the plug: the switch hears nothing of it. */
  async vanish(): Promise<void> {
    await this.process.kill9();
  }

  /** Sends one of our own requests to SIPp and waits for the next line that begins with `word`. */
  private async tell(method: string, word: string, header?: string): Promise<string> {
    const before = this.count(word);
    // The switch chose the id of a call to this telephone.
    this.callId ??= (await this.until('call-id')).slice('call-id'.length).trim();
    const lines = [
      `${method} sip:telephone@127.0.0.1:${this.port} SIP/2.0`,
      // SIPp must not take a second one for a repetition of the first.
      `Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK${randomHex(16)}`,
      'From: <sip:test@127.0.0.1>;tag=test',
      'To: <sip:telephone@127.0.0.1>',
      `Call-ID: ${this.callId}`,
      `CSeq: 1 ${method}`,
      ...(header === undefined ? [] : [header]),
      'Content-Length: 0',
    ];
    await send(`${lines.join('\r\n')}\r\n\r\n`, this.port);
    return this.until(word, before + 1);
  }

  private async until(word: string, times = 1, timeoutMs = STEP_TIMEOUT_MS): Promise<string> {
    const found = await waitUntil(
      () => {
        // Asked before the log is read: a process that ended has written everything.
        const { running } = this.process;
        const line = this.lines(word)[times - 1];
        return line !== undefined ? { line } : running ? undefined : { line: undefined };
      },
      { timeoutMs, what: () => `"${word}" of ${this.name}, ${this.story()}` },
    );
    if (found.line === undefined) throw new Error(`${this.name} ended before "${word}", ${this.story()}`);
    return found.line;
  }

  private lines(word: string): string[] {
    return this.log.filter((line) => line === word || line.startsWith(`${word} `));
  }

  private count(word: string): number {
    return this.lines(word).length;
  }

  private story(): string {
    const messages = this.read('messages').slice(-6_000);
    return `whose log is [${this.log.join(', ')}]\n${this.read('errors')}\n${messages}`;
  }

  private read(name: string): string {
    const path = join(this.folder, name);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }
}

function send(text: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = createSocket('udp4');
    socket.send(text, port, '127.0.0.1', (error) => {
      socket.close();
      if (error) reject(error);
      else resolve();
    });
  });
}
