import { _, Ajv, str, type ErrorObject, type ValidateFunction } from 'ajv';
import { AppError } from '@ringdown/core';
import type { FaultDetail } from '@ringdown/http';
import { metaflowSchema, metaflowsSchema, moduleSchemas, type JsonSchema } from './module-schemas';

const MAX_FAULTS = 50;

/** Faults by dotted path and rule, as REST shows them. */
export type Faults = Record<string, Record<string, FaultDetail>>;

/** The JSON schemas of the API: those served are those used. */
export class SchemaCatalogue {
  private readonly ajv = countingCodeUnits(new Ajv({ allErrors: true, useDefaults: true, strict: true }));
  private readonly schemas: ReadonlyMap<string, JsonSchema>;

  constructor(schemas: readonly JsonSchema[] = [metaflowSchema, metaflowsSchema, ...moduleSchemas]) {
    this.schemas = new Map(schemas.map((schema) => [String(schema['$id']), schema]));
    for (const schema of schemas) this.ajv.addSchema(schema);
  }

  get names(): readonly string[] {
    return [...this.schemas.keys()].sort();
  }

  get(name: string): JsonSchema | undefined {
    return this.schemas.get(name);
  }

  /**
   * Puts the defaults into `value` and adds what is wrong with it to `faults`, under `path`. The caller bounds the depth
   * of the value: checking a nested one recurses.
   */
  complete(name: string, value: unknown, path: readonly string[], faults: Faults): void {
    const check = this.validator(name);
    if (check(value)) return;
    for (const error of check.errors ?? []) addFault(faults, path, error);
  }

  private validator(name: string): ValidateFunction {
    const check = this.ajv.getSchema(name);
    if (check === undefined) throw new AppError('internal', `there is no schema ${name}`);
    return check;
  }
}

/** The place of a fault in the words of the Kazoo API: parts joined by dots, dots inside a part written `%2E`. */
export function faultPath(parts: readonly string[]): string {
  if (parts.length === 0) return 'data';
  return parts
    .map((part) => part.slice(0, 100).replaceAll('.', '%2E'))
    .join('.')
    .slice(0, 500);
}

/** A validation error with these faults; none for none. */
export function throwFaults(faults: Faults): void {
  const paths = Object.keys(faults);
  if (paths.length === 0) return;
  throw new AppError('validation_failed', `not valid: ${paths.slice(0, 10).join(', ')}`, { details: faults });
}

/** Lengths are counted as everywhere else in this system, in UTF-16 code units; JSON schema counts characters. */
function countingCodeUnits(ajv: Ajv): Ajv {
  return ajv.removeKeyword('maxLength').addKeyword({
    keyword: 'maxLength',
    type: 'string',
    schemaType: 'number',
    validate: (max: number, value: string) => value.length <= max,
    error: {
      message: ({ schemaCode }) => str`must NOT have more than ${schemaCode} characters`,
      params: ({ schemaCode }) => _`{limit: ${schemaCode}}`,
    },
  });
}

function addFault(faults: Faults, base: readonly string[], error: ErrorObject): void {
  const { missingProperty, additionalProperty } = error.params as Record<string, string | undefined>;
  const place = error.instancePath.split('/').slice(1).map(unescaped);
  const member = missingProperty ?? additionalProperty;
  const path = faultPath([...base, ...place, ...(member === undefined ? [] : [member])]);
  if (!(path in faults) && Object.keys(faults).length >= MAX_FAULTS) return;
  const message =
    missingProperty === undefined ? (error.message ?? 'is not valid') : 'Field is required but missing';
  const target = targetOf(error);
  (faults[path] ??= {})[error.keyword] = { message, ...(target === undefined ? {} : { target }) };
}

/** JSON pointers escape `~` and `/`. */
function unescaped(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function targetOf({ params }: ErrorObject): unknown {
  const facts = params as Record<string, unknown>;
  return facts['allowedValues'] ?? facts['limit'] ?? facts['type'] ?? facts['pattern'];
}
