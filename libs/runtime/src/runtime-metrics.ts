import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import { BrokerMetrics } from './broker-metrics';
import { processMetrics } from './process-metrics';
import type { ServiceModule } from './service-module';

type Watched = Pick<ServiceModule, 'name' | 'readiness'>;

/** The metrics that every service has without doing anything for them, and the process its services run in. */
export class RuntimeMetrics {
  readonly broker: BrokerMetrics;
  readonly registry = new Registry();
  private readonly services: Watched[] = [];
  private readonly buildInfo: Gauge<'service' | 'version'>;

  constructor(private readonly version = packageVersion()) {
    this.broker = new BrokerMetrics(this.registry);
    const registers = [this.registry];
    const { services } = this;
    this.buildInfo = new Gauge({
      name: 'ringdown_build_info',
      help: '1; the version is in the label',
      labelNames: ['service', 'version'],
      registers,
    });
    new Gauge({
      name: 'ringdown_ready',
      help: '1 while the service wants requests, as /readyz tells',
      labelNames: ['service'],
      registers,
      collect() {
        for (const it of services) this.set({ service: it.name }, Number(it.readiness().ready));
      },
    });
    new Gauge({
      name: 'ringdown_ready_check',
      help: '1 for each check of /readyz that says ok',
      labelNames: ['service', 'check'],
      registers,
      collect() {
        // A check may go: an instance that stands by has another one than the active.
        this.reset();
        for (const it of services) {
          for (const [check, text] of Object.entries(it.readiness().checks)) {
            this.set({ service: it.name, check }, Number(text === 'ok'));
          }
        }
      },
    });
  }

  /** From now on tells about this service, too. */
  watch(service: Watched): void {
    this.services.push(service);
    this.buildInfo.set({ service: service.name, version: this.version }, 1);
  }

  /** Everything there is beside what a service counts itself. */
  registries(): readonly Registry[] {
    return [processMetrics(), this.registry];
  }
}

/** All packages are released together under one version. */
function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(join(__dirname, '..', 'package.json'), 'utf8')) as {
    version: string;
  };
  return manifest.version;
}
