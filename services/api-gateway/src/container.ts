import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CredentialAuthenticator,
  createPrincipalDirectory,
  TokenCodec,
  type PrincipalDirectory,
} from '@ringdown/auth';
import type { Broker } from '@ringdown/broker';
import type { Settings } from '@ringdown/config';
import { bindingCatalogue } from '@ringdown/contracts';
import { AppError, newId, systemClock, type Clock, type Logger } from '@ringdown/core';
import { HttpListener, hubErrorBody, parseTrustedProxies } from '@ringdown/http';
import type { Readiness } from '@ringdown/runtime';
import type { Router } from 'express';
import { container, instanceCachingFactory, type DependencyContainer } from 'tsyringe';
import type { Registry } from 'prom-client';
import { AiryDispatcher } from './airy/airy-dispatcher';
import { airyEndpoints } from './airy/airy-endpoints';
import { airyRouter } from './airy/airy-router';
import { Access } from './app/access';
import { EventPublisher } from './app/event-publisher';
import { ApiMetrics } from './app/metrics';
import { RateLimiter } from './app/rate-limiter';
import { Rpc } from './app/rpc';
import { SocketHolder } from './app/socket-holder';
import { Dispatcher } from './crossbar/dispatcher';
import type { Resource } from './crossbar/endpoint';
import { Envelopes } from './crossbar/envelope';
import { SchemaCatalogue } from './domain/schemas/schema-catalogue';
import { HttpFront } from './front/http-front';
import { accountResources } from './handlers/accounts.resources';
import { createApiApp } from './handlers/api-app';
import { authResources } from './handlers/auth.resources';
import { channelResources } from './handlers/channels.resources';
import { conferenceResource } from './handlers/conferences.resource';
import { documentCollections } from './handlers/document-collections';
import { documentResources } from './handlers/documents.resources';
import { eventsResource } from './handlers/events.resource';
import { rootRoutes } from './handlers/root.routes';
import { schemaResources } from './handlers/schemas.resources';
import { websocketResources } from './handlers/websockets.resources';
import { authTokenResource } from './hub/auth-token.resource';
import { clientResources } from './hub/clients.resources';
import { HubDispatcher } from './hub/hub-dispatcher';
import { hubRouter } from './hub/hub-router';
import { ReadinessProbe } from './readiness';
import { TOKENS } from './tokens';

/** What this service is given by whoever composes the process. */
export interface ApiGatewayPorts {
  readonly brokerFactory: (service: string) => Broker;
  readonly logger: Logger;
  readonly clock?: Clock;
  /** Default: the cached directory over the broker. */
  readonly directoryFactory?: (broker: Broker) => PrincipalDirectory;
  /** Shown at `/metrics` after this service's own: process metrics, other services of the process. */
  readonly extraMetrics?: () => readonly Registry[];
  /** The answer of `/readyz`. Default: this service's own; a process of several services says whether all are ready. */
  readonly readiness?: () => Readiness;
  /** The port WebSockets are served on, for the page at `/`. Default: the setting. */
  readonly wsPort?: () => number;
}

export const SERVICE = 'api-gateway';
/** From `src` and from `dist` alike. */
const packageFolder = join(__dirname, '..');
const repository = join(packageFolder, '..', '..');

