import type { settingsCatalogue } from './catalogue';
import type { SettingValue } from './setting';

type Catalogue = typeof settingsCatalogue;
type BootstrapKey = Extract<keyof Catalogue, `bootstrap${string}`>;

/** The root account and its super admin, made once on an empty database. */
export interface BootstrapSettings {
  readonly accountName: string | undefined;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly email: string | undefined;
}

/** What every part of the system is configured by: checked, complete and frozen. Handed in, never imported. */
export type Settings = {
  readonly [Key in Exclude<keyof Catalogue, BootstrapKey>]: SettingValue<Catalogue[Key]>;
} & { readonly bootstrap: BootstrapSettings };

/** Changes to {@link Settings}, for composition roots and tests. */
export type SettingsOverrides = Partial<Omit<Settings, 'bootstrap'>> & {
  readonly bootstrap?: Partial<BootstrapSettings>;
};

/** A frozen copy with some values replaced. */
export function withSettings(settings: Settings, overrides: SettingsOverrides): Settings {
  const bootstrap = Object.freeze({ ...settings.bootstrap, ...overrides.bootstrap });
  return Object.freeze({ ...settings, ...overrides, bootstrap });
}
