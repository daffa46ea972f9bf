const INTRODUCTION = `# Configuration

<!-- Written by scripts/docs-config.mjs from libs/config/src/catalogue.ts; do not edit by hand. -->

Settings come from environment variables. Every one can also be given as \`NAME_FILE\`, the path of a file that holds the
value (a line break at its end is cut), which is how secrets are best handed over. An empty value counts as unset.

An unknown variable with the prefix \`RINGDOWN_\`, a value that cannot be used, or a setting given both ways ends the start
with one message that lists every problem. Secrets are never printed.

"Holds per" says whether a limit counts in each process (\`instance\`) or must be, or counts, the same over all of them
(\`cluster\`). "One process" is \`npm start\`; "on loopback" is with a \`RINGDOWN_HOST\` that only this machine reaches.
`;

const AREAS = [
  ['Servers and files', ['AMQP_URL', 'DATABASE_URL', 'DATA_DIR', 'BROKER_']],
  ['Listening', ['HOST', 'API_PORT', 'WS_PORT', 'OPS_PORT', 'TRUST_PROXY']],
  ['Identity', ['AUTH_', 'BOOTSTRAP_']],
  ['REST', ['API_']],
  ['Sockets', ['WS_']],
  ['Logs and stopping', ['LOG_', 'SHUTDOWN_']],
];

/** The reference page of all settings, in Markdown. */
export function configurationPage(settings, toolVariables, composeVariables) {
  const left = new Set(settings);
  const sections = AREAS.map(([title, prefixes]) => {
    const rows = [...left].filter(({ variable }) =>
      prefixes.some((prefix) => variable.slice('RINGDOWN_'.length).startsWith(prefix)),
    );
    rows.forEach((row) => left.delete(row));
    return section(title, rows);
  });
  if (left.size > 0) sections.push(section('Others', [...left]));
  return [INTRODUCTION, ...sections, tools(toolVariables, composeVariables)].join('\n');
}

function section(title, rows) {
  const head =
    '| Variable | Default | Value | What it does | Holds per | Read by |\n| --- | --- | --- | --- | --- | --- |';
  return `## ${title}\n\n${[head, ...rows.map(row)].join('\n')}\n`;
}

function row({ variable, doc, expects, default: fallback, scope, secret, usedBy }) {
  const value = secret ? `${expects} (secret)` : expects;
  return `| ${[`\`${variable}\``, fallback, value, doc, scope, usedBy.join(', ')].map(cell).join(' | ')} |`;
}

function cell(text) {
  return text.replaceAll('|', '\\|');
}

function tools(toolVariables, composeVariables) {
  return `## Tools and compose

\`npm run tail\`, \`demo\`, \`publish\` and \`env\` also read ${listOf(toolVariables)}: where the server is and whom to log in as. The
[compose file](../docker-compose.yml) reads ${listOf(composeVariables)}, which [docker/README.md](../docker/README.md) explains. Services
ignore them, and everything that begins with \`RINGDOWN_TEST_\`, which is the tests' own.
`;
}

function listOf(names) {
  return names.map((name) => `\`RINGDOWN_${name}\``).join(', ');
}
