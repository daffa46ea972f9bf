import { spawn } from 'node:child_process';
import { repositoryRoot } from '../repository';
import { hold } from '../guard';

/** What to do with the command's environment and time. */
export interface DockerCommandOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default 60,000. */
  readonly timeoutMs?: number;
  readonly input?: string;
}

export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `docker …` in the repository's root; resolves also when it fails. Rejects when there is no such program. */
export function tryDocker(
  args: readonly string[],
  options: DockerCommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    const child = spawn('docker', [...args], {
      cwd: repositoryRoot(),
      env: { ...process.env, ...options.env },
      stdio: ['pipe', 'pipe', 'pipe'],
      timeout: options.timeoutMs ?? 60_000,
    });
    const release = child.pid === undefined ? undefined : hold({ kind: 'process', pid: child.pid });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
    child.once('error', reject);
    child.once('close', (code) => {
      release?.();
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
}

/** Like {@link tryDocker}; answers standard output, and rejects with the end of standard error when it fails. */
export async function docker(args: readonly string[], options: DockerCommandOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await tryDocker(args, options);
  if (code !== 0) {
    const lines = `${stdout}\n${stderr}`.trimEnd().split('\n').slice(-25).join('\n');
    throw new Error(`docker ${args.join(' ')} ended with ${code}:\n${lines}`);
  }
  return stdout;
}
