import { randomHex } from '@ringdown/core';

/** The size of the event body, close to a real CHANNEL_CREATE. */
const PADDING_BYTES = 300;
const padding = randomHex(PADDING_BYTES);

/** A call event that carries its sequence number and the time it was due. */
export function eventBody(accountId: string, sequence: number, dueMs: number): Record<string, unknown> {
  return {
    bench_due_ms: Number(dueMs.toFixed(3)),
    bench_sequence: sequence,
    call_id: `bench-${sequence}`,
    call_direction: 'inbound',
    caller_id_name: 'Bench',
    caller_id_number: '1001',
    custom_channel_vars: { account_id: accountId, authorizing_type: 'device' },
    event_category: 'call_event',
    event_name: 'CHANNEL_CREATE',
    from: '1001@bench.example',
    to: '1002@bench.example',
    padding,
  };
}

const DUE = Buffer.from('"bench_due_ms":');

/** Reads the due time out of a frame's payload without parsing it. */
export function dueMsOf(payload: Buffer): number | undefined {
  const at = payload.indexOf(DUE);
  if (at < 0) return undefined;
  const from = at + DUE.length;
  let end = from;
  while (end < payload.length && payload[end] !== 0x2c && payload[end] !== 0x7d) end += 1;
  return Number(payload.toString('latin1', from, end));
}
