import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomHex } from '@ringdown/core';
import { watch, type RunningProcess } from '../processes';
import { repositoryRoot } from '../repository';
import { SipCall } from './sip-call';
import { installedSipp } from './sipp';
import { freeUdpRange } from './udp-ports';

/** No scenario goes on for longer, whatever happens to its test. */
const CALL_TIMEOUT_S = 120;

/** Where telephones log in. */
export interface SipServer {
  readonly port: number;
  readonly secret: string;
  /** For the files of SIPp. */
  readonly folder: string;
}

/** A telephone played by SIPp: it logs in to the switch as `user` and takes or makes one call at a time. */
export class Telephone {
  constructor(
    private readonly server: SipServer,
    readonly user: string,
  ) {}

  /** Calls a number. Resolves when the telephone dials; `from` is the caller a trunk names. */
  async call(number: string, from = this.user): Promise<SipCall> {
    const callId = `ringdown-${randomHex(16)}`;
    const port = await freeUdpRange(4);
    return this.playAt(port, 'caller', ['-s', number, '-cid_str', callId, '-key', 'from', from], callId);
  }

  /** Registers and waits for one call. Resolves when the switch knows where to find it. */
  async listen(): Promise<SipCall> {
    const port = await freeUdpRange(4);
    const call = this.playAt(port, 'answerer', []);
    const registration = this.run(await freeUdpRange(4), 'register', [
      ...['-key', 'contact_port', String(port), '-s', this.user],
    ]);
    const { code } = await registration.process.exited;
    if (code !== 0) throw new Error(`${this.user} could not register:\n${registration.process.output}`);
    return call;
  }

  private playAt(port: number, scenario: string, args: readonly string[], callId?: string): SipCall {
    const { process, folder } = this.run(port, scenario, args);
    return new SipCall(process, folder, port, callId, `the ${scenario} ${this.user}`);
  }

  private run(
    port: number,
    scenario: string,
    args: readonly string[],
  ): { process: RunningProcess; folder: string } {
    const program = installedSipp();
    if (program === undefined) throw new Error('no sipp is installed (Debian package sip-tester)');
    const folder = join(this.server.folder, `${scenario}-${this.user}-${randomHex(6)}`);
    mkdirSync(folder);
    // What the scenarios stream: a second of µ-law silence.
    writeFileSync(join(folder, 'silence.ulaw'), Buffer.alloc(8_000, 0xff));
    const options: Readonly<Record<string, string>> = {
      sf: join(repositoryRoot(), 'libs', 'testing', 'sipp', `${scenario}.xml`),
      i: '127.0.0.1',
      p: String(port),
      // SIPp takes this port and the next but one.
      mp: String(port + 1),
      ci: '127.0.0.1',
      m: '1',
      au: this.user,
      ap: this.server.secret,
      timeout: String(CALL_TIMEOUT_S),
      log_file: 'log',
      error_file: 'errors',
      message_file: 'messages',
    };
    const child = spawn(
      program,
      [
        `127.0.0.1:${this.server.port}`,
        ...Object.entries(options).flatMap(([name, value]) => [`-${name}`, value]),
        ...[
          '-nostdin',
          '-timeout_error',
          '-trace_logs',
          '-trace_err',
          '-trace_msg',
          '-key',
          'user',
          this.user,
        ],
        ...args,
      ],
      // Its standard output is a screen full of counters.
      { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    return { process: watch(child, `${scenario} ${this.user}`), folder };
  }
}
