// The text of docs/messaging.md, from the built contracts.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { root } from './prepare.mjs';

const contracts = createRequire(import.meta.url)(join(root, 'libs/contracts/dist/index.js'));
const { eventSamples, families, parseBinding, SAMPLE_ACCOUNT_ID } = contracts;

const code = (text) => `\`${text}\``;
const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');
const table = (heads, rows) =>
  [heads, heads.map(() => '---'), ...rows].map((row) => `| ${row.map(cell).join(' | ')} |`).join('\n');
const block = (language, text) => `\`\`\`${language}\n${text}\n\`\`\``;

function exchanges() {
  const rows = families.map(({ name, catalogue }) => [
    code(name),
    [...new Set(catalogue.map(({ binding }) => routingKeyForm(binding)))].map(code).join('<br>'),
  ]);
  rows.push([
    code(contracts.CONTROL_EXCHANGE),
    ['control.alive.{SERVICE}.{INSTANCE}', 'control.token_revoked', 'control.principal_changed']
      .map(code)
      .join('<br>'),
  ]);
  return table(['Exchange (topic, durable)', 'Routing keys'], rows);
}

/** The catalogue lists bindings one by one; as routing keys they are a few forms. */
function routingKeyForm(binding) {
  return binding
    .replace(/^call\.[A-Z_]+/, 'call.{EVENT}')
    .replace(/^object\.\w+\.\w+/, 'object.{ACTION}.{TYPE}');
}

function identifiers() {
  const ids = [
    'a84b4c76',
    'a84b4c76e66710@10.1.2.3',
    'Sales room',
    '+15550100',
    '7c9e:6679~x_y',
    'größe',
    '*',
  ];
  return table(
    ['Id', 'In a routing key'],
    ids.map((id) => [code(id), code(contracts.encodeId(id))]),
  );
}

/** One event under the names that each protocol has for it. Of the many documents one stands for all. */
function names() {
  const rows = families.flatMap(({ name: family, catalogue }) => {
    const entries =
      family === 'object' ? catalogue.filter(({ binding }) => binding.endsWith('.user')) : catalogue;
    return entries.map(({ binding, name }) => {
      const client = clientForm(binding);
      const queues = family === 'messaging' ? [contracts.messagingQueues[name], '/events'] : [];
      return [
        name,
        code(binding),
        code(client),
        code(hubTypeOf(binding)),
        [...queues, `/topic/${client}`].map(code).join('<br>'),
      ];
    });
  });
  return table(['Event', 'Routing key', 'Kazoo binding', 'Hub event type', 'STOMP destination'], rows);
}

/** With a wildcard for every id but that of a conference, which only super admins may leave open. */
function clientForm(binding) {
  return binding.replaceAll(/\{(?!CONFERENCE_ID)\w+\}/g, '*');
}

/** The narrowest type that means the event. */
function hubTypeOf(binding) {
  const [narrowest] = contracts.hubEventTypeNames
    .filter((type) => binding === type || binding.startsWith(`${type}.`))
    .sort((a, b) => b.length - a.length);
  return narrowest;
}

const exampleBindings = [
  'call.CHANNEL_CREATE.*',
  'call.*.*',
  'call.*.a1',
  'call.CHANNEL_DESTROY.a84b4c76e66710@10.1.2.3',
  'call.CHANNEL_DESTROY.a84b4c76e66710@10%2E1%2E2%2E3',
  'conference.event.*.7c9e6679.*',
  'conference.event.add-member.7c9e6679.a1',
  'conference.event.7c9e6679.*',
  'conference.event.7c9e6679.*.lock',
  'conference.event.*.*.*',
  'conference.command.7c9e6679',
  'conference.command.*',
  'fax.status.*',
  'fax.object.*',
  'object.doc_created.user',
  'object.*.device',
  'object.*.*',
  'messaging.message.*',
  'messaging.*.2b6f0cc9',
];

function bindings() {
  return table(
    ['Client binding', 'Topic patterns on the exchange', 'Also compared', '`subscription_key`'],
    exampleBindings.map((text) => {
      const { patterns, filter, subscriptionKey, superAdminOnly } = parseBinding(text, () =>
        Date.UTC(2026, 0),
      );
      const compared = [filter && 'id or kind', superAdminOnly && 'super admin only'].filter(Boolean);
      return [
        code(text),
        patterns.map(code).join('<br>'),
        compared.join(', '),
        code(subscriptionKey('{ACCOUNT}'))
          .replace('account%2F{A%2FCC%2FOUNT}', '{ACCOUNT_DB}')
          .replace('202601', 'YYYYMM'),
      ];
    }),
  );
}

