// npm run tail: prints every event of a running system.
import { ApiClient } from './lib/api-client.mjs';
import { ALL_BINDINGS, completeBindings, eventLine, gapLine } from './lib/event-lines.mjs';
import { followEvents } from './lib/event-stream.mjs';
import { socketUrlsOf, targetOf } from './lib/target.mjs';
import { connectionHelp, connectionOptions, runTool } from './lib/tool.mjs';

const help = `npm run tail [-- [BINDING ...] [options]]

Logs in and prints every event as it happens; connects again by itself. Bindings narrow it down, for example:
  npm run tail -- call.CHANNEL_CREATE.*
  npm run tail -- call object.doc_created.user
Wildcards at the end may be left out (some shells refuse a bare *): call is call.*.*

  --json                one JSON object per line, as the socket delivered it
  --account-id ID       only events of this account (default: of all accounts for a super admin, else your own)
  --ws-url URL          the WebSocket address (default: the server's /ws, else its port RINGDOWN_WS_PORT)
${connectionHelp}`;

await runTool({
  help,
  positionals: true,
  options: {
    ...connectionOptions,
    json: { type: 'boolean' },
    'account-id': { type: 'string' },
    'ws-url': { type: 'string' },
  },
  async main(values, bindings) {
    const target = targetOf(values);
    const stop = new AbortController();
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop.abort());
    // `npm run tail | head`: nobody reads any more.
    process.stdout.on('error', () => stop.abort());
    const note = (text) => console.error(`-- ${text}`);
    const terminal = process.stdout.isTTY;
    const show = (frame) => {
      if (values.json) console.log(JSON.stringify(frame));
      else if (frame.action === 'event') {
        const look = {
          width: terminal ? process.stdout.columns : 0,
          colours: terminal && process.stdout.hasColors(),
        };
        console.log(eventLine(frame, look));
      } else if (frame.action === 'gap') console.log(gapLine(frame));
    };
    await followEvents({
      client: new ApiClient(target),
      socketUrls: values['ws-url'] === undefined ? socketUrlsOf(target.url) : [values['ws-url']],
      bindings: bindings.length > 0 ? bindings.flatMap(completeBindings) : ALL_BINDINGS,
      optional: bindings.length === 0,
      accountId: values['account-id'],
      onFrame: show,
      onNote: note,
      signal: stop.signal,
    });
  },
});
