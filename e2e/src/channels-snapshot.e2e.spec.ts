import {
  ForeignAmqp,
  TestSystem,
  type WsClient,
  createTestDatabase,
  createVhost,
  describeWithServers,
  waitUntil,
  type EventFrame,
} from '@ringdown/testing';
import { publishCallEvent, type CallPublisher } from './call-history';

const LINES = 60;
const CLIENTS = 24;

interface Snapshot {
  readonly channels: readonly { readonly call_id: string }[];
}

/** What a wallboard believes: the snapshot, changed by every event since. */
class Wallboard {
  readonly live: Set<string>;
  readonly contradictions: string[] = [];

  constructor(
    readonly socket: WsClient,
    snapshot: Snapshot['channels'],
  ) {
    this.live = new Set(snapshot.map(({ call_id }) => call_id));
  }

  catchUp(): this {
    for (const event of this.socket.events.splice(0)) this.take(event);
    return this;
  }

  private take({ name, data }: EventFrame): void {
    const id = String(data['call_id']);
    const known = this.live.has(id);
    if (name === 'CHANNEL_CREATE') {
      if (known) this.contradictions.push(`${id} began twice`);
      this.live.add(id);
    } else if (name === 'CHANNEL_DESTROY') {
      if (!known) this.contradictions.push(`${id} ended and was not there`);
      this.live.delete(id);
    } else if (!known) {
      this.contradictions.push(`${name} of ${id}, which was not there`);
    }
  }
}

describeWithServers('snapshot, then stream', (servers) => {
  it('shows no call twice and misses none, whenever a client comes', async () => {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const system = await TestSystem.start({
      amqpUrl: vhost.url,
      databaseUrl: database.url,
      channels: 2,
      blackholes: 2,
    });
    const admin = await system.admin();
    // Several connections: no order between their events but that of each call.
    const connections = await Promise.all(Array.from({ length: 4 }, () => ForeignAmqp.connect(vhost.url)));
    const truth = new Set<string>();
    let stop = false;
    let published = 0;
    const lines = Array.from({ length: LINES }, async (_, line) => {
      const publisher: CallPublisher = {
        amqp: connections[line % connections.length]!,
        accountId: admin.accountId!,
        ...(line % 2 === 0 ? { switchId: 'e2e-switch' } : {}),
      };
      for (let n = 0; !stop; n += 1) {
        const id = `line-${line}.${n}@e2e`;
        truth.add(id);
        await publishCallEvent(publisher, 'CHANNEL_CREATE', id);
        await publishCallEvent(publisher, 'CHANNEL_ANSWER', id);
        published += 3;
        // Some lines talk on at the end, so that the last picture is not empty.
        if (stop && line % 3 === 0) return;
        await publishCallEvent(publisher, 'CHANNEL_DESTROY', id);
        truth.delete(id);
      }
    });
    await waitUntil(() => published > 1_000, { timeoutMs: 60_000, what: 'traffic' });

    const boards: Wallboard[] = [];
    for (let n = 0; n < CLIENTS; n += 1) {
      const socket = await system.connect(admin.token, system.blackholes[n % 2]);
      const { data } = await socket.requestOk('subscribe', { binding: 'call.*.*', snapshot: true });
      const { channels } = data['snapshot'] as Snapshot;
      boards.push(new Wallboard(socket, channels));
      const next = published + 300;
      await waitUntil(() => published > next, { timeoutMs: 30_000 });
    }
    stop = true;
    await Promise.all(lines);

    expect(truth.size).toBeGreaterThan(0);
    await waitUntil(() => boards.every((board) => same(board.catchUp().live, truth)), {
      timeoutMs: 30_000,
      what: 'every wallboard to show the live calls',
    });
    expect(boards.flatMap(({ contradictions }) => contradictions)).toEqual([]);
  }, 240_000);
});

function same(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((id) => b.has(id));
}
