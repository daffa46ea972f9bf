import { settingsCatalogue } from './catalogue';
import { SETTINGS_PREFIX } from './load-settings';
import type { SettingScope, SettingsCatalogue, SettingUser } from './setting';
import type { Settings } from './settings';

/** One row of the configuration reference. */
export interface SettingDescription {
  /** The environment variable. */
  readonly variable: string;
  readonly doc: string;
  readonly expects: string;
  readonly default: string;
  readonly scope: SettingScope;
  readonly secret: boolean;
  readonly usedBy: readonly SettingUser[];
}

const catalogue: SettingsCatalogue = settingsCatalogue;

/** Every setting in catalogue order, ready for a table. */
export function describeSettings(): readonly SettingDescription[] {
  return Object.values(catalogue).map((definition) => ({
    variable: SETTINGS_PREFIX + definition.name,
    doc: definition.doc,
    expects: definition.expects,
    default: definition.defaultText ?? `\`${String(definition.default)}\``,
    scope: definition.scope,
    secret: definition.secret,
    usedBy: definition.usedBy,
  }));
}

/** The settings with every secret replaced, for a log line. */
export function printableSettings(settings: Settings): Readonly<Record<string, unknown>> {
  const { bootstrap, ...rest } = settings;
  const printable: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) {
    printable[key] = catalogue[key]?.secret === true && value !== undefined ? '(set, not shown)' : value;
  }
  const password = bootstrap.password === undefined ? undefined : '(set, not shown)';
  return { ...printable, bootstrap: { ...bootstrap, password } };
}
