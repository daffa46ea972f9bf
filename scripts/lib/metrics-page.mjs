const INTRODUCTION = `# Metrics

<!-- Written by scripts/docs-metrics.mjs from what the services make; do not edit by hand. -->

Each service serves them as Prometheus text at \`/metrics\`: \`api-gateway\` on \`RINGDOWN_API_PORT\`, \`blackhole\` on
\`RINGDOWN_WS_PORT\`, the others on \`RINGDOWN_OPS_PORT\`. One process of several services (\`npm start\`) shows all of them on
one page; \`service\` tells apart what they share. What prom-client says of every process (\`process_…\`, \`nodejs_…\`) is there,
too.

Names are \`ringdown_<area>_<what>_<unit>\`. Labels are closed sets: routes are templates, operations and exchanges those of
the contracts, outcomes \`ok\` or an error code; an id, a path or a name that a client made up is never a label. A counter ends
in \`_total\`, a histogram has \`_bucket\`, \`_sum\` and \`_count\`. [docker/observability](../docker/observability) has alert rules and
a dashboard over them.
`;

/** The reference page of all metrics, in Markdown. */
export function metricsPage(sections) {
  return [INTRODUCTION, ...sections.map(section)].join('\n');
}

function section({ title, metrics }) {
  const head = '| Metric | Type | Labels | What it tells |\n| --- | --- | --- | --- |';
  return `## ${title}\n\n${[head, ...metrics.map(row)].join('\n')}\n`;
}

function row({ name, type, help, labels }) {
  const cells = [`\`${name}\``, type, labels.map((label) => `\`${label}\``).join(', '), help];
  return `| ${cells.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
}
