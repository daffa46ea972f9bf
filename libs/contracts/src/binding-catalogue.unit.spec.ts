import { bindingCatalogue } from './binding-catalogue';

const types = [
  'account',
  'callflow',
  'device',
  'faxbox',
  'media',
  'user',
  'vmbox',
  'fax',
  'mailbox_message',
  'call_recording',
];

/** The map of Kazoo's documentation of websockets, written out apart from the code. */
const documented = {
  call: [
    'call.CHANNEL_CREATE.{CALL_ID}',
    'call.CHANNEL_ANSWER.{CALL_ID}',
    'call.CHANNEL_DESTROY.{CALL_ID}',
    'call.CHANNEL_HOLD.{CALL_ID}',
    'call.CHANNEL_UNHOLD.{CALL_ID}',
    'call.CHANNEL_BRIDGE.{CALL_ID}',
    'call.PARK_PARKED.{CALL_ID}',
    'call.PARK_RETRIEVED.{CALL_ID}',
    'call.PARK_ABANDONED.{CALL_ID}',
  ],
  conference: ['conference.event.{CONFERENCE_ID}.{CALL_ID}', 'conference.command.{CONFERENCE_ID}'],
  fax: ['fax.status.{FAX_ID}', 'fax.object.{ACTION}'],
  object: [
    ...types.map((type) => `object.doc_created.${type}`),
    ...types.map((type) => `object.doc_edited.${type}`),
    ...types.map((type) => `object.doc_deleted.${type}`),
  ],
};

describe('bindingCatalogue', () => {
  it('is exactly the documented map, in its order', () => {
    expect(JSON.stringify(bindingCatalogue())).toBe(JSON.stringify(documented));
    expect(JSON.stringify(bindingCatalogue({ families: 'default' }))).toBe(JSON.stringify(documented));
  });

  it('adds groups and messaging when everything is asked for', () => {
    const withGroups = [...types, 'group'];

    expect(JSON.stringify(bindingCatalogue({ families: 'all' }))).toBe(
      JSON.stringify({
        ...documented,
        object: ['doc_created', 'doc_edited', 'doc_deleted'].flatMap((action) =>
          withGroups.map((type) => `object.${action}.${type}`),
        ),
        messaging: [
          'messaging.message.{CONVERSATION_ID}',
          'messaging.unread_count.{CONVERSATION_ID}',
          'messaging.channel_connected.{CHANNEL_ID}',
          'messaging.channel_disconnected.{CHANNEL_ID}',
        ],
      }),
    );
  });
});
