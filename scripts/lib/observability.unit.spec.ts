import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { parse } from 'yaml';

const root = join(__dirname, '..', '..');
const folder = join(root, 'docker', 'observability');
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');

interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels?: { readonly severity?: string };
  readonly annotations?: { readonly summary?: string; readonly runbook_url?: string };
}
interface Target {
  readonly expr: string;
  readonly datasource: { readonly uid: string };
}
interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
}

const rules = readdirSync(join(folder, 'prometheus', 'rules')).flatMap((file) =>
  (parse(read(folder, 'prometheus', 'rules', file)) as { groups: { rules: Rule[] }[] }).groups.flatMap(
    (group) => group.rules,
  ),
);
const alerts = rules.filter((rule): rule is Rule & { alert: string } => rule.alert !== undefined);
const dashboard = JSON.parse(read(folder, 'grafana', 'dashboards', 'ringdown.json')) as {
  panels: Panel[];
  annotations: { list: { expr: string }[] };
};
const panels = dashboard.panels.filter(({ type }) => type !== 'row');

/** Name of a series -> its labels, beside those that Prometheus adds. */
const known = new Map<string, readonly string[]>([
  ...metricsOfThePage(),
  ...rules.flatMap(({ record }): [string, string[]][] => (record === undefined ? [] : [[record, []]])),
  // What Prometheus, prom-client and RabbitMQ tell by themselves.
  ['up', []],
  ['ALERTS', ['alertstate']],
  ...[
    'process_start_time_seconds',
    'process_open_fds',
    'process_max_fds',
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes',
    'rabbitmq_alarms_memory_used_watermark',
    'rabbitmq_alarms_free_disk_space_watermark',
    'rabbitmq_queue_messages_ready',
    'rabbitmq_queue_messages_unacked',
    'rabbitmq_process_resident_memory_bytes',
    'rabbitmq_resident_memory_limit_bytes',
  ].map((name): [string, string[]] => [name, []]),
]);
const ADDED = ['job', 'instance'];

function metricsOfThePage(): [string, readonly string[]][] {
  const rows = read(root, 'docs', 'metrics.md').matchAll(/^\| `(\w+)` +\| (\w+) +\| ([^|]*)\|/gm);
  return [...rows].flatMap(([, name, type, labels]): [string, readonly string[]][] => {
    const names = [...labels!.matchAll(/`(\w+)`/g)].map(([, label]) => label!);
    if (type !== 'histogram') return [[name!, names]];
    return ['_bucket', '_sum', '_count'].map((suffix) => [`${name}${suffix}`, [...names, 'le']]);
  });
}

/** What an expression asks for: series with the labels they are selected by. Throws when it is no PromQL. */
function selectors(expr: string): { name: string; labels: string[] }[] {
  // A variable that Grafana fills in.
  const text = expr.replaceAll('$__rate_interval', '1m');
  const found: { name: string; labels: string[] }[] = [];
  parser.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) throw new Error(`not PromQL at character ${node.from}: ${expr}`);
      if (node.name !== 'VectorSelector') return;
      const names = { name: '', labels: [] as string[] };
      node.node.cursor().iterate((part) => {
        if (part.name === 'Identifier') names.name = text.slice(part.from, part.to);
        if (part.name === 'LabelName') names.labels.push(text.slice(part.from, part.to));
      });
      found.push(names);
    },
  });
  return found;
}

const expressions: [string, string][] = [
  ...rules.map(({ alert, record, expr }): [string, string] => [alert ?? record!, expr]),
  ...panels.flatMap(({ title, targets }) => targets!.map(({ expr }): [string, string] => [title, expr])),
  ...dashboard.annotations.list.map(({ expr }): [string, string] => ['annotations', expr]),
];