/** The composition root: every part by its token, top to bottom in start order. */
export function buildContainer(settings: Settings, ports: ApiGatewayPorts): DependencyContainer {
  const child = container.createChildContainer();
  const bind = <T>(token: symbol, make: (from: DependencyContainer) => T): void => {
    child.register<T>(token, { useFactory: instanceCachingFactory(make) });
  };
  const logger = ports.logger.child({ service: SERVICE });

  bind<Broker>(TOKENS.broker, () => ports.brokerFactory(SERVICE));
  bind<PrincipalDirectory>(TOKENS.directory, (from) => {
    const broker = from.resolve<Broker>(TOKENS.broker);
    if (ports.directoryFactory) return ports.directoryFactory(broker);
    if (!settings.authSecrets) {
      throw new AppError(
        'bad_request',
        'RINGDOWN_AUTH_SECRET is not set: tokens cannot be checked without it.',
      );
    }
    const tokens = new TokenCodec(settings.authSecrets, ports.clock);
    return createPrincipalDirectory({
      broker,
      tokens,
      logger,
      ...(ports.clock ? { clock: ports.clock } : {}),
    });
  });
  bind(TOKENS.metrics, () => new ApiMetrics());
  bind(
    TOKENS.envelopes,
    (from) => new Envelopes(from.resolve<Broker>(TOKENS.broker).instance, packageVersion(), ports.clock),
  );
  bind(
    TOKENS.front,
    (from) =>
      new HttpFront({
        directory: from.resolve<PrincipalDirectory>(TOKENS.directory),
        limiter: new RateLimiter(
          { capacity: settings.apiRateCapacity, refillPerSecond: settings.apiRatePerSecond },
          ports.clock,
        ),
        metrics: from.resolve<ApiMetrics>(TOKENS.metrics),
        logger,
        trustedProxies: parseTrustedProxies(settings.trustProxy),
        maxBodyBytes: settings.apiBodyMaxBytes,
        logRequests: settings.logRequests ?? true,
      }),
  );
  bind(
    TOKENS.dispatcher,
    (from) =>
      new Dispatcher(from.resolve<HttpFront>(TOKENS.front), from.resolve<Envelopes>(TOKENS.envelopes)),
  );
  bind(TOKENS.schemas, () => new SchemaCatalogue());
  bind<readonly Resource[]>(TOKENS.resources, (from) => {
    const schemas = from.resolve<SchemaCatalogue>(TOKENS.schemas);
    const broker = from.resolve<Broker>(TOKENS.broker);
    const directory = from.resolve<PrincipalDirectory>(TOKENS.directory);
    const rpc = new Rpc(broker, settings.apiRequestTimeoutMs);
    const access = new Access(directory);
    return [
      ...authResources(rpc, directory, 'ringdown'),
      ...accountResources(rpc, access),
      ...documentCollections.flatMap((collection) => documentResources(rpc, access, collection)),
      eventsResource(new EventPublisher(broker, settings.apiRequestTimeoutMs), access),
      ...channelResources({
        rpc,
        access,
        schemas,
        systemWideList: settings.channelsSystemWideList ?? false,
        clock: ports.clock ?? systemClock,
      }),
      conferenceResource(rpc, broker, access, settings.apiRequestTimeoutMs),
      ...schemaResources(schemas),
      ...websocketResources(rpc, new SocketHolder(rpc, broker), access, {
        documented: bindingCatalogue(),
        all: bindingCatalogue({ families: 'all' }),
      }),
    ];
  });
  const hubDialect = (from: DependencyContainer): Router => {
    const broker = from.resolve<Broker>(TOKENS.broker);
    const directory = from.resolve<PrincipalDirectory>(TOKENS.directory);
    const rpc = new Rpc(broker, settings.apiRequestTimeoutMs);
    const dispatcher = new HubDispatcher(
      from.resolve<HttpFront>(TOKENS.front),
      new CredentialAuthenticator({ broker, directory }),
      { tokenInQuery: settings.wsHubTokenInQuery },
    );
    return hubRouter(dispatcher, [
      authTokenResource(rpc),
      ...clientResources(rpc, new SocketHolder(rpc, broker)),
    ]);
  };
  bind<readonly Router[]>(TOKENS.dialects, (from) => {
    const front = from.resolve<HttpFront>(TOKENS.front);
    const access = new Access(from.resolve<PrincipalDirectory>(TOKENS.directory));
    const rpc = new Rpc(from.resolve<Broker>(TOKENS.broker), settings.apiRequestTimeoutMs);
    return [hubDialect(from), airyRouter(new AiryDispatcher(front, access), airyEndpoints(rpc))];
  });
  bind(
    TOKENS.readiness,
    (from) =>
      new ReadinessProbe(
        from.resolve<Broker>(TOKENS.broker),
        from.resolve<PrincipalDirectory>(TOKENS.directory),
      ),
  );
  bind(TOKENS.listener, (from) => {
    const envelopes = from.resolve<Envelopes>(TOKENS.envelopes);
    const readiness = from.resolve<ReadinessProbe>(TOKENS.readiness);
    const metrics = from.resolve<ApiMetrics>(TOKENS.metrics);
    const app = createApiApp({
      dispatcher: from.resolve<Dispatcher>(TOKENS.dispatcher),
      resources: from.resolve<readonly Resource[]>(TOKENS.resources),
      ops: {
        readiness: ports.readiness ?? (() => readiness.check()),
        metrics: () => [metrics.registry, ...(ports.extraMetrics?.() ?? [])],
      },
      dialects: from.resolve<readonly Router[]>(TOKENS.dialects),
      root: rootRoutes({
        version: packageVersion(),
        wsPort: ports.wsPort ?? (() => settings.wsPort),
        repository,
      }),
    });
    return new HttpListener({
      host: settings.host,
      port: settings.apiPort,
      portSetting: 'RINGDOWN_API_PORT',
      app,
      logger,
      // What is left of the process's deadline belongs to the broker, which stops last.
      drainTimeoutMs: Math.ceil(settings.shutdownTimeoutMs / 2),
      // Whose request it was to be cannot be known: the answer is one that clients of either dialect can read.
      renderParseError: (status, message) => ({
        ...hubErrorBody(status, message, { error: 'bad_request', path: '' }),
        ...envelopes.error(status, 'bad request', { data: { message }, requestId: newId() }),
      }),
    });
  });
  return child;
}

function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
