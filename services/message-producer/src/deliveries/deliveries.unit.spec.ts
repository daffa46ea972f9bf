import {
  connectMessagingChannel,
  disconnectMessagingChannel,
  getDelivery,
  sendMessage,
  type DeliveryState,
} from '@ringdown/contracts';
import { newId, silentLogger } from '@ringdown/core';
import { openDatabase, type Database } from '@ringdown/database';
import { waitUntil } from '@ringdown/testing';
import type { MessagingTables } from '../adapters/tables';
import { isSignedBy } from '../domain/signature';
import { Harness, type HarnessOptions } from '../testing/harness';
import { Receiver } from '../testing/receiver';
import { contactSays, SOURCE_SECRET as secret } from '../testing/source';

/** One for all: opening it takes longer than everything else. */
let database: Database;

beforeAll(async () => {
  database = await openDatabase({ logger: silentLogger });
}, 60_000);

afterAll(() => database.close());

/** A message-producer, a source with one conversation, and the source's own end of the callback. */
class Scene {
  private constructor(
    public h: Harness,
    readonly receiver: Receiver,
    readonly account_id: string,
    readonly channel_id: string,
    readonly conversation_id: string,
  ) {}

  static async set(options: HarnessOptions = {}, callbackUrl?: string | null): Promise<Scene> {
    const h = await Harness.start(database, options);
    const receiver = await Receiver.start();
    const account_id = newId();
    const { channel } = await h.ask(connectMessagingChannel, {
      account_id,
      source: 'twilio.sms',
      source_channel_id: '+49',
      secret,
      token: 'source-token',
      ...(callbackUrl === null ? {} : { callback_url: callbackUrl ?? receiver.url }),
    });
    const scene = new Scene(
      h,
      receiver,
      account_id,
      channel.id,
      (await contactSays(h, channel.id, 'ann')).conversation_id,
    );
    return scene;
  }

  send(message: unknown, conversation_id = this.conversation_id) {
    return this.h.ask(sendMessage, { account_id: this.account_id, conversation_id, message });
  }

  delivery(message_id: string) {
    return this.h.ask(getDelivery, { account_id: this.account_id, message_id });
  }

  /** The states of a message that were announced, once there are two. */
  async statesOf(id: string): Promise<DeliveryState[]> {
    return waitUntil(() => {
      const states = this.h.events
        .map(({ body }) => body['message'] as { id: string; delivery_state: DeliveryState } | undefined)
        .filter((message) => message?.id === id)
        .map((message) => message!.delivery_state);
      return states.length >= 2 && states;
    });
  }

  async end(): Promise<void> {
    await this.h.stop();
    await this.receiver.stop();
  }
}

