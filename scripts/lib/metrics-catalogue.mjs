/** Answers every question of a gauge; nobody reads the value. */
const nothing = new Proxy({}, { get: () => () => 0 });

/** Every place where metrics are made: the title of its section, who has them, and their registry. */
const sources = [
  {
    title: 'Every service',
    module: '../../libs/runtime/dist/runtime-metrics.js',
    registry: ({ RuntimeMetrics }) => new RuntimeMetrics().registry,
  },
  service('api-gateway', 'app/metrics.js', ({ ApiMetrics }) => new ApiMetrics().registry),
  service('blackhole', 'adapters/prom-metrics.js', observed),
  service('channels', 'adapters/prom-metrics.js', observed),
  service('call-producer', 'adapters/prom-metrics.js', observed),
  service('object-producer', 'adapters/prom-metrics.js', made),
  service('message-producer', 'adapters/prom-metrics.js', made),
];

/**
 * All metrics of the system by section, without the values: what the process itself tells (`process_…`, `nodejs_…`) is
 * prom-client's and left out.
 *
 * @returns {Promise<{ title: string, metrics: { name: string, type: string, help: string, labels: string[] }[] }[]>}
 */
export async function metricsOfAll() {
  return Promise.all(
    sources.map(async ({ title, module, registry }) => ({
      title,
      metrics: describe(registry(await import(module))),
    })),
  );
}

function service(name, file, registry) {
  return { title: `\`${name}\``, module: `../../services/${name}/dist/${file}`, registry };
}

function observed({ createPromMetrics }) {
  const metrics = createPromMetrics();
  metrics.observe(nothing);
  return metrics.registry;
}

function made({ createPromMetrics }) {
  return createPromMetrics({ database: nothing, outbox: nothing }).registry;
}

function describe(registry) {
  // A registry lists what it holds without asking for values; the names of labels are the metric's own.
  return registry.getMetricsAsArray().map(({ name, type, help, labelNames = [] }) => ({
    name,
    type,
    help: help.replace(/\.$/, ''),
    labels: [...labelNames],
  }));
}
