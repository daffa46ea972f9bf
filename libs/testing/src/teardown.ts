import { closeGuard } from './guard';

type Teardown = () => Promise<void>;
const open = new Set<Teardown>();

/**
 * Registers `teardown` where a resource is opened; it runs at the end of the spec file, last opened first, unless the
 * returned function forgot it because the resource was closed in order.
 */
export function onTeardown(teardown: Teardown): () => void {
  open.add(teardown);
  return () => open.delete(teardown);
}

/** Closes everything that is still open. Called by Jest after the last test of a file; scripts call it themselves. */
export async function closeEverything(): Promise<void> {
  const pending = [...open].reverse();
  open.clear();
  const results: PromiseSettledResult<void>[] = [];
  for (const teardown of pending) results.push(...(await Promise.allSettled([teardown()])));
  await closeGuard();
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  if (failures.length > 0)
    throw new AggregateError(failures, `teardown failed: ${failures.map(String).join('; ')}`);
}

// Under Jest this module lives as long as one spec file.
if (typeof afterAll === 'function') afterAll(closeEverything, 60_000);
