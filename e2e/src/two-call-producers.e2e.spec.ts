import {
  ForeignAmqp,
  TestSystem,
  createTestDatabase,
  createVhost,
  describeWithServers,
  waitUntil,
  type ForeignMessage,
} from '@ringdown/testing';

interface CallEvent {
  readonly name: string;
  readonly callId: string;
  readonly messageId: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Call events as any AMQP consumer sees them; the log's own messages are none. */
function callEvents(messages: readonly ForeignMessage[]): CallEvent[] {
  return messages
    .filter(({ routingKey }) => routingKey.startsWith('call.'))
    .map(({ properties, body }) => {
      const members = JSON.parse(body.toString('utf8')) as Record<string, unknown>;
      return {
        name: String(properties['type']),
        callId: String(members['call_id']),
        messageId: String(properties['messageId']),
        body: members,
      };
    });
}

function idsOf(events: readonly CallEvent[], name: string): string[] {
  return events.filter((event) => event.name === name).map(({ callId }) => callId);
}

describeWithServers('two call-producers for one switch', (servers) => {
  it('announce nothing twice; the second takes over when the first is killed', async () => {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const system = await TestSystem.start({ amqpUrl: vhost.url, databaseUrl: database.url, channels: 1 });
    const admin = await system.admin();
    const heard = await (await ForeignAmqp.connect(vhost.url)).collect('call');
    const env = { RINGDOWN_CALL_SOURCE: 'simulator' };
    const first = await system.startCallProducer(env);
    await system.startCallProducer(env);
    await waitUntil(() => idsOf(callEvents(heard), 'CHANNEL_DESTROY').length > 3, { timeoutMs: 90_000 });

    await first.process.kill9();
    const beforeKill = callEvents(heard);
    const live = idsOf(beforeKill, 'CHANNEL_CREATE').filter(
      (id) => !idsOf(beforeKill, 'CHANNEL_DESTROY').includes(id),
    );
    expect(live.length).toBeGreaterThan(0);
    await waitUntil(
      () => {
        const ended = idsOf(callEvents(heard), 'CHANNEL_DESTROY');
        return live.every((id) => ended.includes(id));
      },
      { timeoutMs: 30_000, what: 'the calls of the killed producer to end' },
    );
    const known = new Set(idsOf(beforeKill, 'CHANNEL_CREATE'));
    await waitUntil(() => idsOf(callEvents(heard), 'CHANNEL_CREATE').some((id) => !known.has(id)), {
      timeoutMs: 30_000,
      what: 'a call of the second producer',
    });

    const events = callEvents(heard);
    const recovered = events.filter(
      ({ name, body }) => name === 'CHANNEL_DESTROY' && body['recovered'] === true,
    );
    expect(recovered.length).toBeGreaterThan(0);
    for (const { body } of recovered) {
      expect(body).toMatchObject({ hangup_cause: 'UNKNOWN' });
      expect(body).not.toHaveProperty('duration_seconds');
    }
    for (const name of ['CHANNEL_CREATE', 'CHANNEL_DESTROY']) {
      const ids = idsOf(events, name);
      expect(ids).toHaveLength(new Set(ids).size);
    }
    expect(events).toHaveLength(new Set(events.map(({ messageId }) => messageId)).size);

    // What REST lists is what the events tell, and none of it is the dead producer's.
    await waitUntil(
      async () => {
        const { data } = await admin.get(`/v2/accounts/${admin.accountId}/channels`);
        const listed = (data as unknown as readonly { readonly uuid: string }[]).map(({ uuid }) => uuid);
        const ended = idsOf(callEvents(heard), 'CHANNEL_DESTROY');
        return listed.length > 0 && listed.every((id) => !known.has(id) && !ended.includes(id));
      },
      { timeoutMs: 30_000, what: 'the list of the second producer’s calls' },
    );
  }, 240_000);
});
