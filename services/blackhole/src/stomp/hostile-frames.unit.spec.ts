import { silentLogger } from '@ringdown/core';
import { createEmbeddedHub } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { buildContainer } from '../container';
import type { Session } from '../core/session';
import type { Transport } from '../core/transport';
import { FakeDirectory } from '../testing/fake-directory';
import { CUSTOMER } from '../testing/start-blackhole';
import { tokens } from '../tokens';

const MESSAGES = 100_000;

/** mulberry32 */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const seeds = [
  'SUBSCRIBE\nid:1\ndestination:/queue/message\nreceipt:r\n\n\0',
  'SUBSCRIBE\nid:2\ndestination:/topic/call.*.*\nack:client\n\n\0',
  'UNSUBSCRIBE\nid:1\n\n\0',
  'BEGIN\ntransaction:t\n\n\0ABORT\ntransaction:t\n\n\0',
  'ACK\nid:x\n\n\0',
  'SEND\ndestination:/queue/message\ncontent-length:4\n\nbody\0',
  'CONNECT\naccept-version:1.2\n\n\0',
  '\n\n',
];

/** Some messages stay as they are, so that there is something to break. */
function mutated(random: (below: number) => number): Buffer {
  const bytes = Buffer.from(seeds[random(seeds.length)]!);
  for (let changes = random(3); changes > 0; changes -= 1) bytes[random(bytes.length)] = random(256);
  return random(8) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

async function startGateway() {
  const directory = new FakeDirectory();
  directory.addAccount(CUSTOMER);
  const broker = createEmbeddedHub().connect({ service: 'blackhole' });
  const settings = loadSettings({}, { wsRateCapacity: 1_000_000, wsUnbindDebounceMs: 0 });
  const container = buildContainer(settings, {
    brokerFactory: () => broker,
    directory,
    logger: silentLogger,
  });
  const parts = [broker, container.resolve(tokens.feed), container.resolve(tokens.gateway)];
  for (const part of parts) await part.start();
  onTeardown(async () => {
    for (const part of [...parts].reverse()) await part.stop();
  });
  const token = directory.tokenFor(CUSTOMER);
  const identity = await container.resolve(tokens.access).identify(token);
  const nothing = (): void => undefined;
  const open = (): Session => {
    const opened: { session?: Session } = {};
    const leave = (): void => void setImmediate(() => opened.session?.onDisconnected());
    const transport: Transport = {
      queuedBytes: 0,
      write: nothing,
      ping: nothing,
      pause: nothing,
      resume: nothing,
      close: leave,
      terminate: leave,
    };
    const request = {
      method: 'GET',
      path: '/ws.communication',
      query: new URLSearchParams(),
      headers: {},
      protocols: [],
      address: '192.0.2.1',
    };
    const remote = { address: '192.0.2.1', peerAddress: '192.0.2.1', peerPort: 1 };
    const dialect = container.resolve(tokens.stomp);
    opened.session = container.resolve(tokens.gateway).open(dialect, transport, remote, request, {
      identity,
    });
    opened.session.receive(Buffer.from('CONNECT\naccept-version:1.2\nheart-beat:100,100\n\n\0'), false);
    return opened.session;
  };
  return {
    open,
    registry: container.resolve(tokens.registry),
    table: container.resolve(tokens.table),
    wheel: container.resolve(tokens.wheel),
    bindings: container.resolve(tokens.bindings),
  };
}

it(`${MESSAGES} mutated messages leave no subscription, no binding, no timer and no session behind`, async () => {
  const { open, registry, table, wheel, bindings } = await startGateway();
  const random = randomFrom(7);
  let everSubscribed = 0;
  let ended = 0;
  let session = open();
  for (let sent = 0; sent < MESSAGES; sent += 1) {
    if (!session.isOpen) {
      ended += 1;
      session = open();
    }
    session.receive(mutated(random), random(2) === 0);
    if (random(4) === 0) await new Promise((resolve) => setImmediate(resolve));
    everSubscribed = Math.max(everSubscribed, table.size);
    // Some are cut off in the middle of everything.
    if (random(50) === 0) session.onDisconnected();
  }
  session.terminate();

  expect(everSubscribed).toBeGreaterThan(0);
  expect(ended).toBeGreaterThan(MESSAGES / 100);
  await waitUntil(() => registry.size === 0 && table.size === 0 && bindings.size === 0);
  await waitUntil(() => wheel.size === 0);
}, 60_000);