const refusedBindings = [
  'call.CHANNEL_CREATE',
  'call.CHANNEL_CREATE.#',
  'call.CHANNEL_LAUGH.*',
  'conference.event.*.7c9e6679',
  'conference.event.7c9e6679.*.sing',
  'conference.talk.7c9e6679',
  'fax.status',
  'object.doc_created',
  'object.doc_created.user.5d0c9a',
  'object.doc_created.pet',
  'object.*.pet',
  'object.doc_lost.*',
  'messaging.message',
  'messaging.smell.*',
  'weather.today',
  'control.token_revoked',
  '*.doc_created.user',
  '#',
  '',
  42,
];

function refusals() {
  return table(
    ['Binding', 'Error'],
    refusedBindings.map((text) => [code(JSON.stringify(text)), code(refusal(text))]),
  );
}

function refusal(text) {
  try {
    parseBinding(text);
  } catch (error) {
    return error.message;
  }
  throw new Error(`${text} was to be refused`);
}

function familySection({ name, catalogue }) {
  const parts = [`### ${name}`];
  parts.push(
    table(
      ['Advertised binding', 'When'],
      catalogue.map(({ binding, summary, undocumented }) => [
        code(binding),
        undocumented ? `${summary} Shown only with \`?families=all\`.` : summary,
      ]),
    ),
  );
  for (const shape of new Set(catalogue.map((item) => item.shape))) {
    const first = catalogue.find((item) => item.shape === shape);
    if (name === 'fax' && first.binding.startsWith('fax.object')) {
      parts.push(`Body of ${code(first.binding)}: that of an \`object\` event.`);
      continue;
    }
    const sharing = catalogue.filter((item) => item.shape === shape).length;
    parts.push(
      sharing > 4
        ? `Body of all of them, for example of ${code(first.routingKey)}:`
        : `Body, for example of ${code(first.routingKey)}:`,
    );
    parts.push(block('json', JSON.stringify(first.sample(SAMPLE_ACCOUNT_ID), null, 2)));
    parts.push(table(['Field', 'Type', ''], fieldRows(shape.fields)));
  }
  return parts.join('\n\n');
}

function fieldRows(fields, prefix = '') {
  return Object.entries(fields).flatMap(([name, field]) => [
    [code(prefix + name), field.type, field.doc],
    ...fieldRows(field.members ?? {}, `${prefix}${name}.`),
  ]);
}

function documentTypeTable() {
  return table(
    ['Type', 'REST path below `/v2/accounts/{ACCOUNT_ID}`'],
    contracts.documentTypes.map(({ type, resource, parent }) => {
      const above = parent && contracts.documentTypeNamed(parent).resource;
      return [
        code(type),
        type === 'account' ? 'itself' : code(above ? `/${above}/{ID}/${resource}` : `/${resource}`),
      ];
    }),
  );
}

function operations() {
  const all = Object.values(contracts).filter((value) => value?.service && value?.request && value?.name);
  const byName = (a, b) => `${a.service} ${a.name}`.localeCompare(`${b.service} ${b.name}`, 'en');
  return table(
    ['Service', 'Operation', 'Writes', 'Request (`?`: optional)'],
    all
      .sort(byName)
      .map(({ service, name, writes, request }) => [
        code(service),
        code(name),
        writes ? 'yes' : '',
        requestFields(request.describe()),
      ]),
  );
}

function requestFields({ keys = {} }) {
  return Object.entries(keys)
    .map(([name, { flags }]) => code(flags?.presence === 'required' ? name : `${name}?`))
    .join(', ');
}

const sample = contracts.encodeEvent({
  ...eventSamples[0].draft,
  messageId: '019400000000000000000a1b2c3d4e5f',
  timestampMs: 1767607200000,
});

