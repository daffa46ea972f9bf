import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '@ringdown/core';
import { describeWith } from '../describe-with';
import { dockerClient, ensureImage } from '../servers/docker';
import { ServerUnavailable, type StartContext } from '../servers/server';
import { tryDocker } from './docker-command';

/** As far as `docker compose config` is of interest here. */
interface ComposeFile {
  readonly services: Readonly<
    Record<
      string,
      { readonly image?: string; readonly build?: { readonly context: string; readonly dockerfile?: string } }
    >
  >;
}

/**
 * Makes ready what a suite with the composed system needs: an engine, Compose, and the images it is built on. Undefined
 * when all are there, else the reason why not. Asked once per test run; the system's own images are built by `up`.
 */
export async function prepareCompose(context: StartContext = {}): Promise<string | undefined> {
  try {
    const client = await dockerClient();
    const config = await tryDocker(['compose', 'config', '--format', 'json']).catch((error: unknown) => {
      throw new ServerUnavailable(`no docker command (${messageOf(error)})`);
    });
    if (config.code !== 0) {
      throw new ServerUnavailable(`docker compose cannot read docker-compose.yml: ${config.stderr.trim()}`);
    }
    for (const image of imagesOf(JSON.parse(config.stdout) as ComposeFile)) {
      await ensureImage(client, image, context);
    }
    return undefined;
  } catch (error) {
    if (error instanceof ServerUnavailable) return error.message;
    throw error;
  }
}

/**
 * A suite that runs the composed system. Where it cannot be had it is reported as skipped with the reason in its name;
 * with `RINGDOWN_TEST_REQUIRE_DOCKER=true` it fails instead.
 */
export function describeWithCompose(name: string, suite: () => void): void {
  describeWith(
    'Docker Compose',
    process.env['RINGDOWN_TEST_COMPOSE'],
    process.env['RINGDOWN_TEST_COMPOSE_MISSING'],
    name,
    suite,
    suite,
    process.env['RINGDOWN_TEST_REQUIRE_DOCKER'] === 'true',
  );
}

/** What has to be there before anything is built: servers' images and the bases of ours. */
function imagesOf({ services }: ComposeFile): ReadonlySet<string> {
  const images = new Set<string>();
  for (const { image, build } of Object.values(services)) {
    if (build === undefined) {
      // Ours are built by another service of the file.
      if (image !== undefined && !image.startsWith('ringdown/')) images.add(image);
      continue;
    }
    const file = join(build.context, build.dockerfile ?? 'Dockerfile');
    for (const base of basesOf(readFileSync(file, 'utf8'))) images.add(base);
  }
  return images;
}

/** The images that a Dockerfile starts from; stages of its own are none. */
function basesOf(dockerfile: string): string[] {
  const froms = [...dockerfile.matchAll(/^FROM\s+(\S+)(?:\s+AS\s+(\S+))?/gim)];
  const stages = new Set(froms.map(([, , stage]) => stage));
  return froms.map(([, image]) => image!).filter((image) => !stages.has(image) && image !== 'scratch');
}