describe('delivering to a callback', () => {
  let scene: Scene;

  afterEach(() => scene.end());

  it('brings the message unchanged, signed, with the token of the channel, and says DELIVERED', async () => {
    scene = await Scene.set();
    const message = { text: 'On its way', nested: [1, { two: null }] };
    const { id, delivery_state } = await scene.send(message);

    expect(delivery_state).toBe('PENDING');
    expect(await scene.statesOf(id)).toEqual(['PENDING', 'DELIVERED']);
    const [call] = scene.receiver.calls;
    expect(call?.body).toMatchObject({
      type: 'message',
      channel_id: scene.channel_id,
      source: 'twilio.sms',
      source_channel_id: '+49',
      conversation_id: scene.conversation_id,
      source_conversation_id: 'ann',
      message: { id, content: message, sender_type: 'app_user' },
    });
    expect(call?.headers).toMatchObject({ authorization: 'Bearer source-token', 'idempotency-key': id });
    expect(
      isSignedBy(secret, {
        timestamp: String(call?.headers['x-ringdown-timestamp']),
        signature: String(call?.headers['x-ringdown-signature']),
        body: call!.text,
      }),
    ).toBe(true);
  });

  it('tries again after passing failures', async () => {
    scene = await Scene.set();
    scene.receiver.answer = (response) =>
      response.writeHead(scene.receiver.calls.length < 3 ? 503 : 200).end();
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'DELIVERED']);
    expect(await scene.delivery(id)).toEqual({ message_id: id, delivery_state: 'DELIVERED', attempts: 3 });
    expect(scene.receiver.calls.map(({ body }) => body.message.id)).toEqual([id, id, id]);
  });

  it.each<[string, (receiver: Receiver) => void, number, string]>([
    [
      'answers 500 for ever',
      (it) => (it.answer = (response) => response.writeHead(500).end()),
      3,
      'answered 500',
    ],
    ['answers 404', (it) => (it.answer = (response) => response.writeHead(404).end()), 1, 'answered 404'],
    [
      'answers with a redirect',
      (it) => (it.answer = (response) => response.writeHead(302, { location: it.url }).end()),
      1,
      'answered 302',
    ],
    [
      'closes the connection',
      (it) => (it.answer = (response) => response.destroy()),
      3,
      'no answer: ECONNRESET',
    ],
  ])('says FAILED when the callback %s', async (_what, behave, attempts, reason) => {
    scene = await Scene.set();
    behave(scene.receiver);
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    expect(await scene.delivery(id)).toEqual({ message_id: id, delivery_state: 'FAILED', attempts, reason });
    expect(scene.receiver.calls).toHaveLength(attempts);
  });

  it('says FAILED when the callback does not answer', async () => {
    scene = await Scene.set({ settings: { messagingDeliveryTimeoutMs: 100 } });
    scene.receiver.answer = () => undefined;
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    // How many calls came through is the machine's business: the time may be over before one is connected.
    expect(await scene.delivery(id)).toMatchObject({ attempts: 3, reason: 'no answer within 100 ms' });
  });

  it('says FAILED when nobody listens', async () => {
    scene = await Scene.set();
    await scene.receiver.stop();
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    expect(await scene.delivery(id)).toMatchObject({ attempts: 3, reason: 'no answer: ECONNREFUSED' });
  });

  it('says FAILED at once when there is no callback, and when the channel is disconnected meanwhile', async () => {
    scene = await Scene.set({}, null);
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    expect(await scene.delivery(id)).toMatchObject({ reason: 'the channel has no callback URL' });
    await scene.end();

    scene = await Scene.set();
    const { account_id, channel_id } = scene;
    scene.receiver.answer = (response) => {
      void scene.h
        .ask(disconnectMessagingChannel, { account_id, channel_id })
        .then(() => response.writeHead(503).end());
    };
    const other = await scene.send('x');
    expect(await scene.statesOf(other.id)).toEqual(['PENDING', 'FAILED']);
    expect(await scene.delivery(other.id)).toMatchObject({
      attempts: 2,
      reason: 'the channel is disconnected',
    });
    expect(scene.receiver.calls).toHaveLength(1);
  });

  it('calls no private address unless the setting allows it', async () => {
    scene = await Scene.set({ settings: { messagingCallbackPrivateAddresses: false } });
    const { id } = await scene.send('x');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    expect(await scene.delivery(id)).toMatchObject({
      attempts: 1,
      reason: 'the callback leads to an address that is not public',
    });
    expect(scene.receiver.calls).toEqual([]);
  });

  it('keeps the order of a conversation, though messages fail in between', async () => {
    scene = await Scene.set();
    let calls = 0;
    scene.receiver.answer = (response) => response.writeHead((calls += 1) % 2 ? 503 : 200).end();
    const sent = [];
    for (let n = 0; n < 6; n += 1) sent.push((await scene.send(n)).id);

    for (const id of sent) expect(await scene.statesOf(id)).toEqual(['PENDING', 'DELIVERED']);
    const arrived = scene.receiver.calls.map(({ body }) => body.message.id);
    expect(arrived).toEqual(sent.flatMap((id) => [id, id]));
  });

  it('is not held up by another channel that does not answer', async () => {
    // None of the slow ones is given up before the end.
    const settings = { messagingDeliveryConcurrency: 4, messagingDeliveryTimeoutMs: 60_000 };
    scene = await Scene.set({ settings });
    scene.receiver.answer = () => undefined;
    for (let n = 0; n < 8; n += 1) {
      await scene.send(
        'slow',
        (await contactSays(scene.h, scene.channel_id, `contact ${n}`)).conversation_id,
      );
    }
    const quick = await Receiver.start();
    const { channel } = await scene.h.ask(connectMessagingChannel, {
      account_id: scene.account_id,
      source: 'twilio.sms',
      source_channel_id: '+1',
      secret,
      callback_url: quick.url,
    });
    const { id } = await scene.send('quick', (await contactSays(scene.h, channel.id, 'bob')).conversation_id);

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'DELIVERED']);
    expect(scene.receiver.calls.length).toBeLessThanOrEqual(1);
    await quick.stop();
    scene.receiver.answer = (response) => response.end();
    await scene.receiver.stop();
  });

  it('goes on after a restart: what was committed is announced and delivered once each', async () => {
    // Killed right after the commit: nothing was published, nothing delivered.
    scene = await Scene.set({ without: ['outbox', 'deliveries'] });
    const { id } = await scene.send('x');
    expect(scene.h.events).toEqual([]);
    expect(scene.receiver.calls).toEqual([]);
    await scene.h.stop();

    scene.h = await Harness.start(database);

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'DELIVERED']);
    expect(scene.receiver.calls).toHaveLength(1);
    const ids = scene.h.events.map(({ messageId }) => messageId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(scene.h.about(scene.conversation_id).map(({ name }) => name)).toEqual([
      'message',
      'unread_count',
      'message',
      'message',
    ]);
  });

  it('takes over what a killed process had under way when its lease ends', async () => {
    scene = await Scene.set({ without: ['deliveries'] });
    const { id } = await scene.send('x');
    await database
      .tables<MessagingTables>()
      .updateTable('messaging_deliveries')
      .set({ lease: 'of a dead process', lease_until: Date.now() + 60_000, attempts: 1 })
      .where('message_id', '=', id)
      .execute();
    await scene.h.stop();
    let now = Date.now();
    scene.h = await Harness.start(database, { clock: () => now });
    expect(await scene.delivery(id)).toMatchObject({ delivery_state: 'PENDING' });
    expect(scene.receiver.calls).toEqual([]);

    now += 61_000;

    await waitUntil(async () => (await scene.delivery(id)).delivery_state === 'DELIVERED');
    expect(await scene.delivery(id)).toMatchObject({ attempts: 2 });
    expect(scene.receiver.calls).toHaveLength(1);
  });

  it('logs neither secret nor token nor callback', async () => {
    const lines: string[] = [];
    const log = (...parts: unknown[]): number => lines.push(JSON.stringify(parts));
    const logger = { error: log, warn: log, info: log, debug: log, child: () => logger };
    scene = await Scene.set({ logger });
    scene.receiver.answer = (response) => response.writeHead(500).end();
    const { id } = await scene.send('a confidential message');

    expect(await scene.statesOf(id)).toEqual(['PENDING', 'FAILED']);
    const told = [...lines, ...scene.h.events.map(({ text }) => text)].join('\n');
    expect(told).toContain(id);
    for (const hidden of [secret, 'source-token', scene.receiver.url]) expect(told).not.toContain(hidden);
    expect(lines.join('\n')).not.toContain('confidential');
  });
});
