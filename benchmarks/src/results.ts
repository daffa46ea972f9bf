import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '@ringdown/testing';

/** Keeps the raw figures of a run, with the machine they were measured on, in a dated file. */
export function writeResult(benchmark: string, figures: Readonly<Record<string, unknown>>): void {
  const folder = join(repositoryRoot(), 'benchmarks', 'results');
  mkdirSync(folder, { recursive: true });
  const at = new Date().toISOString();
  const file = join(folder, `${at.slice(0, 19).replaceAll(':', '-')}-${benchmark}.json`);
  const machine = {
    node: process.version,
    kernel: release(),
    cpu: cpus()[0]?.model,
    cores: cpus().length,
    /** Of the last 1, 5 and 15 minutes: whether it had other things to do. */
    loadAverages: loadavg(),
  };
  writeFileSync(file, `${JSON.stringify({ at, benchmark, machine, ...figures }, undefined, 2)}\n`);
  console.log(`\nraw figures: ${file}`);
}
