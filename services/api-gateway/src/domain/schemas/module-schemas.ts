import { callCommandModules, otherModules } from './modules';

/** A JSON schema (draft 7) as it is served and as it is used. */
export type JsonSchema = Readonly<Record<string, unknown>>;

const DRAFT = 'http://json-schema.org/draft-07/schema#';
const ALL_DTMF = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '*', '#'];

const text = (description: string, facts: JsonSchema = {}): JsonSchema => ({
  type: 'string',
  maxLength: 256,
  description,
  ...facts,
});
const id = (description: string): JsonSchema => text(description, { minLength: 1, maxLength: 128 });
const word = (description: string): JsonSchema => text(description, { minLength: 1 });
const oneOf = (description: string, values: readonly string[], standard?: string): JsonSchema => ({
  type: 'string',
  enum: values,
  description,
  ...(standard === undefined ? {} : { default: standard }),
});
const flag = (description: string, standard?: boolean): JsonSchema => ({
  type: 'boolean',
  description,
  ...(standard === undefined ? {} : { default: standard }),
});
const number = (description: string, facts: JsonSchema): JsonSchema => ({
  type: 'number',
  description,
  ...facts,
});

const leg = (standard?: string): JsonSchema =>
  oneOf('Which leg of the call.', ['self', 'peer', 'both'], standard);
const autoAnswer = flag('Ask the called device to answer by itself.', false);
const canCallSelf = flag('Also ring the devices of the one who asked.', true);

const properties: Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> = {
  audio_level: {
    action: oneOf('Begin or end.', ['start', 'stop']),
    level: { type: 'integer', minimum: -4, maximum: 4, description: 'Louder or quieter.' },
    mode: oneOf('What is heard or what is said.', ['read', 'write']),
  },
  break: {},
  callflow: {
    id: id('The callflow to run.'),
    captures: text('Part of the number that the callflow captured.', { maxLength: 1024 }),
    collected: text('Digits collected before.', { maxLength: 1024 }),
    flow: { type: 'object', description: 'A callflow node in place of a callflow’s id.' },
  },
  hangup: {},
  hold: {
    moh_aleg: word('Music for this leg.'),
    moh_bleg: word('Music for the other leg.'),
    unhold_key: text('Digit that ends the hold.', { minLength: 1, default: '1' }),
  },
  hold_control: { action: oneOf('What to do.', ['hold', 'unhold', 'toggle'], 'toggle') },
  intercept: {
    auto_answer: autoAnswer,
    can_call_self: canCallSelf,
    target_id: id('Who picks up.'),
    target_type: oneOf('What `target_id` names.', ['device', 'user', 'number']),
    unbridged_only: flag('Only while the call is not answered by anybody.', true),
  },
  move: {
    auto_answer: autoAnswer,
    can_call_self: canCallSelf,
    device_id: id('The device to go on with; default: any of the owner’s.'),
    dial_strategy: text('How several devices ring.', { minLength: 1, default: 'simultaneous' }),
    owner_id: id('The user whose devices ring; default: the owner of the channel.'),
  },
  park: { slot: word('Where to park; default: the first free slot.') },
  pivot: {
    voice_url: {
      type: 'string',
      maxLength: 2048,
      pattern: '^https?://',
      description: 'Asked for instructions.',
    },
    cdr_url: { type: 'string', maxLength: 2048, pattern: '^https?://', description: 'Told of the end.' },
    debug: flag('Keep requests and answers.', false),
    method: oneOf('Method of the request.', ['get', 'post'], 'get'),
    req_format: oneOf('Form of request and answer.', ['kazoo', 'twiml'], 'kazoo'),
  },
  play: { id: word('The media to play.'), leg: leg('both') },
  record_call: {
    action: oneOf('What to do.', ['mask', 'unmask', 'start', 'stop', 'toggle'], 'toggle'),
    format: oneOf('Form of the recording.', ['mp3', 'wav']),
    label: word('Kept with the recording.'),
    media_name: word('Name of the recording.'),
    method: oneOf('Method to store it.', ['put', 'post']),
    origin: text('What asked for it.'),
    record_min_sec: { type: 'integer', minimum: 0, description: 'Shorter ones are dropped.' },
    record_on_answer: flag('Begin when the call is answered.', false),
    record_on_bridge: flag('Begin when the call is bridged.', false),
    record_sample_rate: { type: 'integer', minimum: 1, description: 'Samples per second.' },
    time_limit: {
      type: 'integer',
      minimum: 5,
      maximum: 10_800,
      description: 'Longest recording, in seconds.',
    },
    url: text('Where to store it.', { maxLength: 2048 }),
  },
  relate: {
    participant_id: { type: 'integer', description: 'Whom it concerns.' },
    other_participant: { type: 'integer', description: 'Whose voice.' },
    conference_id: id('The conference.'),
    relationship: oneOf('What changes.', ['deaf', 'clear', 'mute'], 'clear'),
  },
  resume: {},
  say: {
    text: text('What to say.', { maxLength: 4096 }),
    language: text('Language.'),
    gender: oneOf('Grammatical gender.', ['feminine', 'masculine', 'neuter']),
    method: oneOf('How.', ['pronounced', 'iterated', 'counted']),
    type: oneOf('What the text is.', [
      'account_number',
      'currency',
      'current_date',
      'current_date_time',
      'current_time',
      'email_address',
      'ip_address',
      'items',
      'messages',
      'name_phonetic',
      'name_spelled',
      'number',
      'persons',
      'postal_address',
      'short_date_time',
      'telephone_extension',
      'telephone_number',
      'time_measurement',
      'url',
    ]),
  },
  sound_touch: {
    action: oneOf('Begin or end.', ['start', 'stop']),
    adjust_in_octaves: number('Octaves up or down.', { minimum: -1, maximum: 1 }),
    adjust_in_semitones: number('Semitones up or down.', { minimum: -14, maximum: 14 }),
    hook_dtmf: flag('Let digits change it.', false),
    pitch: number('Pitch.', { minimum: 1, default: 1 }),
    rate: number('Rate.', { minimum: 1, default: 1 }),
    tempo: number('Tempo.', { minimum: 1, default: 1 }),
    sending_leg: flag('What is sent in place of what is heard.', false),
  },
  transfer: {
    target: word('Extension to go to.'),
    transfer_type: oneOf('Ask the target first, or not.', ['attended', 'blind'], 'blind'),
    captures: {
      type: 'array',
      items: text('Captured by the pattern of a metaflow.'),
      maxItems: 16,
      default: ['no_match'],
      description: 'In place of `target`.',
    },
    leg: leg(),
    timeout: { type: 'integer', minimum: 0, description: 'Seconds the target may take.' },
    moh: word('Music while waiting for the target.'),
    takeback_dtmf: word('Digits that take the call back.'),
  },
  tts: {
    text: text('What to say.', { maxLength: 4096 }),
    engine: text('Speech engine.', { default: 'flite' }),
    voice: text('Voice.', { default: 'female' }),
    language: text('Language.'),
    leg: leg('self'),
    terminators: {
      type: 'array',
      items: { type: 'string', enum: ALL_DTMF },
      maxItems: ALL_DTMF.length,
      default: ALL_DTMF,
      description: 'Digits that end it.',
    },
  },
};

