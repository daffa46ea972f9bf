import type { Writable } from 'node:stream';
import { AppError, deferred, isAppError, messageOf, withDeadline } from '@ringdown/core';
import { loadSettings, printableSettings, type Environment, type Settings } from '@ringdown/config';
import { createLogger, redactText, type RootLogger } from '@ringdown/logging';
import { composeBroker, type BrokerFactory } from './compose-broker';
import { LifecycleRunner } from './lifecycle-runner';
import { usesTokenKey, withLocalSecret } from './local-identity';
import { OpsServer } from './ops-server';
import { RuntimeMetrics } from './runtime-metrics';
import type { Component, ServiceModule } from './service-module';
import { listenForShutdown, type EventSource } from './shutdown-requests';

/** The part of `process` a program runs in; only `main.ts` has the real one. */
export interface HostProcess extends EventSource {
  readonly env: Environment;
  readonly stdout: Writable;
  readonly stderr: { write(text: string, done: () => void): unknown };
  exit(code: number): unknown;
}

/** What a composition root builds its service from. */
export interface RunContext {
  readonly settings: Settings;
  readonly logger: RootLogger;
  readonly brokerFactory: BrokerFactory;
  /** For a service that serves `/metrics` itself. */
  readonly metrics: RuntimeMetrics;
  /** Aborted when the process was asked to stop; ends waiting. */
  readonly stopping: AbortSignal;
}

export interface RunOptions {
  readonly name: string;
  /** The global `process`. */
  readonly process: HostProcess;
  readonly build: (context: RunContext) => ServiceModule | Promise<ServiceModule>;
  /** For services without a listener of their own: probes and metrics on OPS_PORT. */
  readonly opsServer?: boolean;
  /**
   * `service` (default): one of several processes, which meet on RabbitMQ and share a token key. `system`: everything is
   * in here, and `build` sees to the rest.
   */
  readonly role?: 'service' | 'system';
  /** Called when everything started. */
  readonly onStarted?: (context: RunContext) => void | Promise<void>;
}

const LOG_FLUSH_TIMEOUT_MS = 2000;

/**
 * The life of a process: settings, start in order, run until a signal, stop in reverse, exit.
 *
 * Exit code 0 after a clean stop. 1 when it could not start (one sentence on standard error says why and what to do),
 * when something was thrown that nobody caught, when the stop did not end within SHUTDOWN_TIMEOUT_MS, or on a second
 * signal.
 */
export async function run(options: RunOptions): Promise<void> {
  const host = options.process;
  let settings: Settings;
  try {
    settings = completeSettings(options, loadSettings(host.env));
  } catch (error) {
    await say(host, startFailure(options.name, error));
    host.exit(1);
    return;
  }
  const logger = createLogger({
    level: quietStart(options, settings) ? 'warn' : settings.logLevel,
    format: settings.logFormat,
    fields: { service: options.name },
    stream: host.stdout,
  });
  const code = await live(options, settings, logger);
  await withDeadline(logger.close(), LOG_FLUSH_TIMEOUT_MS, 'flushing the log').catch(() => undefined);
  host.exit(code);
}

async function live(options: RunOptions, settings: Settings, logger: RootLogger): Promise<number> {
  const host = options.process;
  const stopping = new AbortController();
  const stopAsked = deferred();
  let exitCode = 0;
  const askToStop = (): void => {
    stopping.abort();
    stopAsked.resolve();
  };
  const endListening = listenForShutdown(host, {
    onStop: (signal) => {
      logger.info('stopping', { signal });
      askToStop();
    },
    onForce: (signal) => {
      logger.warn('ending at once', { signal });
      host.exit(1);
    },
    onCrash: (error, kind) => {
      exitCode = 1;
      logger.error(`an ${kind === 'exception' ? 'exception' : 'asynchronous failure'} nobody caught`, {
        error,
      });
      askToStop();
    },
  });

  let runner: LifecycleRunner | undefined;
  const metrics = new RuntimeMetrics();
  const context: RunContext = {
    settings,
    logger,
    brokerFactory: composeBroker(settings, logger, metrics.broker),
    metrics,
    stopping: stopping.signal,
  };
  logger.debug('settings', { settings: printableSettings(settings) });
  const starting = (async () => {
    const module = await options.build(context);
    if (stopping.signal.aborted) return;
    for (const service of module.parts ?? [module]) metrics.watch(service);
    runner = new LifecycleRunner({
      components: [...opsComponents(options, context, module), ...module.components],
      beginDrain: () => module.beginDrain(),
      logger,
      stopTimeoutMs: settings.shutdownTimeoutMs,
    });
    await runner.start();
    if (!stopping.signal.aborted) await options.onStarted?.(context);
    logger.setLevel(settings.logLevel);
  })();

  try {
    await Promise.race([starting.then(() => stopAsked.promise), stopAsked.promise]);
  } catch (error) {
    exitCode = 1;
    logger.debug('could not start', { error });
    await say(host, startFailure(options.name, error));
  }
  try {
    await runner?.stop();
  } catch {
    // The runner has logged what was left behind.
    exitCode = 1;
  }
  logger.debug('stopped', { exitCode });
  endListening();
  return exitCode;
}

function completeSettings(options: RunOptions, settings: Settings): Settings {
  if (options.role === 'system') return settings;
  if (!settings.amqpUrls) {
    throw new AppError(
      'validation_failed',
      `${options.name} runs alone only with a RabbitMQ that connects it to the other services: set RINGDOWN_AMQP_URL, or run everything in one process with npm start.`,
    );
  }
  return usesTokenKey(options.name) ? withLocalSecret(settings) : settings;
}

/** A person who starts the whole system wants its banner, not a line from every part of it. */
function quietStart(options: RunOptions, settings: Settings): boolean {
  return options.role === 'system' && settings.logLevel === 'info' && settings.logFormat === 'pretty';
}

function opsComponents(
  options: RunOptions,
  { settings, logger, metrics }: RunContext,
  module: ServiceModule,
): Component[] {
  if (options.opsServer !== true) return [];
  // First, so that probes are answered while the rest still waits for what it depends on.
  const server = new OpsServer({
    host: settings.host,
    port: settings.opsPort,
    logger,
    readiness: () => module.readiness(),
    metrics: () => [...metrics.registries(), module.metrics],
  });
  return [server];
}

/** What the person at the terminal reads. An error of ours says all there is to say; a stack would only hide it. */
function startFailure(name: string, error: unknown): string {
  if (isAppError(error)) return redactText(error.message);
  return redactText(`${name} could not start: ${messageOf(error)} (RINGDOWN_LOG_LEVEL=debug shows where).`);
}

function say(host: HostProcess, text: string): Promise<void> {
  return new Promise((resolve) => host.stderr.write(`${text}\n`, () => resolve()));
}
