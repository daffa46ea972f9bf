import { AppError } from '@ringdown/core';
import { Router, type NextFunction, type Request, type Response } from 'express';
import type { HubResource } from './endpoint';
import type { HubDispatcher } from './hub-dispatcher';

/** The documentation writes `/v1/ws/…` as often as `/api/v1/ws/…`, and its server answers without the version, too. */
const PREFIXES = ['/api/v1', '/api', '/v1', ''];

/** The paths of this dialect under all their prefixes; below `/api` there is nothing else. What is none is passed on. */
export function hubRouter(dispatcher: HubDispatcher, resources: readonly HubResource[]): Router {
  const router = Router({ caseSensitive: true });
  for (const resource of resources) {
    const paths = PREFIXES.map((prefix) => prefix + resource.path);
    router.all(paths, (request, response) => dispatcher.dispatch(resource, request, response));
  }
  router.use('/api', (request: Request, response: Response) =>
    dispatcher.refuse(withWholePath(request), response, new AppError('not_found', 'no such resource')),
  );
  // Express recognises an error handler by its four parameters.
  router.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else void dispatcher.refuse(request, response, error);
  });
  return router;
}

/** A router that is mounted somewhere hides that part of the path. */
function withWholePath(request: Request): Request {
  request.url = request.originalUrl;
  return request;
}
