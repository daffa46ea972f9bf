/** What a person needs to know to use the running system. */
export interface BannerFacts {
  /** Why requests may fail now, a line each; empty when the system is ready. */
  readonly notReady: readonly string[];
  readonly host: string;
  readonly apiPort: number;
  readonly wsPort: number;
  /** `embedded` or the servers, without credentials. */
  readonly broker: string;
  readonly database: string;
  /** Where calls come from. */
  readonly calls: string;
  /** Where conversations come from. */
  readonly chats: string;
  readonly accountName: string;
  readonly accountId: string | undefined;
  readonly username: string;
  /** Undefined when it is not the one that was set here: the database was made with another. */
  readonly password: string | undefined;
  readonly passwordSource: string;
  /** Where the tools look for the password when nothing is said; see `scripts/lib/target.mjs`. */
  readonly usualPasswordSource: string;
}

/** Where the tools look for REST when nothing is said. */
const USUAL_URL = 'http://127.0.0.1:8000';

export const READY = 'Ringdown is ready.';

/** What is printed at a start, when everything has started. */
export function banner(facts: BannerFacts): string {
  const host = hostForUrl(facts.host);
  const api = `http://${host}:${facts.apiPort}`;
  const rows: [string, string][] = [
    ['page', `${api}/`],
    ['REST', `${api}/v2`],
    ['sockets', `ws://${host}:${facts.wsPort}/   and   ws://${host}:${facts.apiPort}/ws`],
    ['broker', facts.broker],
    ['database', facts.database],
    ['calls', facts.calls],
    ['chats', facts.chats],
    ['account', `${facts.accountName}${facts.accountId === undefined ? '' : `  (id ${facts.accountId})`}`],
    ['user', facts.username],
    ['password', passwordText(facts)],
  ];
  const options = toolOptions(facts, api);
  const width = Math.max(...rows.map(([label]) => label.length));
  return [
    '',
    ...headline(facts.notReady),
    '',
    ...rows.map(([label, text]) => `  ${label.padEnd(width)}  ${text}`),
    '',
    'In a second terminal: watch every event, then make some.',
    '',
    `  npm run tail${options}`,
    `  npm run demo${options}`,
    '',
  ].join('\n');
}

function headline(notReady: readonly string[]): string[] {
  if (notReady.length === 0) return [READY];
  return [
    'Ringdown has started, but is not ready yet:',
    '',
    ...notReady.map((line) => `  ${line}`),
    '',
    'It says here when it is. What works already is at',
  ];
}

/** What the tools must be told because it is not the usual. */
function toolOptions({ passwordSource, usualPasswordSource }: BannerFacts, api: string): string {
  const options = [
    ...(api === USUAL_URL ? [] : ['--url', api]),
    ...(passwordSource === usualPasswordSource ? [] : ['--password-file', passwordSource]),
  ];
  return options.length === 0 ? '' : ` -- ${options.join(' ')}`;
}

function passwordText({ password, passwordSource }: BannerFacts): string {
  return password === undefined
    ? `not the one in ${passwordSource}: this database was made with another`
    : `${password}   (${passwordSource})`;
}

/** An address to type into a browser: "everywhere" is reached through this machine's own name for itself. */
function hostForUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
