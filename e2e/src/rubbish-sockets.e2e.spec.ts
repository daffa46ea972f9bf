import {
  ForeignAmqp,
  RawSocket,
  TestSystem,
  createVhost,
  describeWithRabbitMq,
  rawFrame,
  waitUntil,
  type RawFrame,
  type RunningService,
} from '@ringdown/testing';
import { Dice, recut } from './rubbish/dice';
import { isText, jsonText, mutatedMessage } from './rubbish/json';
import { MistreatedSocket } from './rubbish/mistreated-socket';
import { ProcessMemory, inspectable } from './rubbish/process-memory';
import { StompTalk, connectFrame, farewell } from './rubbish/stomp';
import { Bystanders } from './rubbish/bystanders';

const INPUTS = 100_000;
const AT_ONCE = 25;
/** What may be more in use after the rest of the inputs than after the first of them: less than 20 bytes for each. */
const MAX_GROWTH_BYTES = 1.5 * 1024 * 1024;
const TIMEOUT_MS = 600_000;
const stompCommands = ['SUBSCRIBE', 'UNSUBSCRIBE', 'ACK', 'NACK', 'BEGIN', 'COMMIT', 'ABORT', 'SEND'];

/** One connection's worth of mistreatment; how many inputs it was. */
type Mistreat = (dice: Dice) => Promise<number>;

describeWithRabbitMq('a gateway whose clients talk rubbish', (broker) => {
  let system: TestSystem;
  let gateway: RunningService;
  let memory: ProcessMemory;
  let bystanders: Bystanders;
  let token: string;

  beforeAll(async () => {
    const vhost = await createVhost(broker);
    system = await TestSystem.start({ amqpUrl: vhost.url, blackholes: 0, channels: 1 });
    gateway = await system.startBlackhole({
      ...inspectable,
      RINGDOWN_WS_RATE_CAPACITY: 1_000_000,
      RINGDOWN_WS_RATE_PER_SECOND: 1_000_000,
      RINGDOWN_WS_UNBIND_DEBOUNCE_MS: 100,
    });
    memory = await ProcessMemory.of(gateway.process);
    const admin = await system.admin();
    token = admin.token!;
    bystanders = await Bystanders.join(
      gateway.wsUrl,
      token,
      admin.accountId,
      await ForeignAmqp.connect(vhost.url),
    );
  }, 120_000);

  /** Inputs from several connections at once, and an event for everybody else after each round. */
  async function mistreat(
    seed: number,
    inputs: number,
    mistreatOne: Mistreat,
    taken?: () => Promise<number>,
  ): Promise<void> {
    const dice = new Dice(seed);
    const before = (await taken?.()) ?? 0;
    for (let given = 0; given < inputs;) {
      const round = Array.from({ length: AT_ONCE }, () => replayable(mistreatOne, dice.below(2 ** 31)));
      const counts = await Promise.all(round);
      given =
        taken === undefined ? counts.reduce((sum, count) => sum + count, given) : (await taken()) - before;
      await bystanders.areServed();
    }
  }

  /** Sockets, subscriptions and bindings are those of the bystanders again, and memory is what it was before. */
  async function leavesNothingBehind(
    seed: number,
    mistreatOne: Mistreat,
    taken?: () => Promise<number>,
  ): Promise<void> {
    await mistreat(seed, INPUTS / 4, mistreatOne, taken);
    await onlyBystandersAreLeft();
    const before = await memory.bytesInUse();
    await mistreat(seed + 1, (INPUTS * 3) / 4, mistreatOne, taken);
    await onlyBystandersAreLeft();
    const growth = (await memory.bytesInUse()) - before;

    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    expect(await metric('ringdown_blackhole_closes_total{code="1011"')).toBe(0);
    expect(gateway.process.output).not.toContain('"level":"error"');
  }

  async function onlyBystandersAreLeft(): Promise<void> {
    const expected = { sockets: 3, subscriptions: 3, broker_bindings: 1, queued_bytes: 0 };
    for (const [name, value] of Object.entries(expected)) {
      await waitUntil(async () => (await metric(`ringdown_blackhole_${name}`)) === value, {
        timeoutMs: 30_000,
        what: `${name} to go down to ${value}`,
      });
    }
  }

  /** The sum of all samples that begin as one of these. */
  async function metric(...names: readonly string[]): Promise<number> {
    const text = await (await fetch(`${gateway.url}/metrics`)).text();
    return text
      .split('\n')
      .filter((line) => names.some((name) => line.startsWith(name)))
      .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
  }

  it(
    `answers each of ${INPUTS} mutated messages of the Kazoo protocol`,
    () =>
      leavesNothingBehind(1, async (dice) => {
        const socket = await opened(MistreatedSocket.open(gateway.wsUrl, {}, '{"action":"reply"'));
        const count = 100 + dice.below(200);
        for (let i = 0; i < count; i += 1)
          sendText(dice, socket, mutatedMessage(dice, kazooMessage(dice, token)));
        await socket.say('{"action":"ping","request_id":"good-bye"}', '"good-bye"');
        expect(socket.counted).toBe(count + 1);
        await socket.leave(!dice.oneIn(4));
        return count;
      }),
    TIMEOUT_MS,
  );

  it(
    `survives ${INPUTS} mutated messages to the events hub`,
    () =>
      leavesNothingBehind(2, async (dice) => {
        const socket = await MistreatedSocket.open(gateway.wsUrl + hubPath(dice), {
          Authorization: `Bearer ${token}`,
        });
        if (typeof socket === 'number') {
          expect([400, 403]).toContain(socket);
          return 1;
        }
        const count = 100 + dice.below(200);
        for (let i = 0; i < count; i += 1) sendText(dice, socket, mutatedMessage(dice, hubMessage(dice)));
        await socket.say('{"event_type":"health","message":"ping","id":"good-bye"}', '"good-bye"');
        expect(socket.closed).toBe(false);
        await socket.leave(!dice.oneIn(4));
        return count;
      }),
    TIMEOUT_MS,
  );

  it(
    `survives ${INPUTS} mutated STOMP frames`,
    async () => {
      let ended = 0;
      const mistreatOne: Mistreat = async (dice) => {
        const socket = await opened(MistreatedSocket.open(`${gateway.wsUrl}/ws.communication`));
        const talk = new StompTalk(dice);
        const frames = [connectFrame(dice, token), ...Array.from({ length: 30 }, () => talk.next())];
        const cut = dice.oneIn(4) ? recut(dice, frames) : frames;
        for (const bytes of cut) socket.send(bytes, dice.oneIn(3) || !isText(bytes));
        if (!dice.oneIn(10)) await socket.say(farewell.text, farewell.answer);
        if (socket.closed) ended += 1;
        await socket.leave(!dice.oneIn(4));
        return frames.length;
      };
      // What stands behind a fault is not looked at; so those count that became a command, whatever came of it.
      const taken = async (): Promise<number> => {
        const names = stompCommands.map(
          (command) => `ringdown_blackhole_requests_total{action="STOMP ${command}"}`,
        );
        return metric(...names);
      };
      await leavesNothingBehind(3, mistreatOne, taken);

      expect(ended).toBeGreaterThan(INPUTS / 50);
    },
    TIMEOUT_MS,
  );

  it(
    'ends 5,000 connections whose WebSocket frames are broken, and nothing else',
    async () => {
      const paths = ['', `/api/v1/ws/subscribe?event_types=call`, '/ws.communication'];
      await mistreat(4, 5_000, async (dice) => {
        const headers = { Authorization: `Bearer ${token}` };
        const raw = await RawSocket.handshake(gateway.wsUrl + dice.pick(paths), headers);
        for (let i = 1 + dice.below(6); i > 0; i -= 1) raw.write(rawFrame(brokenFrame(dice)));
        raw.destroy();
        await raw.closed;
        return 1;
      });
      await onlyBystandersAreLeft();
    },
    TIMEOUT_MS,
  );
});

