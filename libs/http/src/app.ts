import express, { type Express } from 'express';

/**
 * An Express application with what every service of this project wants: no `X-Powered-By`, no automatic ETag (a
 * document's ETag is its revision), case-sensitive paths, the query string left to the handlers.
 */
export function createApp(): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', false);
  return app;
}
