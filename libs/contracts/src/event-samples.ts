import type { EventDraft } from './event';
import { families } from './families/families';
import type { JsonObject } from './fields';

/** The account of {@link eventSamples}. */
export const SAMPLE_ACCOUNT_ID = '0f1e2d3c4b5a69788796a5b4c3d2e1f0';

/** A valid event for one entry of the catalogue. */
export interface EventSample {
  /** The entry, for example `call.CHANNEL_CREATE.{CALL_ID}`. */
  readonly binding: string;
  readonly summary: string;
  readonly draft: EventDraft;
  /** A body for the same routing key whose known fields have wrong types. */
  readonly invalidBody: JsonObject;
}

/** One valid event per entry of the full catalogue, in its order. */
export function eventSamplesFor(accountId: string): readonly EventSample[] {
  return families.flatMap(({ name: family, catalogue }) =>
    catalogue.map(({ binding, summary, name, routingKey, sample, invalid }) => ({
      binding,
      summary,
      draft: { family, routingKey, name, accountId, body: sample(accountId) },
      invalidBody: invalid,
    })),
  );
}

export const eventSamples: readonly EventSample[] = eventSamplesFor(SAMPLE_ACCOUNT_ID);
