export { settingsCatalogue, type CallSourceName, type LogFormat, type LogLevel } from './catalogue';
export { type AuthSecret } from './parsers';
export { type SettingDefinition, type SettingScope, type SettingUser } from './setting';
export { withSettings, type BootstrapSettings, type Settings, type SettingsOverrides } from './settings';
export {
  COMPOSE_VARIABLES,
  loadSettings,
  SETTINGS_PREFIX,
  TOOL_VARIABLES,
  type Environment,
} from './load-settings';
export { describeSettings, printableSettings, type SettingDescription } from './describe-settings';
