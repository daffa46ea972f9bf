import Joi from 'joi';

/**
 * One known member of an event body. Its schema decides and words the complaint; `accepts` says the same much faster and
 * is what every event passes first.
 */
export interface Field<T> {
  readonly type: string;
  readonly doc: string;
  readonly schema: Joi.Schema<T>;
  /** Of an object: the members whose type is checked. */
  readonly members?: Fields;
  accepts(value: unknown): boolean;
}

export type Fields = Readonly<Record<string, Field<unknown>>>;

/** The TypeScript type of a body with these fields: all optional, because nothing is required of a publisher. */
export type BodyOf<F extends Fields> = {
  readonly [Name in keyof F]?: F[Name] extends Field<infer T> ? T : never;
};

export type JsonObject = Readonly<Record<string, unknown>>;

/** One faulty field of a body. */
export interface FieldProblem {
  /** Dotted path. */
  readonly field: string;
  readonly message: string;
}

/** A set of known fields with everything derived from it. */
export interface Shape {
  readonly fields: Fields;
  readonly schema: Joi.ObjectSchema;
  /** Empty when every known field that is present has its type. Unknown members and `null` pass. */
  problems(body: JsonObject): readonly FieldProblem[];
}

export function text(doc: string): Field<string> {
  return {
    type: 'text',
    doc,
    schema: Joi.string().allow(''),
    accepts: (value) => typeof value === 'string',
  };
}

/** A number, or the same as text: Kazoo 4.3 sends durations and times as strings, its master branch as numbers. */
export function numeric(doc: string): Field<number | string> {
  return {
    type: 'number or text',
    doc,
    schema: Joi.alternatives(Joi.number().unsafe(), Joi.string().allow('')),
    accepts: (value) => typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)),
  };
}

/** A boolean, or the same as text. */
export function flag(doc: string): Field<boolean | string> {
  return {
    type: 'boolean or text',
    doc,
    schema: Joi.alternatives(Joi.boolean(), Joi.string().allow('')),
    accepts: (value) => typeof value === 'boolean' || typeof value === 'string',
  };
}

export function list(doc: string): Field<readonly unknown[]> {
  return { type: 'list', doc, schema: Joi.array().sparse(), accepts: (value) => Array.isArray(value) };
}

/** An object with members of any name; those named in `members` have their type checked too. */
export function record<F extends Fields = Record<never, never>>(
  doc: string,
  members?: F,
): Field<BodyOf<F> & JsonObject> {
  const checks = Object.entries(members ?? {});
  return {
    type: 'object',
    doc,
    schema: objectSchema(members ?? {}),
    ...(members === undefined ? {} : { members }),
    accepts: (value) =>
      isJsonObject(value) &&
      checks.every(([name, field]) => {
        const member = ownMember(value, name);
        return member === undefined || member === null || field.accepts(member);
      }),
  };
}

export function shapeOf(fields: Fields): Shape {
  const known = new Map(Object.entries(fields));
  const schema = objectSchema(fields);
  return {
    fields,
    schema,
    problems(body) {
      for (const name of Object.keys(body)) {
        const value = body[name];
        if (value === null || value === undefined || known.get(name)?.accepts(value) !== false) continue;
        return explain(schema, body, name);
      }
      return [];
    },
  };
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member that is the object's own: never one of `Object.prototype`. */
export function ownMember(body: JsonObject, name: string): unknown {
  return Object.hasOwn(body, name) ? body[name] : undefined;
}

function objectSchema(fields: Fields): Joi.ObjectSchema {
  const members = Object.entries(fields).map(([name, field]) => [name, field.schema.allow(null)] as const);
  return Joi.object(Object.fromEntries(members)).unknown(true).prefs({ convert: false });
}

function explain(schema: Joi.ObjectSchema, body: JsonObject, faulty: string): readonly FieldProblem[] {
  const { error } = schema.validate(body, { abortEarly: false });
  const problems = (error?.details ?? []).map(({ path, message }) => ({ field: path.join('.'), message }));
  return problems.length > 0 ? problems : [{ field: faulty, message: `"${faulty}" has the wrong type` }];
}