describe('rules and dashboard', () => {
  it.each(expressions)('%s asks for metrics and labels there are: %s', (_where, expr) => {
    const asked = selectors(expr);

    expect(asked.length).toBeGreaterThan(0);
    for (const { name, labels } of asked) {
      expect([...known.keys()]).toContain(name);
      for (const label of labels) expect([...known.get(name)!, ...ADDED]).toContain(label);
    }
  });

  it('notice an expression that is none, and metrics that are not there', () => {
    expect(() => selectors('sum(rate(up[5m])')).toThrow('not PromQL');
    expect(selectors('rate(a_total{b="c"}[5m]) / on (d) e')).toEqual([
      { name: 'a_total', labels: ['b'] },
      { name: 'e', labels: [] },
    ]);
    expect(known.get('ringdown_broker_request_seconds_bucket')).toContain('le');
    expect(known.has('ringdown_broker_request_seconds')).toBe(false);
  });
});

describe('each alert', () => {
  it.each(alerts)('$alert waits, has a severity, says what is the matter and where to read on', (rule) => {
    expect(rule.for).toMatch(/^\d+m$/);
    expect(['critical', 'warning']).toContain(rule.labels?.severity);
    expect(rule.annotations?.summary).toMatch(/^.+\.$|: .+\.$/);
    expect(rule.annotations?.runbook_url).toBe(`docs/operations.md#alert-${rule.alert.toLowerCase()}`);
  });

  it('has a name of its own, and a test that it fires', () => {
    const names = alerts.map(({ alert }) => alert);
    const { tests } = parse(read(folder, 'prometheus-tests', 'alerts.yml')) as {
      tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
    };
    const fired = tests
      .flatMap((test) => test.alert_rule_test ?? [])
      .filter((test) => test.exp_alerts.length > 0)
      .map(({ alertname }) => alertname);

    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !fired.includes(name))).toEqual([]);
  });
});

describe('the dashboard', () => {
  it('reads from the data source that is provisioned', () => {
    const { datasources } = parse(
      read(folder, 'grafana', 'provisioning', 'datasources', 'prometheus.yml'),
    ) as { datasources: { uid: string }[] };
    const used = panels.flatMap(({ targets }) => targets!.map(({ datasource }) => datasource.uid));

    expect([...new Set(used)]).toEqual(datasources.map(({ uid }) => uid));
  });

  it('has no two panels in one place, with one id, or with one title', () => {
    const cells = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, n) => `${x + (n % w)}/${y + Math.floor(n / w)}`),
    );

    expect(new Set(cells).size).toBe(cells.length);
    expect(Math.max(...dashboard.panels.map(({ gridPos: { x, w } }) => x + w))).toBe(24);
    for (const key of ['id', 'title'] as const) {
      expect(new Set(dashboard.panels.map((panel) => panel[key])).size).toBe(dashboard.panels.length);
    }
  });
});

describe('Prometheus', () => {
  it('looks for every service where it listens in the composed system', () => {
    const { scrape_configs: jobs } = parse(read(folder, 'prometheus', 'prometheus.yml')) as {
      scrape_configs: {
        job_name: string;
        dns_sd_configs?: { names: string[]; type: string; port: number }[];
      }[];
    };
    const ports = Object.fromEntries(
      jobs.flatMap(({ dns_sd_configs: found = [] }) =>
        found.map(({ names, type, port }): [string, string] => [names.join(), `${type} ${port}`]),
      ),
    );

    expect(ports).toEqual({
      'api-gateway': 'A 8000',
      blackhole: 'A 5555',
      channels: 'A 9100',
      'call-producer': 'A 9100',
      'object-producer': 'A 9100',
      'message-producer': 'A 9100',
      rabbitmq: 'A 15692',
    });
  });
});

const promtool = process.env['RINGDOWN_TEST_PROMTOOL'] ?? 'promtool';
const missing = spawnSync(promtool, ['--version']).error !== undefined;
const reason = 'needs promtool: install the package prometheus, or name it in RINGDOWN_TEST_PROMTOOL';

(missing ? describe.skip : describe)(missing ? `promtool [${reason}]` : 'promtool', () => {
  it.each([
    ['takes the configuration', ['check', 'config', 'prometheus/prometheus.yml']],
    ['sees the alerts fire when they should', ['test', 'rules', 'prometheus-tests/alerts.yml']],
  ])('%s', (_what, args) => {
    const { status, stdout, stderr } = spawnSync(promtool, args, { cwd: folder, encoding: 'utf8' });

    expect(status === 0 ? '' : `${stdout}\n${stderr}`).toBe('');
  });
});
