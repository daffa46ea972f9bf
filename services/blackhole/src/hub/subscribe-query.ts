import { parseHubEventTypes, type HubEventType } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';

/** What the URL of an upgrade asks for. */
export interface SubscribeQuery {
  /** In the order given, `global` behind them unless named. */
  readonly types: readonly HubEventType[];
  /** Whose events; undefined: the caller's own. */
  readonly accountId: string | undefined;
}

const MAX_SHOWN = 20;
const GLOBAL: HubEventType = { text: 'global', binding: undefined };

/**
 * Reads `event_types`, `strict` and `account_id`. Unknown event types are dropped, as clients of this protocol expect, or
 * refused with `strict=true`. Error: `validation_failed`.
 */
export function readSubscribeQuery(query: URLSearchParams, maxSubscriptions: number): SubscribeQuery {
  const { types, unknown } = parseHubEventTypes(query.getAll('event_types'));
  if (unknown.length > 0 && query.get('strict')?.toLowerCase() === 'true') {
    const names = unknown.slice(0, MAX_SHOWN).map((name) => name.slice(0, 100));
    throw new AppError('validation_failed', `invalid event type(s): ${names.join(', ')}`, {
      details: {
        event_types: names.map((name) => ({ error: 'invalid', message: `invalid event type: ${name}` })),
      },
    });
  }
  if (types.length > maxSubscriptions) {
    throw fieldError('event_types', 'maxItems', `at most ${maxSubscriptions} event types`);
  }
  const accountId = query.get('account_id') ?? undefined;
  const all = types.some(({ text }) => text === GLOBAL.text) ? types : [...types, GLOBAL];
  return { types: all, accountId: accountId === '' ? undefined : accountId };
}
