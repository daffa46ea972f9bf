import {
  ForeignAmqp,
  TestSystem,
  UpgradeRefused,
  WsClient,
  createVhost,
  describeWithRabbitMq,
  waitUntil,
  type ApiClient,
} from '@ringdown/testing';
import { callRoutingKey, encodeEvent, eventSamplesFor, type EventDraft } from '@ringdown/contracts';
import { makeFamily, type Member } from './family-tree';
import { StompByHand } from './stomp-by-hand';

/** What a viewer was sent, each event as text. */
type Seen = () => readonly string[];
/** Subscribes a viewer to every family; undefined when it was refused. */
type Subscribe = (token: string, account: string | undefined) => Promise<Seen | undefined>;

/** One event of each family; the first of its catalogue. */
function oneOfEach(accountId: string): EventDraft[] {
  const drafts = eventSamplesFor(accountId).map(({ draft }) => draft);
  return [...new Map([...drafts].reverse().map((draft) => [draft.family, draft])).values()];
}

/** By the binding, the event type or the destination the event came under. */
function namesFamily(text: string, family: string): boolean {
  return new RegExp(`"subscribed_key":"${family}\\.|"event_type":"${family}"|^/topic/${family}\\.`).test(
    text,
  );
}

describeWithRabbitMq('who sees whose events', (broker) => {
  let system: TestSystem;
  let amqp: ForeignAmqp;
  let admin: ApiClient;
  let parent: Member;
  let child: Member;
  let sibling: Member;
  beforeAll(async () => {
    const vhost = await createVhost(broker);
    system = await TestSystem.start({ amqpUrl: vhost.url });
    ({ admin, parent, child, sibling } = await makeFamily(system));
    amqp = await ForeignAmqp.connect(vhost.url);
  }, 120_000);

  async function publish(draft: EventDraft): Promise<void> {
    const { exchange, routingKey, body, messageId, headers } = encodeEvent(draft);
    await amqp.publish(exchange, routingKey, body, { messageId: messageId!, headers: { ...headers } });
  }

  const conference = oneOfEach('x')
    .find(({ family }) => family === 'conference')!
    .routingKey.split('.')[2]!;
  const bindings = [
    'call.*.*',
    `conference.event.${conference}.*`,
    'fax.status.*',
    'object.*.*',
    'messaging.*.*',
  ];

  const protocols: Readonly<Record<string, Subscribe>> = {
    kazoo: async (token, account) => {
      const socket = await system.connect(token);
      const named = account === undefined ? {} : { account_id: account };
      const { status } = await socket.request('subscribe', { bindings, ...named });
      return status === 'success' ? () => socket.events.map((event) => JSON.stringify(event)) : undefined;
    },
    hub: async (token, account) => {
      const url = new URL('/api/v1/ws/subscribe', system.blackholes[0]!.wsUrl);
      url.searchParams.set('event_types', 'call,conference,fax,object,messaging');
      if (account !== undefined) url.searchParams.set('account_id', account);
      try {
        const socket = await WsClient.connect(url.href, { headers: { Authorization: `Bearer ${token}` } });
        await socket.waitForFrame(({ event_type }) => event_type === 'global');
        return () => socket.frames.map((frame) => JSON.stringify(frame));
      } catch (error) {
        if (error instanceof UpgradeRefused && error.status === 403) return undefined;
        throw error;
      }
    },
    stomp: async (token, account) => {
      const client = await StompByHand.connect(`${system.blackholes[0]!.wsUrl}/ws.communication`, token);
      for (const binding of bindings) {
        const named = account === undefined ? {} : { account_id: account };
        if (!(await client.subscribe(`/topic/${binding}`, named))) return undefined;
      }
      return () => client.messages().map(({ headers, body }) => `${headers['destination']} ${body}`);
    },
  };

  describe.each(Object.keys(protocols))('over %s', (protocol) => {
    const viewers: readonly [
      string,
      () => string,
      () => string | undefined,
      'sees' | 'sees nothing' | 'refused',
    ][] = [
      ['the account itself', () => child.token, () => undefined, 'sees'],
      ['the account itself, by name', () => child.token, () => child.accountId, 'sees'],
      ['its parent', () => parent.token, () => undefined, 'sees nothing'],
      ['its parent, by name', () => parent.token, () => child.accountId, 'sees'],
      ['a sibling', () => sibling.token, () => undefined, 'sees nothing'],
      ['a sibling, by name', () => sibling.token, () => child.accountId, 'refused'],
      ['a sibling, by a star', () => sibling.token, () => '*', 'refused'],
      ['the super admin', () => admin.token!, () => undefined, 'sees nothing'],
      ['the super admin, by name', () => admin.token!, () => child.accountId, 'sees'],
      ['the super admin, by a star', () => admin.token!, () => '*', 'sees'],
    ];

    it.each(viewers)(
      '%s: %#',
      async (_name, token, account, expected) => {
        const seen = await protocols[protocol]!(token(), account());
        expect(seen === undefined).toBe(expected === 'refused');
        if (seen === undefined) return;

        const drafts = oneOfEach(child.accountId);
        for (const draft of drafts) await publish(draft);
        // Behind them one of every account: whoever hears the last of its own has been sent everything before.
        for (const accountId of [admin.accountId, parent.accountId, sibling.accountId, child.accountId]) {
          const callId = `last-${accountId}`;
          await publish({
            family: 'call',
            routingKey: callRoutingKey('CHANNEL_CREATE', callId),
            name: 'CHANNEL_CREATE',
            accountId,
            body: { call_id: callId, custom_channel_vars: { account_id: accountId } },
          });
        }
        await waitUntil(() => seen().some((text) => text.includes('last-')), { what: 'an own event' });

        const heard = ({ family }: EventDraft): boolean =>
          seen().some(
            (text) => !text.includes('last-') && namesFamily(text, family) && text.includes(child.accountId),
          );
        expect(drafts.map((draft) => [draft.family, heard(draft)])).toEqual(
          drafts.map(({ family }) => [family, expected === 'sees']),
        );
      },
      60_000,
    );
  });
});
