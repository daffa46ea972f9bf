import {
  authenticateVisitor,
  connectMessagingChannel,
  sendAsVisitor,
  type ConnectChannelRequest,
  type MessageEnvelope,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import { signatureOf } from '../../domain/signature';
import { Harness } from '../harness';

export const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[57][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** What the sections of the data suite share: a service on a database, an account of its own for each test. */
export class DataFixture {
  database!: Database;
  h!: Harness;
  /** Stands still unless a test moves it. */
  now = Date.parse('2026-02-03T04:05:06.070Z');
  /** Another one for each test. */
  account_id!: string;

  constructor(open: () => Promise<Database>) {
    beforeAll(async () => {
      this.database = await open();
      this.h = await Harness.start(this.database, { clock: () => this.now });
    }, 60_000);

    afterAll(async () => {
      await this.h.stop();
      await this.database.close();
    }, 60_000);

    beforeEach(() => {
      this.account_id = newId();
    });
  }

  readonly ask: Harness['ask'] = (operation, request, options) => this.h.ask(operation, request, options);

  readonly connect = (request: Partial<ConnectChannelRequest> = {}, requestId: string = newId()) =>
    this.ask(
      connectMessagingChannel,
      {
        account_id: this.account_id,
        source: 'twilio.sms',
        source_channel_id: '+4930555010',
        ...request,
      },
      { requestId },
    );

  readonly chatPlugin = async (): Promise<string> =>
    (await this.connect({ source: 'chat_plugin', source_channel_id: 'site', name: 'Site' })).channel.id;

  /** A visitor who has said something. */
  readonly visit = async (channel_id?: string) => {
    const channel = channel_id ?? (await this.chatPlugin());
    const { token, session } = await this.ask(authenticateVisitor, { channel_id: channel });
    const say = (message: unknown, requestId: string = newId()): Promise<MessageEnvelope> =>
      this.ask(sendAsVisitor, { token, message }, { requestId });
    const first = await say({ text: 'Hello World' });
    return { token, session, say, first, conversation_id: session.conversation_id, channel_id: channel };
  };

  readonly signed = (secret: string, body: object, at = this.now) => {
    const text = JSON.stringify(body);
    const timestamp = String(Math.floor(at / 1000));
    return { timestamp, body: text, signature: signatureOf(secret, timestamp, text) };
  };
}
