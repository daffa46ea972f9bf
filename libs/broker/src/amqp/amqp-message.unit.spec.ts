import type { Message } from 'amqplib';
import fc from 'fast-check';
import {
  deathTimeMs,
  earlierDeliveries,
  toDeadLetter,
  toPublishOptions,
  toWireMessage,
} from './amqp-message';

function foreign(properties: Record<string, unknown>): Message {
  const fields = { exchange: 'call', routingKey: 'call.x', deliveryTag: 1, redelivered: false };
  return { fields, properties, content: Buffer.from('{}') } as unknown as Message;
}

describe('messages on the wire', () => {
  it('come back as they were sent, to the millisecond', () => {
    const message = {
      exchange: 'call',
      routingKey: 'call.x',
      body: Buffer.from('{}'),
      messageId: 'm',
      timestampMs: 1_790_000_000_123,
      type: 'T',
      appId: 'a',
      contentType: 'c',
      headers: { account_id: 'x' },
    };
    const options = toPublishOptions(message);
    expect(options.timestamp).toBe(1_790_000_000);
    expect(toWireMessage(foreign({ ...options }))).toEqual(message);
  });

  it.each([
    ['seconds', { timestamp: 1_790_000_000 }, 1_790_000_000_000],
    ['milliseconds meant as seconds', { timestamp: 1_790_000_000_123 }, 1_790_000_000_123],
    [
      'the header of a broker plug-in',
      { timestamp: 1, headers: { timestamp_in_ms: 1_790_000_000_123 } },
      1_790_000_000_123,
    ],
    ['the header as text', { headers: { timestamp_in_ms: '1790000000123' } }, 1_790_000_000_123],
    ['nonsense', { timestamp: 2 ** 64, headers: { timestamp_in_ms: 'soon' } }, undefined],
    ['nothing', {}, undefined],
  ])('read the time from %s', (_, properties, expected) => {
    expect(toWireMessage(foreign(properties)).timestampMs).toBe(expected);
  });

  it('keep the string headers of foreign publishers and drop the others', () => {
    const headers = { account_id: 'a', number: 1, table: { x: 'y' }, list: ['z'], nothing: null };
    expect(toWireMessage(foreign({ headers })).headers).toEqual({ account_id: 'a' });
  });

  it('are read whatever the properties hold', () => {
    const key = fc.constantFrom(
      'x-death',
      'timestamp_in_ms',
      'x-delivery-count',
      '__proto__',
      'account_id',
      'time',
    );
    const headers = fc.oneof(fc.anything(), fc.dictionary(key, fc.anything()));
    const names = ['messageId', 'timestamp', 'type', 'appId', 'contentType', 'replyTo'];
    fc.assert(
      fc.property(headers, fc.dictionary(fc.constantFrom(...names), fc.anything()), (table, properties) => {
        const message = foreign({ ...properties, headers: table });
        for (const wire of [toWireMessage(message), toDeadLetter(message)]) {
          expect(Object.values(wire.headers).every((it) => typeof it === 'string')).toBe(true);
          expect(['undefined', 'string']).toContain(typeof wire.messageId);
        }
        expect(earlierDeliveries(message)).toBeGreaterThanOrEqual(0);
        expect(['undefined', 'number']).toContain(typeof deathTimeMs(message));
      }),
    );
  });

  it('show a dead letter under its first address', () => {
    const death = { exchange: 'fax', 'routing-keys': ['fax.status.1'], time: { '!': 'timestamp', value: 5 } };
    const message = foreign({ headers: { 'x-death': [death] } });
    expect(toDeadLetter(message)).toMatchObject({ exchange: 'fax', routingKey: 'fax.status.1' });
    expect(deathTimeMs(message)).toBe(5_000);
  });
});
