import type { Lifecycle } from '@ringdown/core';
import type { Registry } from 'prom-client';

/** One long-lived part of a service, named for logs. */
export interface Component extends Lifecycle {
  readonly name: string;
}

/** The part under its name. */
export function component(name: string, part: Lifecycle): Component {
  return { name, start: () => part.start(), stop: () => part.stop() };
}

/** The answer of `/readyz`: ready only when every check says `ok`. */
export interface Readiness {
  readonly ready: boolean;
  /** Check name -> `ok` or one sentence why not. */
  readonly checks: Readonly<Record<string, string>>;
}

/** A service as its composition root builds it and `run` or the standalone process drives it. */
export interface ServiceModule {
  readonly name: string;
  /** Started in this order, stopped in reverse. */
  readonly components: readonly Component[];
  readiness(): Readiness;
  /** Called first on shutdown: refuse new work, so that probes take the instance out before anything closes. */
  beginDrain(): void;
  /** What this service counts itself; what every service has, and the process, is the runtime's. */
  readonly metrics: Registry;
  /** The services a process of several consists of, to be told apart in metrics. Default: this one. */
  readonly parts?: readonly ServiceModule[];
}
