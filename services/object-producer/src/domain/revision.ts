import { AppError, newId, type JsonObject } from '@ringdown/core';
import { invalidField } from './field-errors';

/** Where a document stands: the number REST shows and the CouchDB-like form that events carry. */
export interface Revision {
  readonly revision: number;
  /** `{number}-{32 hex}`. */
  readonly rev: string;
}

export function firstRevision(): Revision {
  return { revision: 1, rev: `1-${newId()}` };
}

export function nextRevision(current: Revision): Revision {
  const revision = current.revision + 1;
  return { revision, rev: `${revision}-${newId()}` };
}

/**
 * Refuses a change that was made to an older state: `precondition_failed` for `If-Match`, `conflict` for a body that
 * still carries the `revision` or `_rev` it was read with.
 */
export function checkRevision(current: Revision, ifMatch: number | undefined, data: JsonObject): void {
  if (ifMatch !== undefined && ifMatch !== current.revision) {
    throw new AppError('precondition_failed', 'the document has changed', {
      details: { revision: current.revision },
    });
  }
  for (const name of ['revision', '_rev'] as const) {
    const given = data[name];
    if (given === undefined || given === null || given === 'automatic' || given === 'undefined') continue;
    if (isCurrent(given, current, name)) continue;
    throw new AppError('conflict', 'conflicting documents', { details: { revision: current.revision } });
  }
}

function isCurrent(given: unknown, current: Revision, name: string): boolean {
  if (given === current.revision || given === current.rev) return true;
  if (typeof given === 'number') return false;
  const text = typeof given === 'string' ? given.replace(/^(?:W\/)?"(.*)"$/, '$1') : undefined;
  if (text === undefined || !/^\d+(?:-[0-9a-f]+)?$/i.test(text)) {
    throw invalidField(name, 'type', { message: 'Value did not match type(s): revision' });
  }
  return text === String(current.revision) || text === current.rev;
}
