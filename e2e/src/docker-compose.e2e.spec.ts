import { randomHex } from '@ringdown/core';
import {
  ApiClient,
  ComposeProject,
  describeWithCompose,
  waitUntil,
  WsClient,
  type ComposeContainer,
} from '@ringdown/testing';
import { makeMember, type Member } from './family-tree';
import { hub, kazoo, Listener, stomp } from './composed/listener';
import { undeclaredLosses } from './composed/losses';
import { Traffic, type Outcome } from './composed/traffic';

const SCALE = {
  'api-gateway': 2,
  blackhole: 3,
  channels: 2,
  'object-producer': 2,
  'message-producer': 2,
  'call-producer': 2,
};

/** What a subscriber whose socket is not on the killed container may see of it. */
interface Expectation {
  readonly service: string;
  /** Which sockets end: none, those of the killed container, or all. */
  readonly sockets: 'stay' | 'of this container' | 'all';
  /** Whether those that stay are told that events may be missing. */
  readonly gap: boolean;
  readonly reads: readonly Outcome['status'][];
  readonly writes: readonly Outcome['status'][];
}

const expectations: readonly Expectation[] = [
  { service: 'api-gateway', sockets: 'stay', gap: false, reads: [200, 502, 503], writes: [200, 502, 503] },
  {
    service: 'blackhole',
    sockets: 'of this container',
    gap: false,
    reads: [200],
    writes: [200],
  },
  { service: 'channels', sockets: 'stay', gap: false, reads: [200, 503, 504], writes: [200] },
  { service: 'call-producer', sockets: 'stay', gap: false, reads: [200], writes: [200] },
  {
    service: 'object-producer',
    sockets: 'stay',
    gap: false,
    reads: [200, 503, 504],
    writes: [200, 503, 504],
  },
  { service: 'message-producer', sockets: 'stay', gap: false, reads: [200], writes: [200] },
  { service: 'postgres', sockets: 'stay', gap: false, reads: [200, 503, 504], writes: [200, 503, 504] },
  { service: 'rabbitmq', sockets: 'stay', gap: true, reads: [200, 503, 504], writes: [200, 503, 504] },
  { service: 'edge', sockets: 'all', gap: false, reads: [200, 'refused'], writes: [200, 'refused'] },
];

