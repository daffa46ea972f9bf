/** Structured facts beside a log message; keys that name secrets are redacted by the implementation. */
export type LogFields = Readonly<Record<string, unknown>>;

/** What every part of the system logs through. A structural type, so that no lib depends on a logging package. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger that adds `fields` to every line. */
  child(fields: LogFields): Logger;
}

/** Swallows everything; the default where a caller gives no logger. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};
