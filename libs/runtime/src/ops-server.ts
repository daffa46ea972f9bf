import type { Logger } from '@ringdown/core';
import { createApp, HttpListener, opsRoutes } from '@ringdown/http';
import type { Registry } from 'prom-client';
import type { Component, Readiness } from './service-module';

export interface OpsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly logger: Logger;
  readonly readiness: () => Readiness;
  readonly metrics: () => readonly Registry[];
}

/** `/healthz`, `/readyz` and `/metrics` for a service that listens on no other port. */
export class OpsServer implements Component {
  readonly name = 'operations listener';
  private readonly listener: HttpListener;

  constructor(options: OpsServerOptions) {
    const app = createApp();
    app.use(opsRoutes({ readiness: options.readiness, metrics: options.metrics }));
    this.listener = new HttpListener({
      host: options.host,
      port: options.port,
      portSetting: 'RINGDOWN_OPS_PORT',
      app,
      logger: options.logger,
    });
  }

  get port(): number {
    return this.listener.port;
  }

  start(): Promise<void> {
    return this.listener.start();
  }

  stop(): Promise<void> {
    return this.listener.stop();
  }
}
