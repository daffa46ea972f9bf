import { Router, type Response } from 'express';
import type { Registry } from 'prom-client';
import { mergedMetrics } from './merged-metrics';

/** What {@link opsRoutes} shows. */
export interface OpsRoutesOptions {
  /** Asked at every `/readyz`; ready only when every check says `ok`. */
  readonly readiness: () => { readonly ready: boolean; readonly checks: Readonly<Record<string, string>> };
  /** Asked at every `/metrics`. */
  readonly metrics: () => readonly Registry[];
}

/**
 * `/healthz` (200 while the process runs: it never asks the broker, so an outage does not make an orchestrator restart
 * everything), `/readyz` (200 or 503 with the checks) and `/metrics` (Prometheus text).
 */
export function opsRoutes(options: OpsRoutesOptions): Router {
  const router = Router();
  router.get('/healthz', (_request, response) => answer(response, 200, { status: 'ok' }));
  router.get('/readyz', (_request, response) => {
    const { ready, checks } = options.readiness();
    answer(response, ready ? 200 : 503, { status: ready ? 'ready' : 'unavailable', checks });
  });
  router.get('/metrics', async (_request, response) => {
    const text = await mergedMetrics(options.metrics());
    response.set('cache-control', 'no-store').type('text/plain; version=0.0.4; charset=utf-8').send(text);
  });
  return router;
}

function answer(response: Response, status: number, body: unknown): void {
  response.set('cache-control', 'no-store').status(status).json(body);
}
