import type Joi from 'joi';

/** Whether a limit counts in each process or over all of them together. */
export type SettingScope = 'instance' | 'cluster';

/** Who reads a setting; `all` where the runtime reads it for every service. */
export type SettingUser =
  'all' | 'api-gateway' | 'blackhole' | 'call-producer' | 'channels' | 'message-producer' | 'object-producer';

/** One setting: how it is named, checked and explained. */
export interface SettingDefinition<T> {
  /** Without the prefix `RINGDOWN_`. */
  readonly name: string;
  /** Turns the text of the environment into the value. */
  readonly schema: Joi.Schema;
  /** What a valid value is, to follow "must be"; shown in errors and in the documentation. */
  readonly expects: string;
  /** Undefined: no default, the setting may stay unset. */
  readonly default: T;
  /** How the documentation words the default when the value alone does not say it. */
  readonly defaultText?: string;
  readonly unit?: string;
  readonly doc: string;
  readonly scope: SettingScope;
  /** The value is never printed. */
  readonly secret: boolean;
  readonly usedBy: readonly SettingUser[];
}

/** The catalogue's shape; values differ in type per key. */
export type SettingsCatalogue = Readonly<Record<string, SettingDefinition<unknown>>>;

export type SettingValue<Definition> = Definition extends SettingDefinition<infer T> ? T : never;

interface Common {
  readonly name: string;
  readonly doc: string;
  readonly usedBy: readonly SettingUser[];
  readonly scope?: SettingScope;
}

/** A setting of any type. */
export function setting<T>(
  definition: Omit<SettingDefinition<T>, 'scope' | 'secret'> & {
    readonly scope?: SettingScope;
    readonly secret?: boolean;
  },
): SettingDefinition<T> {
  return { scope: 'instance', secret: false, ...definition };
}

/** A whole number with bounds and a unit. */
export function wholeNumber(
  joi: Joi.Root,
  definition: Common & {
    readonly default: number;
    readonly unit: string;
    readonly min: number;
    readonly max?: number;
  },
): SettingDefinition<number> {
  const { min, max, ...rest } = definition;
  const bounded = joi.number().integer().min(min);
  return setting<number>({
    ...rest,
    schema: max === undefined ? bounded : bounded.max(max),
    expects: `a whole number, ${max === undefined ? `${min} or more` : `${min} to ${max}`} (${rest.unit})`,
  });
}
