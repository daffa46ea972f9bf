import { createApp, opsRoutes, traceRequests, type OpsRoutesOptions } from '@ringdown/http';
import { AppError } from '@ringdown/core';
import { Router, type Express, type NextFunction, type Request, type Response } from 'express';
import type { Dispatcher } from '../crossbar/dispatcher';
import type { Resource } from '../crossbar/endpoint';

/** The whole HTTP surface: `/v2`, operations, the page at `/`, and an answer for everything else. */
export function createApiApp(options: {
  readonly dispatcher: Dispatcher;
  readonly resources: readonly Resource[];
  /** The dialects beside `/v2`; each answers the paths that are its own and passes on the others. */
  readonly dialects: readonly Router[];
  readonly ops: OpsRoutesOptions;
  readonly root: Router;
}): Express {
  const { dispatcher } = options;
  const app = createApp();
  app.use(traceRequests());
  const v2 = Router({ caseSensitive: true });
  for (const resource of options.resources) {
    v2.all(resource.path, (request, response) =>
      dispatcher.dispatch(resource, { ...request.params } as Record<string, string>, request, response),
    );
  }
  app.use('/v2', v2);
  // Some of their paths begin with `/v1`, which is otherwise the version of Kazoo that is gone.
  for (const dialect of options.dialects) app.use(dialect);
  app.use('/v1', (request, response) => dispatcher.refuseWith(request, response, 410, 'gone'));
  app.use(opsRoutes(options.ops));
  app.use(options.root);
  app.use((request, response) =>
    dispatcher.refuse(request, response, new AppError('not_found', 'no such resource')),
  );
  // Express recognises an error handler by its four parameters.
  app.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else void dispatcher.refuse(request, response, error);
  });
  return app;
}
