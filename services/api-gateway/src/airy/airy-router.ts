import { AppError } from '@ringdown/core';
import { Router, type NextFunction, type Request, type Response } from 'express';
import type { AiryDispatcher } from './airy-dispatcher';
import type { AiryEndpoint } from './endpoint';

/** Names with a dot, at the root. Requests for files there, such as `/favicon.ico`, are not POST. */
const dottedName = /^\/[A-Za-z_]+(?:\.[A-Za-z_-]+)+$/;

/** The paths of this dialect; what is none of them is passed on. */
export function airyRouter(dispatcher: AiryDispatcher, endpoints: readonly AiryEndpoint[]): Router {
  const router = Router({ caseSensitive: true });
  for (const endpoint of endpoints) {
    router.all(endpoint.path, (request, response) =>
      dispatcher.dispatch(endpoint, { ...request.params } as Record<string, string>, request, response),
    );
  }
  router.post(dottedName, (request, response) =>
    dispatcher.refuse(request, response, new AppError('not_found', 'no such endpoint')),
  );
  // Express recognises an error handler by its four parameters. What fails here is a part of a path.
  router.use((error: unknown, request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) next(error);
    else void dispatcher.refuse(request, response, error);
  });
  return router;
}
