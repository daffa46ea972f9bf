/** What the page at `/` says. */
export interface LandingPageFacts {
  readonly version: string;
  /** The Host header; shown only when it is a plain host name or address with a port. */
  readonly host: string;
  readonly wsPort: number;
  /** A proxy handed the request on: then what this process listens to says nothing, and probes are out of reach. */
  readonly forwarded: boolean;
  /** The browser's connection is encrypted, as far as a proxy says. */
  readonly encrypted: boolean;
  readonly documents: readonly string[];
}

/** The page at `/`: what this is, its URLs, its documentation. No scripts, nothing loaded from elsewhere. */
export function landingPage({
  version,
  host,
  wsPort,
  forwarded,
  encrypted,
  documents,
}: LandingPageFacts): string {
  const safeHost = /^[A-Za-z0-9.-]+(:\d+)?$|^\[[0-9A-Fa-f:]+\](:\d+)?$/.test(host) ? host : 'localhost';
  const bareHost = safeHost.replace(/:\d+$/, '');
  const links = documents.map((name) => `<li><a href="/docs/${name}">${name}</a></li>`).join('');
  const s = encrypted ? 's' : '';
  const sockets = forwarded
    ? `<code>ws${s}://${safeHost}/ws</code>.`
    : `<code>ws://${bareHost}:${wsPort}/</code>; one process serves <code>ws${s}://${safeHost}/ws</code>, too.`;
  const operations = forwarded
    ? ''
    : `
  <dt>Operations</dt><dd><a href="/healthz">/healthz</a>, <a href="/readyz">/readyz</a>, <a href="/metrics">/metrics</a></dd>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Ringdown</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 3rem auto; padding: 0 1rem; }
  code, pre { font: .9rem/1.5 ui-monospace, monospace; }
  dt { font-weight: 600; margin-top: .75rem; } dd { margin: 0; }
  @media (prefers-color-scheme: dark) { body { background: #16181c; color: #dde1e6; } a { color: #8ab4f8; } }
</style>
<h1>Ringdown</h1>
<p>A real-time event platform for communications software: what happens (calls, conferences, faxes, changed
documents, chat messages) is pushed to every WebSocket that subscribed to it and may see it. Version ${version}.</p>
<dl>
  <dt>REST</dt><dd><code>http${s}://${safeHost}/v2/…</code>, for example <a href="/v2/websockets?pretty_print=true">/v2/websockets</a>:
  what can be subscribed to</dd>
  <dt>WebSockets</dt><dd>${sockets}
  The events hub is at <code>/api/v1/ws/subscribe</code>, STOMP at <code>/ws.communication</code></dd>${operations}
</dl>
${forwarded ? '' : '<p>Watch events in a terminal with <code>npm run tail</code>; make some with <code>npm run demo</code>.</p>'}
${links === '' ? '' : `<h2>Documentation</h2>\n<ul>${links}</ul>`}
</html>
`;
}
