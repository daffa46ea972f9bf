export { createLogger, type LoggerOptions, type RootLogger } from './create-logger';
export { redactText } from './redact';
