import { validator } from '@ringdown/http';
import Joi from 'joi';

/** Checks a body member by member. Members nobody knows are ignored, as Airy does. */
export function bodyOf<T>(members: Joi.PartialSchemaMap<T>): (body: unknown) => T {
  return validator<T>(Joi.object<T>(members).options({ stripUnknown: true }));
}

export const id = Joi.string().min(1).max(128);
export const label = Joi.string().trim().min(1).max(256);
export const link = Joi.string()
  .uri({ scheme: ['http', 'https'] })
  .max(2048);

/** Airy's clients write null where they mean nothing. */
export const optional = <T extends Joi.AnySchema>(schema: T): T => schema.empty(null);
