import { AppError } from '@ringdown/core';

const MAX_ECHO_BYTES = 4_096;

/** `invalid data`: the answer to a body whose kind is unknown, with that body (its beginning, when large) as data. */
export class InvalidData extends AppError {
  readonly echo: unknown;

  constructor(doc: Readonly<Record<string, unknown>>) {
    super('bad_request', 'invalid data');
    this.name = 'InvalidData';
    this.echo = bounded(doc);
  }
}

function bounded(doc: Readonly<Record<string, unknown>>): unknown {
  if (JSON.stringify(doc).length <= MAX_ECHO_BYTES) return doc;
  const { action } = doc;
  return typeof action === 'string' ? { action: action.slice(0, 200) } : {};
}
