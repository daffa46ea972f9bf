import { request as httpRequest } from 'node:http';
import { AppError, silentLogger } from '@ringdown/core';
import { createEmbeddedHub } from '@ringdown/broker';
import { loadSettings } from '@ringdown/config';
import { encodeEvent, parseBinding } from '@ringdown/contracts';
import { UpgradeRefused, WsClient, onTeardown, waitUntil } from '@ringdown/testing';
import { buildContainer } from '../container';
import { FakeDirectory } from '../testing/fake-directory';
import { CUSTOMER, callCreated } from '../testing/start-blackhole';
import { tokens } from '../tokens';
import type { Dialect, Variant } from './dialect';
import type { Session } from './session';
import type { RequestScope } from './subscriptions';

interface State {
  readonly messages: string[];
}

/** A gateway with one more dialect at `/other`; what it does is up to the test. */
async function startWith(make: (parts: ReturnType<typeof partsOf>) => Partial<Dialect>) {
  const hub = createEmbeddedHub();
  const directory = new FakeDirectory();
  directory.addAccount(CUSTOMER);
  const broker = hub.connect({ service: 'blackhole' });
  const peer = hub.connect({ service: 'tester' });
  const settings = loadSettings({}, { wsPort: 0, wsRateCapacity: 2, wsMaxConnectionsPerPrincipal: 2 });
  const container = buildContainer(settings, {
    brokerFactory: () => broker,
    directory,
    logger: silentLogger,
  });
  const ended: Session[] = [];
  const dialect: Dialect = {
    name: 'other',
    onMessage: () => Promise.resolve(),
    onEnded: (session) => void ended.push(session),
    renderEvent: ({ sequence }, binding, _account, variant) =>
      `{"action":"event","${variant?.key}":"${binding.text}","sequence":${sequence}}`,
    renderGap: () => '{"gap":true}',
    renderClosing: () => undefined,
    renderDraining: () => undefined,
    renderRemoved: () => undefined,
    ...make(partsOf(container)),
  };
  container.register(tokens.dialectPaths, { useValue: new Map([['/other', dialect]]) });
  const parts = [
    container.resolve(tokens.listener),
    broker,
    peer,
    container.resolve(tokens.feed),
    container.resolve(tokens.gateway),
  ];
  for (const part of parts) await part.start();
  onTeardown(async () => {
    for (const part of [...parts].reverse()) await part.stop();
  });
  const { port } = container.resolve(tokens.listener);
  return {
    dialect,
    directory,
    ended,
    port,
    table: container.resolve(tokens.table),
    dispatcher: container.resolve(tokens.dispatcher),
    url: `ws://127.0.0.1:${port}/other`,
    token: directory.tokenFor(CUSTOMER),
    publish: (callId: string) => peer.publish(encodeEvent(callCreated(CUSTOMER, callId))),
  };
}

function partsOf(container: ReturnType<typeof buildContainer>) {
  return {
    access: container.resolve(tokens.access),
    subscriptions: container.resolve(tokens.subscriptions),
    scopeOf: (session: Session): RequestScope => ({
      principal: session.principal!,
      revision: container.resolve(tokens.access).revision,
      update: {},
    }),
  };
}

const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });

