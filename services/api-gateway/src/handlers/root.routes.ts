import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Router } from 'express';
import { landingPage } from './landing-page';

/**
 * Documents a newcomer looks for, served under their own paths, so that they find each other, when this process runs from
 * the repository.
 */
const documents = [
  'README.md',
  'ARCHITECTURE.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'requests.http',
  'docs/messaging.md',
  'docs/configuration.md',
  'docs/operations.md',
  'docs/metrics.md',
  'docs/glossary.md',
] as const;

/** `GET /`: one small static page; `/docs/{name}`: the documents it links to; `/favicon.ico`: nothing. */
export function rootRoutes(options: {
  readonly version: string;
  readonly wsPort: () => number;
  readonly repository: string;
}): Router {
  const router = Router({ caseSensitive: true });
  const available = documents.filter((name) => existsSync(join(options.repository, name)));

  router.get('/', (request, response) => {
    const page = landingPage({
      version: options.version,
      host: request.headers.host ?? '',
      wsPort: options.wsPort(),
      forwarded: request.headers['x-forwarded-for'] !== undefined,
      encrypted: request.headers['x-forwarded-proto'] === 'https',
      documents: available,
    });
    response
      .set('content-security-policy', "default-src 'none'; style-src 'unsafe-inline'")
      .set('x-content-type-options', 'nosniff')
      .type('text/html; charset=utf-8')
      .send(page);
  });
  router.get('/favicon.ico', (_request, response) => {
    response.status(204).end();
  });
  for (const name of available) {
    router.get(`/docs/${name}`, async (_request, response) => {
      response.type('text/plain; charset=utf-8').send(await readFile(join(options.repository, name), 'utf8'));
    });
  }
  return router;
}
