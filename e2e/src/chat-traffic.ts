import { createHmac } from 'node:crypto';
import { pause } from '@ringdown/core';
import { type ApiClient, waitUntil, type ApiAnswer } from '@ringdown/testing';
import type { Mood } from './callback-receiver';

type Body = Readonly<Record<string, unknown>>;

/** A message as the REST API lists it. */
export interface ListedMessage {
  readonly id: string;
  readonly content: string;
  readonly delivery_state: string;
  readonly sender_type: string;
}

/** Somebody who writes from outside, and has begun to. */
export interface Contact {
  readonly conversationId: string;
  /** One message of the contact; its id once it was accepted. */
  readonly write: (text: string) => Promise<string>;
}

const SECRET = 'a secret of sixteen or more';
/** Between two messages of one writer. */
const PACE_MS = 20;

/** Contacts who write and an agent who answers, over REST, through whatever happens to the services behind it. */
export class ChatTraffic {
  /** Ids that a 200 named, by conversation. */
  readonly accepted = new Map<string, Set<string>>();
  private readonly streams: Promise<void>[] = [];
  private ending = false;

  constructor(private readonly admin: ApiClient) {}

  /** No stream writes any more: {@link end} was called, or one of them failed, which {@link end} tells. */
  get ended(): boolean {
    return this.ending;
  }

  get acceptedCount(): number {
    return [...this.accepted.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** A visitor of a web page with a chat plugin. */
  async visitor(site: string): Promise<Contact> {
    const channel = await this.ask('/chatplugin.connect', { name: site });
    const session = await this.ask('/chatplugin.authenticate', { channel_id: channel['id'] });
    const headers = { Authorization: String(session['token']) };
    const write = async (text: string): Promise<string> =>
      String((await this.ask('/chatplugin.send', { message: { text } }, headers))['id']);
    await write('hello');
    return { conversationId: String(session['conversation_id']), write };
  }

  /** Somebody with a telephone, whose messages a source brings and takes. */
  async caller(number: string, callbackUrl: string): Promise<Contact> {
    const channel = await this.ask('/channels.twilio.sms.connect', {
      phone_number: number,
      name: number,
      secret: SECRET,
      callback_url: callbackUrl,
    });
    const channel_id = channel['id'];
    const bring = async (text: string): Promise<Body> => {
      const body = { channel_id, source_conversation_id: number, message: { id: text, content: { text } } };
      return this.bring(JSON.stringify(body));
    };
    const first = await bring('hello');
    const write = async (text: string): Promise<string> => {
      const { id } = (await bring(text))['message'] as ListedMessage;
      return id;
    };
    return { conversationId: String(first['conversation_id']), write };
  }

  /** Begins to write as fast as answers come, until {@link end}. */
  streamFrom(contact: Contact): void {
    this.stream((n) => contact.write(`question ${n}`), contact.conversationId);
  }

  /** Begins to answer in the conversation likewise. `mood`: what the callback of the channel will say. */
  answerTo({ conversationId }: Contact, mood: (n: number) => Mood = () => 'takes'): void {
    this.stream(async (n) => {
      const message = { text: `answer ${n}`, mood: mood(n) };
      const sent = await this.ask('/messages.send', { conversation_id: conversationId, message });
      if (sent['delivery_state'] !== 'PENDING') throw new Error(`sent: ${JSON.stringify(sent)}`);
      return String(sent['id']);
    }, conversationId);
  }

  /** Errors: that of the first stream that was not answered as it should be. */
  async end(): Promise<void> {
    this.ending = true;
    await Promise.all(this.streams);
  }

  read({ conversationId }: Contact): Promise<Body> {
    return this.ask('/conversations.read', { conversation_id: conversationId });
  }

  async unread({ conversationId }: Contact): Promise<number> {
    const info = await this.ask('/conversations.info', { conversation_id: conversationId });
    return Number(info['unread_message_count']);
  }

  /** All of them, in the order of the conversation. */
  async list({ conversationId }: Contact): Promise<ListedMessage[]> {
    const all: ListedMessage[] = [];
    let cursor: unknown;
    do {
      const page = await this.ask('/messages.list', {
        conversation_id: conversationId,
        page_size: 100,
        ...(cursor === undefined ? {} : { cursor }),
      });
      all.push(...(page['data'] as ListedMessage[]));
      cursor = (page['response_metadata'] as Body)['next_cursor'];
    } while (cursor !== null);
    return all.reverse();
  }

  private stream(say: (n: number) => Promise<string>, conversationId: string): void {
    const accepted = this.accepted.get(conversationId) ?? new Set<string>();
    this.accepted.set(conversationId, accepted);
    const run = async (): Promise<void> => {
      for (let n = 0; !this.ending; n += 1) {
        accepted.add(await say(n));
        await pause(PACE_MS);
      }
    };
    const running = run();
    running.catch(() => (this.ending = true));
    this.streams.push(running);
  }

  private bring(rawBody: string): Promise<Body> {
    // Signed anew at every attempt.
    return this.insist(() => {
      const timestamp = String(Math.floor(Date.now() / 1000));
      const signature = createHmac('sha256', SECRET).update(`${timestamp}.${rawBody}`).digest('hex');
      return this.post('/sources/twilio.sms/messages', rawBody, {
        'X-Ringdown-Timestamp': timestamp,
        'X-Ringdown-Signature': signature,
      });
    });
  }

  private ask(
    path: string,
    body: Body,
    headers: Readonly<Record<string, string>> = { Authorization: this.admin.token! },
  ): Promise<Body> {
    return this.insist(() => this.post(path, JSON.stringify(body), headers));
  }

  private post(path: string, rawBody: string, headers: Readonly<Record<string, string>>): Promise<ApiAnswer> {
    return this.admin.request('POST', path, undefined, { rawBody, headers, token: null });
  }

  /** Tries again while the answer is that nobody answers; what was tried may have happened all the same. */
  private async insist(attempt: () => Promise<ApiAnswer>): Promise<Body> {
    const answer = await waitUntil(
      async () => {
        const got = await attempt();
        return [503, 504].includes(got.status) ? undefined : got;
      },
      { timeoutMs: 60_000, intervalMs: 50, what: 'an answer' },
    );
    if (answer.status >= 300) throw new Error(`${answer.status} ${answer.text}`);
    return answer.envelope;
  }
}
