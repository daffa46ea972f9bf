import type { IncomingMessage } from 'node:http';
import type { AppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import { readJsonObject } from '../front/json-body';
import type { RequestData, RequestMembers } from './endpoint';

/** A request's body, taken apart. */
export interface RequestBody {
  readonly data: RequestData;
  /** The other members of the body. */
  readonly beside: RequestMembers;
}

/**
 * Reads a request's body: its `data` member and what stands beside it. Errors: `too_large`, `unsupported_media_type`,
 * `validation_failed` (not JSON, no `data`, not an object, or holding what no part of the system can take).
 */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
  { dataOptional = false }: { readonly dataOptional?: boolean | undefined } = {},
): Promise<RequestBody> {
  const body = await readJsonObject(request, maxBytes, inDocument);
  if (!body || !(dataOptional || Object.hasOwn(body, 'data'))) throw missingData();
  const { data = {}, ...beside } = body;
  if (!isObject(data)) throw fieldError('data', 'type', 'data must be an object', { target: 'object' });
  return { data, beside };
}

/** Paths in answers are relative to the document, so without the leading `data`. */
function inDocument(path: string): string {
  const relative = path === 'data' ? '' : path.replace(/^data\./, '');
  return relative === '' ? 'data' : relative;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function missingData(): AppError {
  return fieldError('data', 'required', 'the body must be {"data": {…}}');
}
