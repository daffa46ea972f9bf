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
 * The Erlang process behind a RabbitMQ that listens on a TCP port of this machine. In a container the port belongs to a
 * proxy; then it is the only Erlang process there is, or unknown.
 */
export function brokerPidOfPort(port: number): number | undefined {
  const owner = pidOfPort(port);
  if (owner !== undefined && commandOf(owner) === ERLANG) return owner;
  if (process.platform !== 'linux') return undefined;
  const candidates = processIds().filter((pid) => commandOf(pid) === ERLANG);
  return candidates.length === 1 ? candidates[0] : undefined;
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

function pidOfPort(port: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const inodes = new Set<string>();
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    for (const line of readLines(table)) {
      const fields = line.trim().split(/\s+/);
      if (fields[1]?.endsWith(`:${hexPort}`) && fields[3] === '0A') inodes.add(`socket:[${fields[9]}]`);
    }
  }
  return processIds().find((pid) => ownsSocket(pid, inodes));
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
