import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { randomHex } from '@ringdown/core';
import {
  freePorts,
  hold,
  onTeardown,
  repositoryRoot,
  temporaryDirectory,
  waitUntil,
} from '@ringdown/testing';
import { ask } from './ask';

const run = promisify(execFile);
const IMAGE = 'ringdown-edge-test';
const PORTS = { 'api-gateway': 8000, blackhole: 5555 } as const;

export type ServiceName = keyof typeof PORTS;

/** An edge in a container. */
export interface Edge {
  readonly container: string;
  /** Where its ports 8000 and 5555 are published. */
  readonly api: number;
  readonly ws: number;
}

/** A stand-in for one replica of a service. */
export interface Replica {
  readonly name: string;
  /** Method and URL of each request that reached it. */
  requests(): Promise<string[]>;
  kill9(): Promise<void>;
}

/**
 * The image of docker/edge on a network of its own, before stand-ins that bear the names of the services. Everything is
 * removed at the end of the spec file, or by the guard when the test runner crashes.
 */
export class EdgeStand {
  private readonly name = `ringdown-edge-${randomHex(6)}`;
  private readonly label = `ringdown.edge-stand=${this.name}`;
  private count = 0;

  private constructor() {
    const release = hold({
      kind: 'containers',
      label: this.label,
      docker: { socketPath: '/var/run/docker.sock' },
    });
    onTeardown(async () => {
      await this.remove();
      release();
    });
  }

  static async create(): Promise<EdgeStand> {
    await docker('build', '-q', '-t', IMAGE, join(repositoryRoot(), 'docker', 'edge'));
    const stand = new EdgeStand();
    await docker('network', 'create', '--label', stand.label, stand.name);
    return stand;
  }

  /** The network's address on this machine: where requests of the test come from, as containers see it. */
  async gateway(): Promise<string> {
    const format = '{{(index .IPAM.Config 0).Gateway}}';
    return (await docker('network', 'inspect', '-f', format, this.name)).trim();
  }

  /**
   * Starts an edge as docker-compose.yml does. `limits`: replacements in limits.conf, which must occur there;
   * `trustedProxies`: content of trusted-proxies.conf.
   */
  async edge(
    options: {
      readonly limits?: Readonly<Record<string, string>>;
      readonly trustedProxies?: string;
    } = {},
  ): Promise<Edge> {
    const [api, ws] = await freePorts(2);
    const container = `${this.name}-${(this.count += 1)}`;
    await docker(
      'run',
      ...['-d', '--name', container, '--label', this.label, '--network', this.name],
      ...['--read-only', '--tmpfs', '/tmp', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges'],
      ...['-p', `127.0.0.1:${api}:8000`, '-p', `127.0.0.1:${ws}:5555`],
      ...mounted({
        ...(options.limits && { 'limits.conf': changedLimits(options.limits) }),
        ...(options.trustedProxies && { 'trusted-proxies.conf': options.trustedProxies }),
      }),
      IMAGE,
    );
    await waitUntil(() => ask(api!, '/metrics'), { what: 'the edge' });
    return { container, api: api!, ws: ws! };
  }

  /** Starts a replica; `fragile`: requests below `/v2/fragile` kill their connection. */
  async replica(service: ServiceName, options: { readonly fragile?: boolean } = {}): Promise<Replica> {
    const name = `${this.name}-${(this.count += 1)}`;
    const settings = { NAME: service, REPLICA: name, PORT: PORTS[service] };
    await docker(
      'run',
      ...['-d', '--name', name, '--label', this.label, '--network', this.name, '--network-alias', service],
      ...Object.entries(settings).flatMap(([key, value]) => ['-e', `${key}=${value}`]),
      ...(options.fragile ? ['-e', 'FRAGILE=yes'] : []),
      'node:24-trixie-slim',
      ...['node', '-e', readFileSync(join(__dirname, 'stand-in.cjs'), 'utf8')],
    );
    return {
      name,
      requests: async () => (await docker('logs', name)).split('\n').filter((line) => line !== ''),
      kill9: async () => void (await docker('kill', '-s', 'KILL', name)),
    };
  }

  /** What a container wrote: standard output and standard error. */
  async outputs(container: string): Promise<{ readonly stdout: string; readonly stderr: string }> {
    return run('docker', ['logs', container], { maxBuffer: 64_000_000 });
  }

  async exec(container: string, ...command: readonly string[]): Promise<string> {
    return docker('exec', container, ...command);
  }

  async inspect(container: string, format: string): Promise<string> {
    return (await docker('inspect', '-f', format, container)).trim();
  }

  private async remove(): Promise<void> {
    const ids = await docker('ps', '-aq', '--filter', `label=${this.label}`);
    const containers = ids.split('\n').filter((id) => id !== '');
    if (containers.length > 0) await docker('rm', '-fv', ...containers);
    await docker('network', 'rm', this.name);
  }
}

async function docker(...args: readonly string[]): Promise<string> {
  return (await run('docker', args, { timeout: 120_000, maxBuffer: 64_000_000 })).stdout;
}

function changedLimits(changes: Readonly<Record<string, string>>): string {
  let text = readFileSync(join(repositoryRoot(), 'docker', 'edge', 'conf', 'limits.conf'), 'utf8');
  for (const [from, to] of Object.entries(changes)) {
    if (!text.includes(from)) throw new Error(`limits.conf has no "${from}"`);
    text = text.replace(from, to);
  }
  return text;
}

/** Arguments that put files over those of the image. */
function mounted(files: Readonly<Record<string, string>>): string[] {
  const folder = temporaryDirectory('ringdown-edge');
  onTeardown(() => Promise.resolve(folder.remove()));
  return Object.entries(files).flatMap(([name, content]) => {
    const file = join(folder.path, name);
    // Read by another user in the container.
    writeFileSync(file, content, { mode: 0o644 });
    return ['-v', `${file}:/etc/nginx/edge/${name}:ro`];
  });
}