const required: Readonly<Record<string, readonly string[]>> = {
  pivot: ['voice_url'],
  relate: ['participant_id', 'other_participant', 'conference_id'],
};

/** The schema of each module's `data`, after Kazoo's metaflow schemas: unknown members pass, few are required. */
export const moduleSchemas: readonly JsonSchema[] = [...callCommandModules, ...otherModules].map(
  (module) => ({
    $schema: DRAFT,
    $id: `metaflows.${module}`,
    description: `Data of the metaflow module ${module}.`,
    type: 'object',
    properties: properties[module],
    ...(required[module] === undefined ? {} : { required: required[module] }),
  }),
);

/** A node: what to do, and what to do next depending on the digit pressed (`_`: any other). */
export const metaflowSchema: JsonSchema = {
  $schema: DRAFT,
  $id: 'metaflow',
  description: 'A metaflow: one module and what follows it.',
  type: 'object',
  properties: {
    module: { type: 'string', minLength: 1, maxLength: 64, description: 'What to do.' },
    data: { type: 'object', default: {}, description: 'Its data, see the schema metaflows.{module}.' },
    children: {
      type: 'object',
      additionalProperties: { $ref: '#' },
      description: 'What follows, by the digit pressed; `_` for any other.',
    },
  },
  required: ['module'],
};

/** The metaflows that a document offers on calls. */
export const metaflowsSchema: JsonSchema = {
  $schema: DRAFT,
  $id: 'metaflows',
  description: 'Metaflows that digits start during a call.',
  type: 'object',
  properties: {
    binding_digit: {
      type: 'string',
      enum: [...ALL_DTMF],
      default: '*',
      description: 'Digit that begins one.',
    },
    digit_timeout: { type: 'integer', minimum: 0, description: 'Milliseconds between digits.' },
    listen_on: { type: 'string', enum: ['both', 'self', 'peer'], description: 'Whose digits.' },
    numbers: {
      type: 'object',
      patternProperties: { '^[0-9]+$': { $ref: 'metaflow' } },
      additionalProperties: false,
      description: 'By the digits pressed.',
    },
    patterns: {
      type: 'object',
      additionalProperties: { $ref: 'metaflow' },
      description: 'By a regular expression over the digits pressed.',
    },
  },
};
