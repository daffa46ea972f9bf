import { CUSTOMER, callCreated } from '../testing/start-blackhole';
import { refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp();
});

describe('acknowledgements', () => {
  const cases = [
    ['1.0', (id: string) => ({ 'message-id': id })],
    ['1.1', (id: string) => ({ 'message-id': id, subscription: 's' })],
    ['1.2', (id: string) => ({ id })],
  ] as const;

  async function withMessages(version: '1.0' | '1.1' | '1.2', ack: string, count: number) {
    const client = await stomp.client({ version });
    await client.subscribe('s', '/topic/call.*.*', { ack });
    for (let call = 0; call < count; call += 1) await stomp.publish(callCreated(CUSTOMER, `ack-${call}`));
    const ids = (await client.messageCount(count)).map(({ headers }) => headers['message-id']!);
    return { client, ids };
  }

  it.each(cases)('A1, A3: in %s `client` settles everything before', async (version, headersOf) => {
    const { client, ids } = await withMessages(version, 'client', 3);
    await client.confirmed('ACK', headersOf(ids[1]!));
    await client.confirmed('ACK', headersOf(ids[2]!));
    client.send('ACK', headersOf(ids[0]!));

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it.each(cases.slice(1))('A1, A2, A3: in %s `client-individual` settles one', async (version, headersOf) => {
    const { client, ids } = await withMessages(version, 'client-individual', 3);
    await client.confirmed('ACK', headersOf(ids[1]!));
    await client.confirmed('NACK', headersOf(ids[0]!));
    await client.confirmed('ACK', headersOf(ids[2]!));
    // Nothing comes again because of a NACK.
    expect(client.messages).toHaveLength(3);
    client.send('NACK', headersOf(ids[0]!));

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it('A2: there is no NACK in 1.0', async () => {
    const { client, ids } = await withMessages('1.0', 'client', 1);
    client.send('NACK', { 'message-id': ids[0]! });

    expect(await refusalOf(client)).toEqual(['unknown command', 1002]);
  });

  it.each([
    ['A1: in 1.0 without message-id', '1.0', { id: 'x' }, 'missing header message-id'],
    ['A1: in 1.1 without message-id', '1.1', { subscription: 's' }, 'missing header message-id'],
    ['A1: in 1.1 without subscription', '1.1', { 'message-id': 'x' }, 'missing header subscription'],
    ['A1: in 1.2 without id', '1.2', { 'message-id': 'x' }, 'missing header id'],
    ['A3: of an unknown message', '1.2', { id: 'x' }, 'no such message waits to be acknowledged'],
  ] as const)('%s is an ERROR', async (_rule, version, headers, message) => {
    const client = await stomp.client({ version });
    client.send('ACK', headers);

    expect(await refusalOf(client)).toEqual([message, 1002]);
  });

  it('of messages in mode auto is an ERROR', async () => {
    const { client, ids } = await withMessages('1.2', 'auto', 1);
    client.send('ACK', { id: ids[0]! });

    expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
  });

  it('A3: are waited for in a window of 1,000 messages; one more is an ERROR', async () => {
    const { client, ids } = await withMessages('1.2', 'client', 1_000);
    await client.confirmed('ACK', { id: ids[0]! });
    await stomp.publish(callCreated(CUSTOMER, 'fits'));
    await client.messageCount(1_001);
    expect(client.closeStatus).toBeUndefined();
    await stomp.publish(callCreated(CUSTOMER, 'too many'));

    expect(await refusalOf(client)).toEqual(['too many unacknowledged messages', 1002]);
    expect(client.messages).toHaveLength(1_001);
  });

  it('do not count as requests: a client may send as many as it gets messages', async () => {
    const slow = await startStomp({ wsRateCapacity: 3, wsRatePerSecond: 1 });
    const client = await slow.client();
    await client.subscribe('s', '/topic/call.*.*', { ack: 'client-individual' });
    for (let call = 0; call < 50; call += 1) await slow.publish(callCreated(CUSTOMER, `c-${call}`));
    for (const { headers } of await client.messageCount(50)) client.send('ACK', { id: headers['ack']! });
    await client.confirmed('UNSUBSCRIBE', { id: 's' });
    for (const transaction of ['a', 'b', 'c']) client.send('BEGIN', { transaction });

    expect(await refusalOf(client)).toEqual(['rate limit exceeded', 1002]);
    await slow.stop();
  });

  describe('in transactions', () => {
    it('T1: take effect at COMMIT', async () => {
      const { client, ids } = await withMessages('1.2', 'client-individual', 2);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      await client.confirmed('NACK', { id: ids[1]!, transaction: 't' });
      await client.confirmed('COMMIT', { transaction: 't' });
      client.send('ACK', { id: ids[0]! });

      expect(await refusalOf(client)).toEqual(['no such message waits to be acknowledged', 1002]);
    });

    it('T1: never take effect after ABORT', async () => {
      const { client, ids } = await withMessages('1.2', 'client-individual', 1);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      await client.confirmed('ABORT', { transaction: 't' });

      await client.confirmed('ACK', { id: ids[0]! });
    });

    it.each([
      ['T1: BEGIN without transaction', 'BEGIN', {}, 'missing header transaction'],
      ['T1: COMMIT without transaction', 'COMMIT', {}, 'missing header transaction'],
      ['T1: ABORT without transaction', 'ABORT', {}, 'missing header transaction'],
      ['T1: BEGIN of one that is open', 'BEGIN', { transaction: 'open' }, 'transaction already begun'],
      ['T1: COMMIT of an unknown one', 'COMMIT', { transaction: 'x' }, 'unknown transaction'],
      ['T1: ABORT of an unknown one', 'ABORT', { transaction: 'x' }, 'unknown transaction'],
    ] as const)('%s is an ERROR', async (_rule, command, headers, message) => {
      const client = await stomp.client();
      await client.confirmed('BEGIN', { transaction: 'open' });
      client.send(command, headers);

      expect(await refusalOf(client)).toEqual([message, 1002]);
    });

    it('T1: an ACK in an unknown one is an ERROR', async () => {
      const { client, ids } = await withMessages('1.2', 'client', 1);
      client.send('ACK', { id: ids[0]!, transaction: 'x' });

      expect(await refusalOf(client)).toEqual(['unknown transaction', 1002]);
    });

    it('T2: are aborted by DISCONNECT and by a lost link', async () => {
      const { client, ids } = await withMessages('1.2', 'client', 1);
      await client.confirmed('BEGIN', { transaction: 't' });
      await client.confirmed('ACK', { id: ids[0]!, transaction: 't' });
      client.socket.terminate();

      // Nothing of one connection is left for another.
      const again = await stomp.client();
      again.send('COMMIT', { transaction: 't' });
      expect(await refusalOf(again)).toEqual(['unknown transaction', 1002]);
    });
  });
});
