import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { AppError } from '@ringdown/core';
import { settingsCatalogue } from './catalogue';
import type { SettingDefinition, SettingsCatalogue } from './setting';
import { withSettings, type Settings, type SettingsOverrides } from './settings';
import { suggest } from './suggest';

/** An environment: `process.env` in `main.ts`, a plain object in tests. */
export type Environment = Readonly<Record<string, string | undefined>>;

export const SETTINGS_PREFIX = 'RINGDOWN_';

/** Read by the command line tools only; a process that finds them in its environment leaves them alone. */
export const TOOL_VARIABLES = ['URL', 'PUBLIC_URL', 'USER', 'ACCOUNT', 'PASSWORD_FILE'] as const;

/** Read by docker-compose.yml only. Whoever exports them for it may start a process in the same shell. */
export const COMPOSE_VARIABLES = ['FRONT_SUBNET', 'FRONT_RANGE', 'EDGE_ADDRESS', 'BUILD_NETWORK'] as const;

const catalogue: SettingsCatalogue = settingsCatalogue;

/**
 * Reads every setting from the environment. An empty value counts as unset; `…_FILE` names a file that holds the value
 * (a trailing line break is cut). Throws one AppError `validation_failed` that lists every problem, each on a line of its
 * own and without secret values: a bad value, an unknown key, a file that cannot be read, a setting given both ways.
 */
export function loadSettings(env: Environment, overrides: SettingsOverrides = {}): Settings {
  const problems: string[] = [];
  const values: Record<string, unknown> = {};

  for (const [key, definition] of Object.entries(catalogue)) {
    values[key] = readValue(definition, env, problems);
  }
  problems.push(...unknownKeys(env));
  if (problems.length > 0) {
    throw new AppError(
      'validation_failed',
      ['The configuration cannot be used:', ...problems].join('\n  - '),
      {
        details: { problems },
      },
    );
  }
  return withSettings(assemble(values), overrides);
}

function readValue(definition: SettingDefinition<unknown>, env: Environment, problems: string[]): unknown {
  const name = SETTINGS_PREFIX + definition.name;
  const direct = env[name];
  const file = env[`${name}_FILE`];
  let source = name;
  let text = direct;

  if (direct && file) {
    problems.push(`${name} and ${name}_FILE are both set; keep one of them`);
    return undefined;
  }
  if (file) {
    source = `the value in ${name}_FILE`;
    try {
      text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unreadable';
      problems.push(`${name}_FILE names ${file}, which cannot be read (${code})`);
      return undefined;
    }
  }
  if (text === undefined || text === '') return definition.default;

  const { value, error } = definition.schema.validate(text) as { value: unknown; error?: Error };
  if (error) {
    const found = definition.secret ? '' : `; it is ${JSON.stringify(text.slice(0, 100))}`;
    problems.push(`${source} must be ${definition.expects}${found}`);
    return undefined;
  }
  return value;
}

function unknownKeys(env: Environment): string[] {
  const names = Object.values(catalogue).map((definition) => definition.name);
  const known = new Set<string>([
    ...names,
    ...names.map((name) => `${name}_FILE`),
    ...TOOL_VARIABLES,
    ...COMPOSE_VARIABLES,
  ]);
  return Object.keys(env)
    .filter((key) => key.startsWith(SETTINGS_PREFIX) && !key.startsWith(`${SETTINGS_PREFIX}TEST_`))
    .filter((key) => !known.has(key.slice(SETTINGS_PREFIX.length)))
    .map((key) => {
      const meant = suggest(key.slice(SETTINGS_PREFIX.length), [...known]);
      return `${key} is not a setting${meant ? `; did you mean ${SETTINGS_PREFIX}${meant}?` : ''}`;
    });
}

function assemble(values: Record<string, unknown>): Settings {
  const { bootstrapAccountName, bootstrapUsername, bootstrapPassword, bootstrapEmail, ...rest } = values;
  return {
    ...rest,
    dataDir: resolve(String(values['dataDir'])),
    bootstrap: {
      accountName: bootstrapAccountName,
      username: bootstrapUsername,
      password: bootstrapPassword,
      email: bootstrapEmail,
    },
  } as Settings;
}
