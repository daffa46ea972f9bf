import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAppError } from '@ringdown/core';
import { decodeEvent } from './decode-event';
import { CONTRACTS_VERSION, encodeEvent } from './encode-event';
import type { EventDraft } from './event';
import { callRoutingKey } from './families/call';

const draft: EventDraft = {
  family: 'call',
  routingKey: callRoutingKey('CHANNEL_CREATE', 'a.1'),
  name: 'CHANNEL_CREATE',
  accountId: 'A',
  body: { call_id: 'a.1' },
  messageId: 'm1',
  timestampMs: 1_767_607_200_000,
};

function errorOf(changes: Partial<EventDraft>): { code: string; message: string; details: unknown } {
  try {
    encodeEvent({ ...draft, ...changes });
  } catch (error) {
    if (isAppError(error)) return { code: error.code, message: error.message, details: error.details };
    throw error;
  }
  throw new Error('was to be refused');
}

describe('encodeEvent', () => {
  it('writes the properties of the wire form', () => {
    const { body, ...properties } = encodeEvent({ ...draft, traceparent: '00-1-2-01' });

    expect(properties).toEqual({
      exchange: 'call',
      routingKey: 'call.CHANNEL_CREATE.a%2E1',
      messageId: 'm1',
      timestampMs: 1_767_607_200_000,
      type: 'CHANNEL_CREATE',
      appId: 'ringdown',
      contentType: 'application/json',
      headers: { account_id: 'A', traceparent: '00-1-2-01' },
    });
    expect(JSON.parse(body.toString())).toEqual({
      call_id: 'a.1',
      event_category: 'call_event',
      event_name: 'CHANNEL_CREATE',
      app_name: 'ringdown',
      app_version: CONTRACTS_VERSION,
      msg_id: 'm1',
    });
  });

  it('keeps what the body says of itself', () => {
    const body = { app_name: 'ecallmgr', app_version: '4.3', msg_id: 'x', event_name: 'CHANNEL_CREATE' };
    const wire = encodeEvent({ ...draft, body });

    expect(JSON.parse(wire.body.toString())).toMatchObject(body);
  });

  it('makes a new message id and time where none is given', () => {
    const { messageId: _messageId, timestampMs: _timestampMs, ...rest } = draft;
    const first = encodeEvent(rest);
    const second = encodeEvent(rest);

    expect(first.messageId! < second.messageId!).toBe(true);
    expect(second.timestampMs).toBeGreaterThan(0);
  });

  it('sends no account header for an event of no account', () => {
    expect(encodeEvent({ ...draft, accountId: undefined }).headers).toEqual({});
  });

  it('is read by decodeEvent as it was written', () => {
    const result = decodeEvent(encodeEvent(draft));

    expect(result).toMatchObject({
      ok: true,
      event: { family: 'call', name: 'CHANNEL_CREATE', accountId: 'A', messageId: 'm1' },
    });
  });

  it.each<[string, Partial<EventDraft>]>([
    ['a key of another family', { routingKey: 'object.doc_created.user' }],
    ['a key of no event', { routingKey: 'call.CHANNEL_LAUGH.a' }],
    ['a key without id', { routingKey: 'call.CHANNEL_CREATE' }],
    ['a key that AMQP cannot carry', { routingKey: `call.CHANNEL_CREATE.${'a'.repeat(250)}` }],
    ['a name that is not that of the key', { name: 'CHANNEL_ANSWER' }],
    ['a body that is not JSON', { body: { call_id: 'a.1', n: 1n } }],
  ])('refuses %s as bad_request', (_, changes) => {
    expect(errorOf(changes).code).toBe('bad_request');
  });

  it('names each known field that has the wrong type', () => {
    expect(errorOf({ body: { call_id: 1, from: [] } })).toMatchObject({
      code: 'validation_failed',
      details: { fields: [{ field: 'call_id' }, { field: 'from' }] },
    });
  });

  it('refuses a body above the limit', () => {
    expect(errorOf({ body: { x: 'y'.repeat(1024 * 1024) } }).code).toBe('too_large');
  });

  it('names the version of this package', () => {
    const manifest: unknown = JSON.parse(readFileSync(join(__dirname, '../package.json'), 'utf8'));

    expect(manifest).toMatchObject({ version: CONTRACTS_VERSION });
  });
});
