import { createHash } from 'node:crypto';
import { readFileSync, readdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import { messageOf, withDeadline } from '@ringdown/core';
import type { ContainerRuntimeClient } from 'testcontainers';
import { repositoryRoot } from '../repository';
import { dockerClient, engineAddress, ensureImage } from '../servers/docker';
import { ServerUnavailable, type StartContext } from '../servers/server';

const BUILD_TIMEOUT_MS = 300_000;

/** Folder of the switch's Dockerfile. */
function folder(): string {
  return join(repositoryRoot(), 'docker', 'asterisk');
}

/** Named after what the image is made of, so that a changed file makes another image. */
export function asteriskImage(): string {
  const hash = createHash('sha256');
  for (const file of filesOf(folder())) {
    hash
      .update(`${relative(folder(), file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return `ringdown-asterisk-test:${hash.digest('hex').slice(0, 16)}`;
}

/**
 * Builds the image unless it is there, and answers its name. Errors: {@link ServerUnavailable} when there is no engine on
 * this machine, or the build fails.
 */
export async function ensureAsteriskImage(context: StartContext = {}): Promise<string> {
  const client = await localEngine();
  const image = asteriskImage();
  const { dockerode } = client.container;
  const there = await dockerode
    .getImage(image)
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (there) return image;
  await ensureImage(client, baseImage(), context);
  context.say?.(`building ${image} from docker/asterisk …`);
  const src = filesOf(folder()).map((file) => relative(folder(), file));
  try {
    const stream = await dockerode.buildImage(
      { context: folder(), src },
      // The engine's own network may not reach Debian's archive where the machine does.
      { t: image, networkmode: 'host', rm: true, forcerm: true },
    );
    const built = new Promise<void>((resolve, reject) => {
      dockerode.modem.followProgress(stream, (error: unknown, output: readonly BuildLine[]) => {
        const failure = error ?? output.find((line) => line.error !== undefined)?.error;
        if (failure === undefined || failure === null) resolve();
        else reject(new Error(`${messageOf(failure)}\n${tailOf(output)}`));
      });
    });
    await withDeadline(built, BUILD_TIMEOUT_MS, `building ${image}`);
  } catch (error) {
    throw new ServerUnavailable(`docker/asterisk cannot be built (${messageOf(error)})`);
  }
  return image;
}

/** An engine whose containers can share this machine's loopback. Errors: {@link ServerUnavailable}. */
export async function localEngine(): Promise<ContainerRuntimeClient> {
  const client = await dockerClient();
  // Its socket tells; what testcontainers takes for the host is a gateway's address inside of containers.
  const address = engineAddress(client);
  if ('host' in address && address.host !== 'localhost' && !address.host.startsWith('127.')) {
    throw new ServerUnavailable(`the Docker engine is not on this machine but on ${address.host}`);
  }
  if (process.platform !== 'linux') {
    throw new ServerUnavailable('containers share the network of the machine on Linux only');
  }
  return client;
}

interface BuildLine {
  readonly stream?: string;
  readonly error?: string;
}

function baseImage(): string {
  const from = /^FROM (\S+)/m.exec(readFileSync(join(folder(), 'Dockerfile'), 'utf8'));
  if (!from) throw new Error('docker/asterisk/Dockerfile names no base image');
  return from[1]!;
}

function filesOf(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function tailOf(output: readonly BuildLine[]): string {
  return output
    .map((line) => line.stream ?? '')
    .join('')
    .slice(-2_000);
}