/** A failure names the seed of the one connection it happened on. */
async function replayable(mistreatOne: Mistreat, seed: number): Promise<number> {
  try {
    return await mistreatOne(new Dice(seed));
  } catch (error) {
    throw new Error(`a connection with the seed ${seed}`, { cause: error });
  }
}

async function opened(opening: Promise<MistreatedSocket | number>): Promise<MistreatedSocket> {
  const socket = await opening;
  if (typeof socket === 'number') throw new Error(`the upgrade was refused: ${socket}`);
  return socket;
}

/** Bytes that are no text go into a binary frame: in a text frame the WebSocket layer would end the connection. */
function sendText(dice: Dice, socket: MistreatedSocket, bytes: Buffer): void {
  if (!isText(bytes) || dice.oneIn(50)) socket.send(bytes, true);
  else if (dice.oneIn(20) && bytes.length > 1) socket.sendInPieces(bytes);
  else socket.send(bytes);
}

const bindings = [
  'call.*.*',
  'call.CHANNEL_CREATE.*',
  'call.CHANNEL_DESTROY.a1',
  'object.doc_created.user',
  'object.*.user',
  'conference.event.*.*',
  'fax.status.*',
];

function kazooMessage(dice: Dice, token: string): Record<string, unknown> {
  const binding = dice.pick(bindings);
  const data = dice.oneIn(2) ? { binding } : { bindings: [binding, dice.pick(bindings)] };
  return {
    action: dice.pick(['subscribe', 'subscribe', 'unsubscribe', 'ping']),
    auth_token: token,
    request_id: `r${dice.below(1_000)}`,
    ...(dice.oneIn(5) ? { name: 'n', metadata: { a: 1 } } : {}),
    data: dice.oneIn(200) ? { binding: 'call.*.*', snapshot: true } : data,
  };
}

function hubMessage(dice: Dice): Record<string, unknown> {
  return {
    event_type: dice.pick(['health', 'system', 'global', 'call']),
    message: dice.pick(['ping', 'client-id', 'pong']),
    id: `r${dice.below(1_000)}`,
  };
}

function hubPath(dice: Dice): string {
  const types = Array.from({ length: 1 + dice.below(4) }, () =>
    dice.oneIn(4) ? jsonText(dice, 1).slice(0, 500) : dice.pick([...bindings, 'call', 'global', 'CALL', 'x']),
  );
  const odd = dice.oneIn(20) ? `&account_id=${encodeURIComponent(jsonText(dice, 1).slice(0, 200))}` : '';
  const strict = dice.oneIn(20) ? '&strict=true' : '';
  return `/api/v1/ws/subscribe?event_types=${encodeURIComponent(types.join(','))}${strict}${odd}`;
}

/** Reserved bits and opcodes, no mask, control frames too long or in pieces, lengths that lie, bytes that are no text. */
function brokenFrame(dice: Dice): RawFrame {
  const payload = Buffer.from(Array.from({ length: dice.below(200) }, () => dice.below(256)));
  return {
    opcode: dice.oneIn(2) ? dice.below(16) : dice.pick([0, 1, 8, 9, 10]),
    fin: !dice.oneIn(3),
    rsv: dice.oneIn(5) ? dice.below(8) : 0,
    masked: !dice.oneIn(8),
    payload: dice.oneIn(2) ? payload : '{"action":"ping"}',
    ...(dice.oneIn(4) ? { claimedLength: dice.pick([0, 1, 125, 65_535, 70_000, 2 ** 31, 2 ** 40]) } : {}),
  };
}
