import Joi from 'joi';

/** What the system knows about one type of document. Members a schema does not name are kept as they are. */
export interface DocumentType {
  readonly name: string;
  readonly schema: Joi.ObjectSchema;
  /** The only members an event carries. Whatever is not listed here stays inside. */
  readonly eventMembers: readonly string[];
  /** Documents of this type live under one of that type. */
  readonly parentType?: string;
}

const name = Joi.string().min(1).max(128);
const shortText = Joi.string().allow('').max(256);
const longText = Joi.string().allow('').max(4096);
const password = Joi.string().min(1).max(1024);
const pin = Joi.string()
  .min(4)
  .max(15)
  .pattern(/^[0-9]*$/);
const ownerId = Joi.string().length(32).hex();
const enabled = Joi.boolean().default(true);
const timezone = Joi.string().min(1).max(64);
const language = Joi.string().min(2).max(32);
const email = Joi.string().min(3).max(254).email({ tlds: false });
const count = Joi.number().integer().min(0);
const seconds = count.max(86_400);
/** What rings when a group is called. Nothing unknown in it: events show groups whole. */
const groupEndpoint = Joi.object({
  type: Joi.string().valid('device', 'user', 'group').required(),
  weight: count.max(100),
  delay: seconds,
  timeout: seconds,
}).unknown(false);

/** A realm is a host name: it becomes the domain of SIP addresses. */
const realm = Joi.string()
  .min(4)
  .max(253)
  .pattern(/^[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?)+$/);

const catalogue: readonly DocumentType[] = [
  {
    name: 'account',
    schema: Joi.object({ name: name.required(), realm, enabled, language, timezone }),
    eventMembers: ['name', 'realm', 'enabled', 'language', 'timezone'],
  },
  {
    name: 'user',
    schema: Joi.object({
      first_name: name.required(),
      last_name: name.required(),
      username: Joi.string()
        .min(1)
        .max(256)
        .pattern(/^[^\s:]+$/),
      password,
      email,
      priv_level: Joi.string().valid('user', 'admin').default('user'),
      enabled,
      language,
      timezone,
      presence_id: shortText,
    }),
    eventMembers: [
      'first_name',
      'last_name',
      'username',
      'email',
      'priv_level',
      'enabled',
      'language',
      'timezone',
      'presence_id',
    ],
  },
  {
    name: 'device',
    schema: Joi.object({
      name: name.required(),
      enabled,
      device_type: shortText,
      mac_address: shortText,
      owner_id: ownerId,
      sip: Joi.object({ username: Joi.string().min(2).max(32), password: Joi.string().min(5).max(32) }),
    }),
    eventMembers: ['name', 'enabled', 'device_type', 'mac_address', 'owner_id'],
  },
  {
    name: 'callflow',
    schema: Joi.object({
      name: shortText,
      numbers: Joi.array().items(Joi.string().min(1).max(36)).max(1000).unique(),
      patterns: Joi.array().items(Joi.string().min(1).max(1024)).max(100).unique(),
      owner_id: ownerId,
      flow: Joi.object({ module: Joi.string().min(1).max(64), data: Joi.object(), children: Joi.object() }),
    }),
    eventMembers: ['name', 'numbers', 'patterns', 'owner_id'],
  },
  {
    name: 'vmbox',
    schema: Joi.object({
      name: name.required(),
      mailbox: Joi.string().min(1).max(30).required(),
      pin,
      owner_id: ownerId,
      timezone,
      require_pin: Joi.boolean(),
    }),
    eventMembers: ['name', 'mailbox', 'owner_id', 'timezone'],
  },
  {
    name: 'mailbox_message',
    parentType: 'vmbox',
    schema: Joi.object({
      folder: Joi.string().valid('new', 'saved', 'deleted').default('new'),
      caller_id_name: shortText,
      caller_id_number: shortText,
      from: shortText,
      to: shortText,
      call_id: shortText,
      media_id: shortText,
      length: count,
      timestamp: count,
    }),
    eventMembers: [
      'folder',
      'caller_id_name',
      'caller_id_number',
      'from',
      'to',
      'call_id',
      'media_id',
      'length',
      'timestamp',
    ],
  },
  {
    name: 'faxbox',
    schema: Joi.object({
      name: name.required(),
      caller_name: shortText,
      caller_id: shortText,
      fax_header: shortText,
      fax_identity: shortText,
      fax_timezone: timezone,
      owner_id: ownerId,
      retries: count.max(4),
    }),
    eventMembers: [
      'name',
      'caller_name',
      'caller_id',
      'fax_header',
      'fax_identity',
      'fax_timezone',
      'owner_id',
      'retries',
    ],
  },
  {
    name: 'fax',
    schema: Joi.object({
      to_name: shortText,
      to_number: shortText,
      from_name: shortText,
      from_number: shortText,
      attempts: count,
      retries: count,
      folder: shortText,
      status: shortText,
      faxbox_id: shortText,
      owner_id: ownerId,
      document: Joi.object({ url: Joi.string().max(4096), method: Joi.string().max(16) }),
    }),
    eventMembers: [
      'to_name',
      'to_number',
      'from_name',
      'from_number',
      'attempts',
      'retries',
      'folder',
      'status',
      'faxbox_id',
      'owner_id',
    ],
  },
  {
    name: 'media',
    schema: Joi.object({
      name: name.required(),
      description: longText,
      language,
      media_source: Joi.string().valid('recording', 'upload', 'tts').default('upload'),
      content_type: shortText,
      content_length: count,
      streamable: Joi.boolean(),
      owner_id: ownerId,
    }),
    eventMembers: [
      'name',
      'description',
      'language',
      'media_source',
      'content_type',
      'content_length',
      'streamable',
      'owner_id',
    ],
  },
  {
    name: 'call_recording',
    schema: Joi.object({
      name: shortText,
      call_id: shortText,
      interaction_id: shortText,
      caller_id_name: shortText,
      caller_id_number: shortText,
      callee_id_name: shortText,
      callee_id_number: shortText,
      direction: Joi.string().valid('inbound', 'outbound'),
      duration: count,
      duration_ms: count,
      from: shortText,
      to: shortText,
      media_type: shortText,
      start: count,
      owner_id: ownerId,
    }),
    eventMembers: [
      'name',
      'call_id',
      'interaction_id',
      'caller_id_name',
      'caller_id_number',
      'callee_id_name',
      'callee_id_number',
      'direction',
      'duration',
      'duration_ms',
      'from',
      'to',
      'media_type',
      'start',
      'owner_id',
    ],
  },
  {
    name: 'group',
    schema: Joi.object({
      name: name.required(),
      endpoints: Joi.object()
        .pattern(/^[0-9a-f]{32}$/i, groupEndpoint)
        .max(1000)
        .unknown(false),
      music_on_hold: Joi.object({ media_id: shortText }),
    }),
    eventMembers: ['name', 'endpoints'],
  },
];

/** Every type by its name. */
export const documentTypes: ReadonlyMap<string, DocumentType> = new Map(
  catalogue.map((type) => [type.name, type]),
);