describe('a dialect of its own path', () => {
  it('sees the request, says who asks and which subprotocol is selected', async () => {
    let seen: unknown;
    const { url, token } = await startWith(({ access }) => ({
      admit: async ({ path, query, headers, protocols, address }) => {
        seen = [path, query.get('a'), headers['x-mine'], protocols, address];
        return { identity: await access.identify(query.get('t')!), protocol: protocols[1] };
      },
      onOpen: (session, request, admission) =>
        session.send(JSON.stringify([session.principal?.accountId, request.path, admission.protocol])),
    }));

    const client = await WsClient.connect(`${url}?a=b%20c&t=${token}`, {
      headers: { 'x-mine': 'yes' },
      protocols: ['one', 'two'],
    });

    expect(seen).toEqual(['/other', 'b c', 'yes', ['one', 'two'], '127.0.0.1']);
    expect(client.socket.protocol).toBe('two');
    await client.waitForFrame((frame) => Array.isArray(frame));
    expect(client.frames[0]).toEqual([CUSTOMER, '/other', 'two']);
  });

  it('refuses in its own words, whoever refused', async () => {
    const { url, token, port } = await startWith(({ access }) => ({
      admit: async ({ query }) => {
        if (query.has('bad')) throw new AppError('bad_request', 'what is that');
        return { identity: await access.identify(query.get('t') ?? '') };
      },
      renderRefusal: ({ reason, status, message }) => ({
        status: reason === 'principal_limit' ? 409 : status,
        body: { code: reason, message },
        headers: { 'x-refused': 'yes' },
      }),
    }));
    const refused = async (query: string): Promise<unknown[]> => {
      const error = await WsClient.connect(url + query).catch((reason: unknown) => reason as UpgradeRefused);
      if (!(error instanceof UpgradeRefused)) throw new Error('it was accepted');
      return [error.status, JSON.parse(error.body)];
    };

    expect(await refused('?bad')).toEqual([400, { code: 'bad_request', message: 'what is that' }]);
    expect(await refused('')).toEqual([403, { code: 'unauthorized', message: 'invalid token' }]);
    for (let count = 0; count < 2; count += 1) await WsClient.connect(`${url}?t=${token}`);
    expect(await refused(`?t=${token}`)).toMatchObject([409, { code: 'principal_limit' }]);

    const other = await startWith(() => ({
      renderRefusal: ({ reason, status }) => ({ status, body: { code: reason } }),
    }));
    expect(other.port).not.toBe(port);
    const answer = await new Promise<string>((resolve, reject) => {
      const headers = { connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-version': '13' };
      const asked = httpRequest(other.url.replace('ws', 'http'), { headers }, (response) => {
        response.setEncoding('utf8').on('data', (body: string) => resolve(`${response.statusCode} ${body}`));
      });
      asked.on('error', reject).end();
    });
    expect(answer).toBe('400 {"code":"bad_handshake"}');
  });

  it('keeps state per session from open to end; messages wait until it has opened', async () => {
    const states = new Map<Session, State>();
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const { url, ended, token } = await startWith(() => ({
      onOpen: async (session) => {
        await gate;
        states.set(session, { messages: ['opened'] });
      },
      onMessage: (session, { data }) => {
        states.get(session)!.messages.push(data.toString());
        session.send('{"taken":true}');
        return Promise.resolve();
      },
    }));
    const client = await WsClient.connect(url, { headers: bearer(token) });
    client.sendText('a');
    client.sendText('b');
    open();
    await waitUntil(() => client.frames.length === 2);

    expect([...states.values()]).toEqual([{ messages: ['opened', 'a', 'b'] }]);
    expect(ended).toEqual([]);
    await client.close();
    await waitUntil(() => ended.length === 1);
    expect(ended).toEqual([...states.keys()]);
  });

  it('that cannot open closes with 1011', async () => {
    const { url } = await startWith(() => ({ onOpen: () => Promise.reject(new Error('no')) }));

    expect((await (await WsClient.connect(url)).closed).code).toBe(1011);
  });

  it('shares frames per variant; a variant makes a subscription another one', async () => {
    let rendered = 0;
    const variants: Variant[] = [{ key: 'x' }, { key: 'y' }];
    const { url, token, publish, table } = await startWith(({ subscriptions, scopeOf }) => ({
      onOpen: async (session) => {
        for (const variant of variants) {
          await subscriptions.subscribe(session, scopeOf(session), [parseBinding('call.*.*')], undefined, {
            variant,
          });
        }
        session.send('{"ready":true}');
      },
      renderEvent: ({ sequence }, _binding, _account, variant) => {
        rendered += 1;
        return `{"variant":"${variant!.key}","sequence":${sequence}}`;
      },
      onMessage: async (session) => {
        await subscriptions.unsubscribe(
          session,
          scopeOf(session),
          [parseBinding('call.*.*')],
          undefined,
          variants[0],
        );
        session.send('{"left":true}');
      },
    }));
    const clients: WsClient[] = [];
    for (let count = 0; count < 2; count += 1) {
      const client = await WsClient.connect(url, { headers: bearer(token) });
      await waitUntil(() => client.frames.length === 1);
      clients.push(client);
    }
    expect(table.groupCount).toBe(2);

    await publish('one');
    for (const client of clients) {
      await waitUntil(() => client.frames.length === 3);
      expect(client.frames.slice(1)).toEqual([
        { variant: 'x', sequence: 1 },
        { variant: 'y', sequence: 1 },
      ]);
    }
    expect(rendered).toBe(2);

    clients[0]!.sendText('leave');
    await waitUntil(() => clients[0]!.frames.length === 4);
    await publish('two');
    await waitUntil(() => clients[0]!.frames.length === 5);
    expect(clients[0]!.frames.at(-1)).toEqual({ variant: 'y', sequence: 2 });
    for (const client of clients) await client.close();
    await waitUntil(() => table.size === 0);
  });

  it('keeps count of what is delivered with a filter from the first event on', async () => {
    const admitted: number[] = [];
    const { url, token, publish } = await startWith(({ subscriptions, scopeOf }) => ({
      onOpen: async (session) => {
        await subscriptions.subscribe(session, scopeOf(session), [parseBinding('call.*.*')], undefined, {
          filter: () => ({
            isOver: false,
            admit: (_stream, _frame, _id, sequence) => admitted.push(sequence) !== 2,
            onNotice: () => undefined,
            onEnded: () => undefined,
          }),
        });
        session.send('{"ready":true}');
      },
    }));
    const client = await WsClient.connect(url, { headers: bearer(token) });
    await waitUntil(() => client.frames.length === 1);

    for (const call of ['a', 'b', 'c']) await publish(call);

    await waitUntil(() => client.events.length === 2);
    expect(admitted).toEqual([1, 2, 3]);
    expect(client.events.map((event) => event['sequence'])).toEqual([1, 3]);
  });

  it('is closed on a loss where it cannot go on, with the code it chose', async () => {
    const { url, token, dispatcher } = await startWith(({ subscriptions, scopeOf }) => ({
      closesOnGap: { name: 'lost', code: 4100, text: 'events lost', reconnect: 'now' },
      closeCodeOf: ({ code }) => code - 100,
      onOpen: async (session) => {
        await subscriptions.subscribe(session, scopeOf(session), [parseBinding('call.*.*')], undefined);
        session.send('{"ready":true}');
      },
      renderClosing: ({ text }, session) => JSON.stringify([text, session.principal?.accountId]),
    }));
    const client = await WsClient.connect(url, { headers: bearer(token) });
    await waitUntil(() => client.frames.length === 1);

    dispatcher.onGap({ sinceMs: 1, reason: 'broker_reconnect' });

    expect(await client.closed).toEqual({ code: 4000, reason: 'events lost' });
    expect(client.frames.slice(1)).toEqual([['events lost', CUSTOMER]]);
  });

  it('may count by itself what a client asks for', async () => {
    const { url } = await startWith(() => ({
      rate: 'by dialect',
      onMessage: (session, { data, withinRate }) => {
        const taken = data.toString() === 'free' || session.takeRate();
        session.send(JSON.stringify([withinRate, taken]));
        return Promise.resolve();
      },
    }));
    const client = await WsClient.connect(url);

    for (const text of ['free', 'free', 'free', 'a', 'b', 'c']) client.sendText(text);

    await waitUntil(() => client.frames.length === 6);
    expect(client.frames.map((frame) => (frame as unknown as boolean[])[1])).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
    expect(client.frames.every((frame) => (frame as unknown as boolean[])[0])).toBe(true);
  });

  it('may take larger messages than the others', async () => {
    const { url } = await startWith(() => ({
      maxMessageBytes: 100_000,
      onMessage: (session, { data }) => Promise.resolve(session.send(String(data.length))),
    }));
    const client = await WsClient.connect(url);

    client.sendText('x'.repeat(100_000));
    await waitUntil(() => client.frames.length === 1);
    client.sendText('x'.repeat(100_001));

    expect((await client.closed).code).toBe(1009);
  });
});
