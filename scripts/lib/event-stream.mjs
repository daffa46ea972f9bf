import { ToolError } from './tool.mjs';

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4_000;
/** What a gateway answers an ordinary account that asks for the events of all. */
const NOT_SUPER_ADMIN = 'unauthorized wildcard account id';

/**
 * Follows the events of a running system: logs in, subscribes, and does both again when the connection is lost, until
 * `signal` aborts. A refusal (wrong password, bad binding) ends it with a ToolError.
 *
 * @param {{ client: import('./api-client.mjs').ApiClient, socketUrls: string[], bindings: string[], accountId?: string,
 *   optional?: boolean, onFrame: (frame: object) => void, onNote: (text: string) => void, signal: AbortSignal }} options
 *   optional: a binding the server does not know is left out instead of being an error
 */
export async function followEvents(options) {
  const { onNote, signal } = options;
  let pauseMs = FIRST_PAUSE_MS;
  let lostAt;
  for (let first = true; !signal.aborted; first = false) {
    try {
      await followOnce(options, () => {
        pauseMs = FIRST_PAUSE_MS;
        if (lostAt !== undefined) onNote(`events since ${lostAt} may be missing`);
        lostAt = undefined;
      });
      if (!signal.aborted) onNote('connection closed by the server');
    } catch (error) {
      if (!(error instanceof ToolError) || (!error.unreachable && !error.lost)) throw error;
      if (first && error.unreachable) throw error;
      onNote(error.message);
    }
    if (signal.aborted) return;
    lostAt ??= new Date().toTimeString().slice(0, 8);
    onNote(`connecting again in ${(pauseMs / 1000).toFixed(1)} s`);
    await pause(pauseMs, signal);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

async function followOnce(
  { client, socketUrls, bindings, accountId, optional, onFrame, onNote, signal },
  onReady,
) {
  await client.login();
  const socket = await openFirst(socketUrls);
  const stop = () => socket.close(1000);
  let renewal;
  signal.addEventListener('abort', stop, { once: true });
  try {
    const taken = await subscribe(socket, { client, bindings, accountId, optional, onFrame });
    onNote(`listening to ${taken.join(' ')}; Ctrl-C ends`);
    onReady();
    renewal = keepAuthenticated(socket, client);
    await closed(socket);
  } finally {
    renewal?.();
    signal.removeEventListener('abort', stop);
    socket.terminate();
  }
}

/** The first address that takes a socket. */
async function openFirst(urls) {
  const WebSocket = await loadWs();
  const failures = [];
  for (const url of urls) {
    try {
      return await open(WebSocket, url);
    } catch (error) {
      failures.push(`${url} (${error.message})`);
    }
  }
  throw Object.assign(new ToolError(`cannot open ${failures.join(' nor ')}`), { lost: true });
}

function open(WebSocket, url) {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, { handshakeTimeout: 10_000 });
    socket.once('open', () => resolve(socket));
    socket.once('error', reject);
  });
}

async function loadWs() {
  try {
    return (await import('ws')).default;
  } catch {
    throw new ToolError('The dependencies are not installed yet; run npm start (or npm ci) first.');
  }
}

/** One binding per message, so that one the server does not offer does not spoil the others. */
function subscribe(socket, { client, bindings, accountId, optional, onFrame }) {
  return new Promise((resolve, reject) => {
    const waiting = new Map(bindings.map((binding, index) => [`tail-${index}`, binding]));
    const taken = [];
    const narrowed = new Set();
    socket.once('close', () =>
      reject(Object.assign(new ToolError('the connection was lost'), { lost: true })),
    );
    socket.on('error', () => undefined);
    socket.on('message', (bytes) => {
      const frame = JSON.parse(bytes.toString());
      const binding = frame.action === 'reply' ? waiting.get(frame.request_id) : undefined;
      if (binding === undefined) return onFrame(frame);
      waiting.delete(frame.request_id);
      if (frame.status === 'success') taken.push(binding);
      else if (frame.data?.errors?.includes(NOT_SUPER_ADMIN) && !narrowed.has(binding)) {
        narrowed.add(binding);
        return send(frame.request_id, binding);
      } else if (!optional) return reject(new ToolError(`${binding}: ${frame.data?.errors?.join(', ')}`));
      if (waiting.size === 0) resolve(taken);
    });
    const send = (requestId, binding) => {
      waiting.set(requestId, binding);
      // Every account first, as a super admin may; an ordinary account falls back to its own.
      const account = accountId ?? (narrowed.has(binding) ? undefined : '*');
      const data = { binding, ...(account === undefined ? {} : { account_id: account }) };
      socket.send(
        JSON.stringify({
          action: 'subscribe',
          auth_token: client.token,
          request_id: requestId,
          name: 'tail',
          data,
        }),
      );
    };
    for (const [requestId, binding] of [...waiting]) send(requestId, binding);
  });
}

/** Gives the socket a fresh token well before the present one expires. Returns the function that ends it. */
function keepAuthenticated(socket, client) {
  let timer;
  const schedule = (ms) => {
    timer = setTimeout(renew, Math.min(ms, 2 ** 31 - 1));
  };
  const renew = async () => {
    try {
      await client.login();
      socket.send(JSON.stringify({ action: 'ping', request_id: 'renewal', auth_token: client.token }));
      schedule(remainingMs(client.token) * 0.8);
    } catch {
      // Should it go on failing, the server ends the session and the next connection logs in again.
      schedule(10_000);
    }
  };
  schedule(remainingMs(client.token) * 0.8);
  return () => clearTimeout(timer);
}

/** Until a token expires, from its own claim. */
function remainingMs(token) {
  const claims = JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString());
  return Math.max(1000, claims.exp * 1000 - Date.now());
}

function closed(socket) {
  return new Promise((resolve) => {
    if (socket.readyState >= 2) resolve();
    else socket.once('close', resolve);
  });
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
}
