import { encodeId, families, type FamilyName } from '@ringdown/contracts';
import { validator } from '@ringdown/http';
import Joi from 'joi';
import type { Access } from '../app/access';
import type { EventPublisher } from '../app/event-publisher';
import type { Resource } from '../crossbar/endpoint';

interface EventData {
  readonly routing_key?: string;
  readonly family?: FamilyName;
  readonly name?: string;
  readonly ids?: readonly string[];
  readonly body: Readonly<Record<string, unknown>>;
}

const eventData = validator<EventData>(
  Joi.object({
    routing_key: Joi.string().max(255).custom(withoutWildcards),
    family: Joi.string().valid(...families.map(({ name }) => name)),
    name: Joi.string()
      .max(64)
      .pattern(/^[A-Za-z0-9_]+$/, 'event name'),
    ids: Joi.array().items(Joi.string().min(1).max(255)).min(1).max(2),
    body: Joi.object().unknown(true).required(),
  })
    .xor('routing_key', 'family')
    .and('family', 'name', 'ids'),
);

/** A wildcard belongs into a binding; as an id it is written `%2A`. */
function withoutWildcards(routingKey: string, helpers: Joi.CustomHelpers): unknown {
  return routingKey.split('.').some((word) => word === '*' || word === '#')
    ? helpers.error('any.invalid')
    : routingKey;
}

/**
 * `POST /accounts/{A}/events`: publishes an event for those who do not speak AMQP. Named by its routing key, or by family,
 * name and ids. The account is A whatever the body says.
 */
export function eventsResource(publisher: EventPublisher, access: Access): Resource {
  return {
    path: '/accounts/:account_id/events',
    methods: {
      POST: {
        access: 'token-body',
        authorize: ({ principal, params }) => access.toAdminister(principal, params['account_id']!),
        run: async ({ params, traceparent }, data) => {
          const event = eventData(data);
          const accountId = params['account_id']!;
          const routingKey =
            event.routing_key ?? [event.family, event.name, ...(event.ids ?? []).map(encodeId)].join('.');
          const { messageId, name } = await publisher.publish({
            routingKey,
            accountId,
            body: event.body,
            traceparent,
          });
          return {
            status: 202,
            data: { message_id: messageId, routing_key: routingKey, name, account_id: accountId },
          };
        },
      },
    },
  };
}
