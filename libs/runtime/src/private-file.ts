import { chmodSync, linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, messageOf, randomHex } from '@ringdown/core';

/**
 * The text of a file that only its owner may read, made with `generate` when missing. Complete or absent, never half
 * written; when several processes make it at once they all get the same text.
 */
export function readOrCreatePrivateFile(directory: string, name: string, generate: () => string): string {
  const path = join(directory, name);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return read(path) ?? create(path, generate());
  } catch (error) {
    throw new AppError(
      'unavailable',
      `Cannot keep ${name} in ${directory} (${messageOf(error)}): make that folder writable or set RINGDOWN_DATA_DIR to another one.`,
      { cause: error, retryable: false },
    );
  }
}

function read(path: string): string | undefined {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? undefined : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

function create(path: string, text: string): string {
  const draft = `${path}.${randomHex(8)}`;
  writeFileSync(draft, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
  // The mode of a new file is narrowed by the umask but never widened; chmod says it plainly.
  chmodSync(draft, 0o600);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') {
      // A file system without hard links.
      writeFileSync(path, `${text}\n`, { mode: 0o600, flag: 'wx', flush: true });
    }
  } finally {
    unlinkSync(draft);
  }
  return read(path) ?? text;
}