/** Markdown, not formatted yet. */
export const messagingPage = `<!-- Generated by scripts/docs-messaging.mjs from libs/contracts. Do not edit: run \`node scripts/docs-messaging.mjs\`. -->

# Messaging: what travels over the broker

## Exchanges and routing keys

${exchanges()}

The routing key of an event *is* the concrete form of the binding a client subscribes to. No client may bind the exchange
\`${contracts.CONTROL_EXCHANGE}\`.

An id is one word of a key: letters, digits and \`- _ ~ @ :\` stay, a space becomes \`+\`, every other byte of its UTF-8
form \`%XX\`. In bodies and in REST ids are raw. A routing key has at most ${contracts.MAX_ROUTING_KEY_BYTES} bytes.

${identifiers()}

## Names in each protocol

The narrowest name each protocol has for an event; \`*\` may be a concrete id, and \`user\` stands for every type of document.
The hub's \`call\`, \`object\`, … mean all of a family; it takes every Kazoo binding as an event type, too.

${names()}

## An event on the wire

Body: one JSON object in UTF-8, snake_case, exactly what a subscriber gets as \`data\`; at most
${contracts.MAX_EVENT_BYTES} bytes and ${contracts.MAX_EVENT_DEPTH} levels deep.

${table(
  ['Property', 'Content', 'Example'],
  [
    ['exchange', 'the family', code(sample.exchange)],
    ['routing key', '', code(sample.routingKey)],
    [
      '`message_id`',
      'unique, sortable by time; the same when an event is sent again',
      code(sample.messageId),
    ],
    ['`timestamp`', 'time of the event', code(new Date(sample.timestampMs).toISOString())],
    ['`type`', 'event name', code(sample.type)],
    ['`app_id`', 'publisher', code(sample.appId)],
    ['`content_type`', '', code(sample.contentType)],
    ['header `account_id`', 'whose event it is; none: super admins only', code(sample.headers.account_id)],
    ['header `traceparent`', 'W3C trace context', ''],
  ],
)}

**Anyone may publish.** A foreign event needs a routing key of the table above and a JSON object, nothing else:

* Account: header \`account_id\`, else member \`account_id\`, else \`custom_channel_vars.account_id\`.
* Event name, category and ids that the body lacks are taken from the routing key.
* An id may be left raw in the key: everything after the event name is the id, dots included.
* Known fields must have their type, \`null\` counts as missing, unknown fields pass, none is required.

What cannot be used is counted by reason (\`unknown_exchange\`, \`bad_routing_key\`, \`too_large\`, \`not_json\`,
\`not_an_object\`, \`invalid_field\`) and reaches no client.

## Client bindings

\`*\` stands for any value of one segment, \`#\` is not offered. Everything after the event name is the id, raw or encoded,
dots and \`@\` included. Whatever the binding, a subscription delivers events of exactly one account.

${bindings()}

\`*.#\` is one or more words: it matches ids with and without raw dots, but no key without an id. \`{ACCOUNT_DB}\` is
\`account%2F\`, the first two, the next two and the remaining characters of the account id, joined by \`%2F\`; \`fax\` and
\`mailbox_message\` have \`{ACCOUNT}-YYYYMM\` there.
A conference binding is read in the order event, conference, call when its third segment is \`*\` or a known kind, else in
the order conference, call, kind. A binding has at most ${contracts.MAX_BINDING_BYTES} bytes.

What is refused, and in which words:

${refusals()}

## Event families

${families.map(familySection).join('\n\n')}

## Document types

${documentTypeTable()}

## Event log

Everything published to a family's exchange also goes into the log of that exchange, \`journal.{EXCHANGE}\`: on RabbitMQ a
stream bound with \`#\`, limited in age and size (\`RINGDOWN_JOURNAL_MAX_AGE_S\`, \`RINGDOWN_JOURNAL_MAX_BYTES\`), in one
process a ring in memory. All readers see one order with the same offsets. Two kinds of messages
are for readers of the log alone; their keys begin with \`_\`, so no client binding matches them:

${table(
  ['Routing key', 'Body', 'Meaning'],
  [
    [
      '`_fence.{ID}`',
      '',
      'written by a reader: having met it, the reader has read all that was published before',
    ],
    [
      '`_switch.{SWITCH}`',
      '`switch`, `holder`, `snapshot_id`, `part`, `parts`, `taken_at` (unix ms), `channels`',
      `all live calls of a switch, in parts of at most ${contracts.MAX_CHANNELS_PER_PART}, from its call-producer: replaces what was believed of that switch`,
    ],
  ],
)}

## Control plane

Exchange \`${contracts.CONTROL_EXCHANGE}\`, heard by every process, never kept in a log.

${table(
  ['Routing key', 'Body', 'Meaning'],
  [
    [
      '`control.alive.{SERVICE}.{INSTANCE}`',
      '`service`, `instance`, `started_at` (unix ms)',
      'sent every 2 s; 6 silent seconds mean gone',
    ],
    ['`control.token_revoked`', '`token_id`, `expires_at` (unix s)', 'the token is no longer accepted'],
    [
      '`control.principal_changed`',
      '`account_id`, `user_id?`, `key_id?`',
      'drop what is cached of it, check its sessions again',
    ],
  ],
)}

## Requests

A request goes to the queue \`rpc.{SERVICE}\`, which all replicas share, or to \`rpc.{SERVICE}.{INSTANCE}\` of one. A
call-producer answers under the name of its switch: that queue is exclusive, so it is also what keeps a second producer for
the switch from becoming active. A request carries its deadline as \`expiration\`, is dropped unread past it and never redelivered. Operations that write remember the id of the
request, so that a retry applies once.

${operations()}
`;
