import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';

/** Linux counts process times in hundredths of a second for user space, whatever the kernel's own tick. */
const TICK_US = 10_000;

/**
 * CPU microseconds, user and system, a process has used so far, from the operating system's accounting. Undefined where
 * the system does not tell.
 */
export function cpuTimeUs(pid: number): number | undefined {
  try {
    if (process.platform === 'linux') {
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      // The second field is the command in parentheses and may hold spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return (Number(fields[11]) + Number(fields[12])) * TICK_US;
    }
    const time = execFileSync('ps', ['-o', 'time=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return time.split(':').reduce((total, part) => total * 60 + Number(part), 0) * 1_000_000;
  } catch {
    return undefined;
  }
}

/**
 * The Erlang process of a RabbitMQ: the server's process or one below it, else the one that listens on the TCP port. In a
 * container without a known process the port belongs to a proxy; then it is the only Erlang process there is, or unknown.
 */
export function brokerPidOf(server: {
  readonly pid?: number | undefined;
  readonly url: string;
}): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const all = processIds();
  const below = server.pid === undefined ? [] : familyOf(server.pid, all);
  const owner = pidOfPort(Number(new URL(server.url).port || 5672), all);
  const found = [...below, ...(owner === undefined ? [] : [owner])].find((pid) => commandOf(pid) === ERLANG);
  if (found !== undefined) return found;
  const candidates = all.filter((pid) => commandOf(pid) === ERLANG);
  return candidates.length === 1 ? candidates[0] : undefined;
}

/** A process and all below it. */
function familyOf(pid: number, all: readonly number[]): number[] {
  const children = all.filter((candidate) => parentOf(candidate) === pid);
  return [pid, ...children.flatMap((child) => familyOf(child, all))];
}

function parentOf(pid: number): number | undefined {
  const line = readLines(`/proc/${pid}/status`).find((candidate) => candidate.startsWith('PPid:'));
  return line === undefined ? undefined : Number(line.slice(5));
}

const ERLANG = 'beam.smp';

function commandOf(pid: number): string {
  return readLines(`/proc/${pid}/comm`)[0] ?? '';
}

function processIds(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function pidOfPort(port: number, all: readonly number[]): number | undefined {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A') inodes.add(`socket:[${fields[9]}]`);
    }
  }
  return all.find((pid) => ownsSocket(pid, inodes));
}

function readLines(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n');
  } catch {
    return [];
  }
}

function ownsSocket(pid: number, inodes: ReadonlySet<string>): boolean {
  try {
    const directory = `/proc/${pid}/fd`;
    return readdirSync(directory).some((fd) => inodes.has(readlinkSync(`${directory}/${fd}`)));
  } catch {
    return false;
  }
}
