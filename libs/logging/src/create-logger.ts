import { finished } from 'node:stream/promises';
import type { Writable } from 'node:stream';
import { currentTrace, memoised, type LogFields, type Logger } from '@ringdown/core';
import winston from 'winston';
import { formatJson, formatPretty } from './format';
import { plainValue } from './plain-value';
import { redactText } from './redact';

type Level = 'error' | 'warn' | 'info' | 'debug';

export interface LoggerOptions {
  /** The least important level that is written. */
  readonly level: Level;
  readonly format: 'pretty' | 'json';
  /** On every line, for example `{ service: 'blackhole' }`. */
  readonly fields?: LogFields;
  /** Default: standard output. */
  readonly stream?: Writable;
}

/** The process's logger: children share its output, and whoever made it closes it. */
export interface RootLogger extends Logger {
  /** Changes what is written from now on, also by children. */
  setLevel(level: Level): void;
  /** Resolves when everything logged so far is written. Later lines are dropped. */
  close(): Promise<void>;
}

/**
 * A Logger over winston. Everything passes redaction first, so no caller has to think of it: secrets by key and by shape,
 * in messages, fields and stacks; sizes bounded. A line written on behalf of a request carries its `request_id`.
 */
export function createLogger(options: LoggerOptions): RootLogger {
  const stream = options.stream ?? process.stdout;
  const colours = options.format === 'pretty' && hasColours(stream);
  const transport = new winston.transports.Stream({ stream });
  const sink = winston.createLogger({
    level: options.level,
    levels: { error: 0, warn: 1, info: 2, debug: 3 },
    format: winston.format((info) => {
      const entry = {
        time: new Date(),
        level: info.level,
        message: String(info.message),
        fields: (info['fields'] ?? {}) as Record<string, unknown>,
      };
      const line = options.format === 'json' ? formatJson(entry) : formatPretty(entry, colours);
      // winston's transports write what is stored under this symbol.
      return Object.assign(info, { [Symbol.for('message')]: line });
    })(),
    transports: [transport],
  });
  // A closed pipe (`npm start | head`) must not end the process through an unhandled event.
  const ignore = (): void => undefined;
  stream.on('error', ignore);
  sink.on('error', ignore);

  let closed = false;
  const close = memoised(async () => {
    closed = true;
    sink.end();
    await finished(sink, { readable: false }).catch(ignore);
    await new Promise<void>((resolve) => (stream.writable ? stream.write('', () => resolve()) : resolve()));
    stream.off('error', ignore);
  });
  const write = (level: Level, message: string, fields: LogFields): void => {
    if (closed || !sink.isLevelEnabled(level)) return;
    const trace = currentTrace();
    const all = trace === undefined ? fields : { request_id: trace.requestId, ...fields };
    sink.log(level, redactText(message), { fields: plainValue(all) });
  };
  return Object.assign(boundLogger(write, options.fields ?? {}), {
    close,
    setLevel: (level: Level) => {
      sink.level = level;
    },
  });
}

function boundLogger(
  write: (level: Level, message: string, fields: LogFields) => void,
  bound: LogFields,
): Logger {
  const at =
    (level: Level) =>
    (message: string, fields?: LogFields): void =>
      write(level, message, { ...bound, ...fields });
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => boundLogger(write, { ...bound, ...fields }),
  };
}

function hasColours(stream: Writable): boolean {
  return 'hasColors' in stream && typeof stream.hasColors === 'function' && stream.hasColors() === true;
}
