import { createSocket } from 'node:dgram';
import { messageOf, randomHex } from '@ringdown/core';
import type { ContainerRuntimeClient } from 'testcontainers';
import { freePorts } from '../free-port';
import { hold } from '../guard';
import { LABEL, engineAddress, removeLabelled } from '../servers/docker';
import { temporaryDirectory } from '../servers/temporary-directory';
import { onTeardown } from '../teardown';
import { waitUntil } from '../wait-until';
import { AmiClient } from './ami-client';
import { ensureAsteriskImage, localEngine } from './image';
import { Telephone } from './telephone';
import { freeUdpRange } from './udp-ports';

/** Ports for the media of some twenty calls. */
const RTP_PORTS = 80;

/** A switch of one's own, in a container. */
export interface Asterisk {
  /** Its system name, part of every call id. */
  readonly name: string;
  readonly amiPort: number;
  readonly sipPort: number;
  /** Settings of a call-producer for this switch; a proxy's port may stand in for the switch's own. */
  settings(amiPort?: number): Readonly<Record<string, string | number>>;
  /** A connection to the manager interface, past the product. */
  ami(): Promise<AmiClient>;
  /** One of `1001` … `1004`, or `trunk`. */
  telephone(user: string): Telephone;
  /** Resolves when no call is left. What is still there at the deadline is hung up, so that only one test fails of it. */
  untilIdle(): Promise<void>;
  /** Its log so far. */
  log(): Promise<string>;
  /** Kills it and starts it again: every call is gone. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Starts a switch from docker/asterisk on loopback, with ports and secrets of its own; builds the image first where it is
 * missing. Resolves when telephones and the manager interface are served. Removed at the end of the spec file.
 */
export async function startAsterisk(): Promise<Asterisk> {
  const image = await ensureAsteriskImage();
  const client = await localEngine();
  const [amiPort] = await freePorts(1);
  const sipPort = await freeUdpRange(2);
  const rtpStart = await freeUdpRange(RTP_PORTS);
  const container = new AsteriskContainer(client, amiPort!, sipPort);
  try {
    await container.start(image, rtpStart);
  } catch (error) {
    const log = await container.log().catch(() => '');
    await container.stop();
    throw new Error(`the switch did not start: ${messageOf(error)}\n${log}`, { cause: error });
  }
  return container;
}

class AsteriskContainer implements Asterisk {
  readonly name = `test-${randomHex(6)}`;
  private readonly amiSecret = randomHex(24);
  private readonly sipSecret = randomHex(24);
  private readonly label = `${LABEL}=${randomHex(16)}`;
  private readonly files = temporaryDirectory('ringdown-sipp');
  private readonly release: () => void;
  private readonly forget = onTeardown(() => this.stop());
  private id: string | undefined;

  constructor(
    private readonly client: ContainerRuntimeClient,
    readonly amiPort: number,
    readonly sipPort: number,
  ) {
    this.release = hold({ kind: 'containers', label: this.label, docker: engineAddress(client) });
  }

  async start(image: string, rtpStart: number): Promise<void> {
    const [labelName, labelValue] = this.label.split('=');
    const settings = {
      ASTERISK_SYSTEMNAME: this.name,
      ASTERISK_BIND: '127.0.0.1',
      ASTERISK_AMI_PORT: this.amiPort,
      ASTERISK_AMI_SECRET: this.amiSecret,
      ASTERISK_AMI_PERMIT: '127.0.0.0/8',
      ASTERISK_SIP_PORT: this.sipPort,
      ASTERISK_SIP_SECRET: this.sipSecret,
      ASTERISK_RTP_START: rtpStart,
      ASTERISK_RTP_END: rtpStart + RTP_PORTS - 1,
      ASTERISK_VERBOSE: 3,
    };
    const container = await this.client.container.dockerode.createContainer({
      Image: image,
      Env: Object.entries(settings).map(([name, value]) => `${name}=${value}`),
      Labels: { [labelName!]: labelValue! },
      // Media ports cannot be published one by one; on loopback nobody else reaches them.
      HostConfig: { NetworkMode: 'host' },
    });
    this.id = container.id;
    await container.start();
    await this.untilReady();
  }