describeWithCompose('docker compose up, every service scaled', () => {
  let project: ComposeProject;
  let admin: ApiClient;
  let member: Member;
  /** Of containers that are gone. */
  let earlierLogs = '';

  beforeAll(async () => {
    project = await ComposeProject.create();
    await project.up(SCALE);
    const login = await project.cli('login');
    const password = /password\s+(\S+)/i.exec(login)?.[1] ?? '';
    admin = await new ApiClient(project.url).login('admin', password, { name: 'demo' });
    member = await makeMember(admin, admin.accountId, 'member');
  }, 900_000);

  const socket = (token: string, path = '/ws') =>
    WsClient.connect(`${project.url.replace('http', 'ws')}${path}`, { token });

  it('prints a token that is good for REST, and nothing else', async () => {
    const token = (await project.cli('token')).trim();
    expect(token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await admin.with(token).get(`/v2/accounts/${admin.accountId}`)).status).toBe(200);
  });

  it('spreads sockets over the gateways, lists them all and finds each', async () => {
    const sockets = await Promise.all(Array.from({ length: 60 }, () => socket(member.token)));
    await Promise.all(sockets.map((one) => one.subscribe('object.*.user')));
    const perGateway = await Promise.all(
      (await project.containers('blackhole')).map((container) =>
        metric(project, container, 5555, 'ringdown_blackhole_sockets'),
      ),
    );
    expect(perGateway.every((count) => count > 0)).toBe(true);

    const list = () =>
      member.api.get<{ websocket_session_id: string; source: string }[]>(
        `/v2/accounts/${member.accountId}/websockets?paginate=false`,
      );
    const listed = (await list()).data;
    expect(listed).toHaveLength(60);

    const user = await member.api.put(`/v2/accounts/${member.accountId}/users`, {
      first_name: 'A',
      last_name: 'B',
    });
    for (const one of sockets) {
      await one.waitForFrame(({ data }) => (data as { id?: string } | undefined)?.id === user.data['id']);
    }

    for (const { websocket_session_id: id } of listed.slice(0, 12)) {
      const answer = await member.api.delete(`/v2/accounts/${member.accountId}/websockets/${id}`);
      expect(answer.status).toBe(200);
    }
    await waitUntil(async () => (await list()).data.length === 48);
    await Promise.all(sockets.map((one) => one.close()));
  }, 120_000);

  it('believes only the edge about who a client is', async () => {
    const own = await WsClient.connect(`${project.url.replace('http', 'ws')}/ws`, {
      token: member.token,
      headers: { 'x-forwarded-for': '203.0.113.9' },
    });
    await own.subscribe('fax.status.*');
    const { data } = await member.api.get<{ source: string }[]>(
      `/v2/accounts/${member.accountId}/websockets`,
    );
    expect(data).toHaveLength(1);
    expect(data[0]!.source).not.toContain('203.0.113.9');
    expect(data[0]!.source).not.toContain(project.edgeAddress);
    await own.close();
  });

  it('shows neither metrics nor health outside', async () => {
    for (const path of [
      '/metrics',
      '/healthz',
      '/readyz',
      '/Metrics/',
      '//metrics',
      '/%6detrics',
      '/v2/../metrics',
    ]) {
      expect((await fetch(`${project.url}${path}`)).status).toBe(404);
    }
  });

  it('passes a command to the producer that has the call, which is announced once', async () => {
    const api = new ApiClient(project.url, admin.token);
    const listener = await socket(admin.token!);
    await listener.subscribe('call.CHANNEL_DESTROY.*');
    const hungUp = new Set<string>();
    await waitUntil(
      async () => {
        const { data } = await api.get<{ uuid: string; answered?: boolean }[]>(
          `/v2/accounts/${admin.accountId}/channels`,
        );
        const call = data.find(({ uuid, answered }) => answered && !hungUp.has(uuid));
        if (!call) return false;
        const answer = await api.post(`/v2/accounts/${admin.accountId}/channels/${call.uuid}`, {
          action: 'hangup',
        });
        // It may have ended by itself a moment ago.
        if (answer.status === 202) hungUp.add(call.uuid);
        return hungUp.size >= 5;
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    for (const uuid of hungUp) {
      await listener.waitForFrame(({ data }) => (data as { call_id?: string } | undefined)?.call_id === uuid);
    }
    await listener.flush();
    for (const uuid of hungUp) {
      expect(listener.events.filter(({ data }) => data['call_id'] === uuid)).toHaveLength(1);
    }
    await listener.close();
  }, 120_000);

  it('unsubscribes a client of the hub wherever it is', async () => {
    const clients = await Promise.all(
      Array.from({ length: 6 }, () =>
        WsClient.connect(`${project.url.replace('http', 'ws')}/api/v1/ws/subscribe?event_types=object`, {
          headers: { authorization: `Bearer ${member.token}` },
        }),
      ),
    );
    for (const client of clients) {
      const welcome = await client.waitForFrame(() => true);
      const answer = await fetch(`${project.url}/api/v1/ws/unsubscribe`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${member.token}` },
        body: JSON.stringify({
          client_id: (welcome['body'] as { client_id: string }).client_id,
          event_types: ['object'],
        }),
      });
      expect([answer.status, await answer.json()]).toEqual([200, { message: 'OK', code: 200 }]);
    }
    await Promise.all(clients.map((one) => one.close()));
  });

  describe('with traffic, when a container is killed', () => {
    let traffic: Traffic;
    let listeners: Listener[];

    beforeAll(async () => {
      const writer = await makeMember(admin, admin.accountId, 'writer');
      listeners = [kazoo, hub, stomp, kazoo, hub, stomp].map(
        (protocol) => new Listener(protocol, project.url, writer.token),
      );
      await waitUntil(() => listeners.every(({ subscribed }) => subscribed), {
        what: () => JSON.stringify(listeners.map(({ seen }) => seen)),
      });
      traffic = await Traffic.start(writer.api, 3);
      await traffic.progress(3);
    }, 120_000);
    afterAll(() => traffic.stop());

    it.each(expectations)(
      '$service: sockets $sockets, and everything heals',
      async ({ service, sockets, gap, reads, writes }) => {
        for (const container of await project.containers(service)) {
          const before = listeners.map(({ seen }) => seen.length);
          const outcomesBefore = traffic.outcomes.length;
          const socketsThere =
            sockets === 'of this container'
              ? await metric(project, container, 5555, 'ringdown_blackhole_sockets')
              : undefined;

          await project.kill9(container);
          await project.untilHealed(container);
          await healed(traffic, listeners);

          const outcomes = traffic.outcomes.slice(outcomesBefore);
          expect(outcomes.filter(({ wellFormed }) => !wellFormed)).toEqual([]);
          expect(unexpected(outcomes, 'read', reads)).toEqual([]);
          expect(unexpected(outcomes, 'write', writes)).toEqual([]);
          const seen = listeners.map((listener, index) => listener.seen.slice(before[index]));
          if (socketsThere !== undefined) {
            expect(seen.filter((one) => one.some(({ kind }) => kind === 'lost'))).toHaveLength(socketsThere);
          }
          listeners.forEach((listener, index) => {
            const kinds = new Set(seen[index]!.map(({ kind }) => kind));
            const stomped = listener.protocol === stomp && gap;
            if (sockets === 'all' || stomped) expect(kinds).toContain('lost');
            if (sockets === 'stay' && !stomped) expect(kinds).not.toContain('lost');
            if (gap) expect(kinds).toContain('gap');
            else expect(kinds).not.toContain('gap');
          });
        }
        // Over the whole time, not only this one: nothing is missing that was not told.
        for (const { seen } of listeners) expect(undeclaredLosses(seen)).toEqual([]);
      },
      600_000,
    );

    it('finds every container healthy afterwards, by the engine itself', async () => {
      await waitUntil(
        async () =>
          (await project.containers()).every(({ service, healthy, exitCode }) =>
            service === 'init' ? exitCode === 0 : healthy,
          ),
        { timeoutMs: 30_000, intervalMs: 500 },
      );
    }, 60_000);
  });

  describe('afterwards', () => {
    it('keeps accounts, documents, tokens and the log over down and up', async () => {
      const call = `kept-${randomHex(8)}`;
      const device = await member.api.put(`/v2/accounts/${member.accountId}/devices`, { name: 'Kept' });
      const published = await member.api.post(`/v2/accounts/${member.accountId}/events`, {
        routing_key: `call.CHANNEL_CREATE.${call}`,
        body: { call_id: call },
      });
      expect(published.status).toBeLessThan(300);
      const channel = `/v2/accounts/${member.accountId}/channels/${call}`;
      await waitUntil(async () => (await member.api.get(channel)).status === 200);

      earlierLogs = await project.logs();
      await project.down();
      await project.up();

      expect(
        (await member.api.get(`/v2/accounts/${member.accountId}/devices/${String(device.data['id'])}`)).data,
      ).toMatchObject({ name: 'Kept' });
      expect((await member.api.get(channel)).status).toBe(200);
    }, 400_000);

    it('has no secret in an image, in the settings of a container or in a log', async () => {
      const secrets = await project.secrets();
      expect(secrets.length).toBeGreaterThanOrEqual(4);
      const places = {
        // Also of the very first start, and of all that was killed.
        'earlier logs': earlierLogs,
        logs: await project.logs(),
        ...(await project.inspected()),
        composition: await project.compose(['config']),
      };
      for (const [place, text] of Object.entries(places)) {
        expect(text.length).toBeGreaterThan(100);
        expect([place, secrets.filter((secret) => text.includes(secret)).length]).toEqual([place, 0]);
      }
    });
  });
});

/** Everybody is subscribed again and saw what was confirmed until now and then some. */
async function healed(traffic: Traffic, listeners: readonly Listener[]): Promise<void> {
  await waitUntil(() => listeners.every(({ subscribed }) => subscribed), { timeoutMs: 60_000 });
  await traffic.progress(2);
  const confirmed = new Map(traffic.confirmed);
  await waitUntil(
    () => listeners.every((one) => [...confirmed].every(([id, rev]) => one.revisionOf(id) >= rev)),
    {
      timeoutMs: 60_000,
      what: () =>
        listeners
          .map((one) => `${one.protocol.name}: ${JSON.stringify(one.seen.slice(-4))}`)
          .concat(`confirmed ${JSON.stringify([...confirmed])}`)
          .join('\n'),
    },
  );
}

function unexpected(
  outcomes: readonly Outcome[],
  what: Outcome['what'],
  allowed: readonly Outcome['status'][],
): unknown[] {
  return outcomes.filter((one) => one.what === what && !allowed.includes(one.status));
}

async function metric(
  project: ComposeProject,
  container: ComposeContainer,
  port: number,
  name: string,
): Promise<number> {
  const text = await project.fetchInside(container, `http://127.0.0.1:${port}/metrics`);
  const line = new RegExp(`^${name}(?:\\{[^}]*\\})? ([\\d.e+]+)$`, 'm').exec(text);
  if (!line) throw new Error(`${container.name} has no metric ${name}`);
  return Number(line[1]);
}
