import type { Registry } from 'prom-client';

/**
 * The Prometheus text of several registries as one page. Services of one process may count under the same name (told
 * apart by their default labels); the format wants each name's header once and its samples together.
 */
export async function mergedMetrics(registries: readonly Registry[]): Promise<string> {
  const blocks = new Map<string, { header: string[]; samples: string[] }>();
  for (const registry of new Set(registries)) {
    let current: { header: string[]; samples: string[] } | undefined;
    let fresh = false;
    for (const line of (await registry.metrics()).split('\n')) {
      if (line === '') continue;
      const help = /^# HELP (\S+)/.exec(line);
      if (help) {
        fresh = !blocks.has(help[1]!);
        if (fresh) blocks.set(help[1]!, { header: [], samples: [] });
        current = blocks.get(help[1]!);
      }
      if (!current) continue;
      if (!line.startsWith('#')) current.samples.push(line);
      else if (fresh) current.header.push(line);
    }
  }
  return [...blocks.values()]
    .map((block) => [...block.header, ...block.samples].join('\n') + '\n')
    .join('\n');
}