  settings(amiPort = this.amiPort): Readonly<Record<string, string | number>> {
    return {
      RINGDOWN_CALL_SOURCE: 'asterisk',
      RINGDOWN_CALL_SWITCH: this.name,
      RINGDOWN_ASTERISK_HOST: '127.0.0.1',
      RINGDOWN_ASTERISK_AMI_PORT: amiPort,
      RINGDOWN_ASTERISK_AMI_USERNAME: 'ringdown',
      RINGDOWN_ASTERISK_AMI_PASSWORD: this.amiSecret,
    };
  }

  ami(): Promise<AmiClient> {
    return AmiClient.connect(this.amiPort, 'ringdown', this.amiSecret);
  }

  telephone(user: string): Telephone {
    return new Telephone({ port: this.sipPort, secret: this.sipSecret, folder: this.files.path }, user);
  }

  async untilIdle(): Promise<void> {
    const ami = await this.ami();
    let left: string[] = [];
    try {
      await waitUntil(
        async () => {
          left = (await ami.channels()).map((channel) => channel['Channel']!);
          return left.length === 0;
        },
        { intervalMs: 50, what: () => `the end of ${left.join(', ')}` },
      );
    } catch (error) {
      // Some end with others.
      for (const channel of left) await ami.action('Hangup', { Channel: channel }).catch(() => undefined);
      throw error;
    } finally {
      ami.close();
    }
  }

  async log(): Promise<string> {
    if (this.id === undefined) return '';
    const log = await this.client.container.dockerode
      .getContainer(this.id)
      .logs({ stdout: true, stderr: true, tail: 200 });
    return log.toString('utf8');
  }

  async restart(): Promise<void> {
    const container = this.client.container.dockerode.getContainer(this.id!);
    await container.kill({ signal: 'SIGKILL' });
    await container.wait();
    await container.start();
    await this.untilReady();
  }

  async stop(): Promise<void> {
    this.forget();
    await removeLabelled(this.client, this.label);
    this.files.remove();
    this.release();
  }

  /** Fully booted, and SIP is answered: a port that was taken meanwhile would show here. */
  private async untilReady(): Promise<void> {
    await waitUntil(
      async () => {
        const { State: state } = await this.client.container.dockerode.getContainer(this.id!).inspect();
        if (!state.Running) return { exitCode: state.ExitCode };
        const ami = await this.ami();
        try {
          await ami.waitForEvent('FullyBooted', () => true, 500);
        } finally {
          ami.close();
        }
        return (await sipAnswers(this.sipPort)) ? { exitCode: undefined } : undefined;
      },
      { timeoutMs: 60_000, intervalMs: 100, what: 'the switch' },
    ).then(({ exitCode }) => {
      if (exitCode !== undefined) throw new Error(`its container ended with ${exitCode}`);
    });
  }
}

/** Whatever the answer is, somebody answers. */
function sipAnswers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    const done = (answered: boolean): void => {
      clearTimeout(timer);
      socket.close();
      resolve(answered);
    };
    const timer = setTimeout(done, 500, false);
    socket.once('message', () => done(true));
    socket.once('error', () => done(false));
    socket.bind(0, '127.0.0.1', () => {
      const lines = [
        `OPTIONS sip:127.0.0.1:${port} SIP/2.0`,
        `Via: SIP/2.0/UDP 127.0.0.1:${socket.address().port};rport;branch=z9hG4bK${randomHex(16)}`,
        'From: <sip:test@127.0.0.1>;tag=test',
        `To: <sip:127.0.0.1:${port}>`,
        `Call-ID: ${randomHex(16)}`,
        'CSeq: 1 OPTIONS',
        'Max-Forwards: 70',
        'Content-Length: 0',
      ];
      socket.send(`${lines.join('\r\n')}\r\n\r\n`, port, '127.0.0.1');
    });
  });
}
