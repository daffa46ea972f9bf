import { randomHex } from '@ringdown/core';
import {
  TestSystem,
  createTestDatabase,
  createVhost,
  startAsterisk,
  waitUntil,
  type ApiAnswer,
  type Asterisk,
  type BrokerAddresses,
  type EventFrame,
  type SipCall,
  type WsClient,
} from '@ringdown/testing';
import { expectStatus, makeMember, type Member } from './family-tree';

/** Telephones of the switch that have a device in the account. */
const NAMES = { '1001': 'Ann', '1002': 'Bob', '1003': 'Cid', '1004': 'Dot' } as const;
export type Line = keyof typeof NAMES;

/** A person with a telephone. */
export interface Person {
  readonly userId: string;
  readonly deviceId: string;
}

/** What an event says of its channel. */
type Body = Readonly<Record<string, unknown>>;

export interface OfficeOptions {
  /** Where the call-producers find the manager interface; default: the switch itself. */
  readonly amiPort?: (asterisk: Asterisk) => Promise<number>;
}

/**
 * A company with four telephones on a real switch, the whole distributed system around it, and a socket that hears
 * everything of the account.
 */
export class TelephoneOffice {
  private mark = 0;

  private constructor(
    readonly system: TestSystem,
    readonly vhostUrl: string,
    readonly asterisk: Asterisk,
    readonly company: Member,
    readonly people: Readonly<Record<Line, Person>>,
    readonly socket: WsClient,
    private readonly producerSettings: Readonly<Record<string, string | number>>,
  ) {}

  static async open(
    servers: BrokerAddresses & { readonly databaseUrl: string },
    options: OfficeOptions = {},
  ): Promise<TelephoneOffice> {
    const vhost = await createVhost(servers);
    const database = await createTestDatabase(servers.databaseUrl);
    const [asterisk, system] = await Promise.all([
      startAsterisk(),
      TestSystem.start({ amqpUrl: vhost.url, databaseUrl: database.url, channels: 1 }),
    ]);
    const admin = await system.admin();
    const company = await makeMember(admin, admin.accountId, 'company');
    const people = {} as Record<Line, Person>;
    for (const line of Object.keys(NAMES) as Line[]) people[line] = await hire(company, line);
    const socket = await system.connect(company.token);
    await socket.subscribe(['call.*.*', 'fax.status.*', 'conference.event.*.3001.*']);
    const amiPort = await options.amiPort?.(asterisk);
    const settings = asterisk.settings(amiPort);
    const office = new TelephoneOffice(system, vhost.url, asterisk, company, people, socket, settings);
    await office.startProducer();
    return office;
  }

  /** Of several, one serves the switch and the others stand by. */
  async startProducer(): Promise<void> {
    await this.system.startCallProducer(this.producerSettings);
  }

  /** Between two tests: no call is left anywhere, and what was heard so far does not count any more. */
  async quiet(): Promise<void> {
    try {
      await this.asterisk.untilIdle();
    } finally {
      await waitUntil(async () => (await this.list()).length === 0, { what: 'an empty list of channels' });
      await this.socket.flush();
      this.mark = this.socket.events.length;
    }
  }

  /** Bodies of the events of this name since the last {@link quiet}. */
  heard(name: string): readonly Body[] {
    return this.since()
      .filter((event) => event.name === name)
      .map(({ data }) => data);
  }

  /** The first event of this name that matches, past or future. */
  event(name: string, matches: (body: Body) => boolean = () => true, timeoutMs = 10_000): Promise<Body> {
    return waitUntil(() => this.heard(name).find(matches), {
      timeoutMs,
      what: () => `${name}; heard was ${JSON.stringify(this.since().map(brief), undefined, 1)}`,
    });
  }

  /** An event about this call. */
  eventOf(callId: string, name: string, timeoutMs?: number): Promise<Body> {
    return this.event(name, (body) => body['call_id'] === callId, timeoutMs);
  }

  /** Names of the events about a call so far, in order. */
  story(callId: string): string[] {
    return this.since()
      .filter(({ data }) => data['call_id'] === callId && data['event_category'] === 'call_event')
      .map(({ name }) => name);
  }

  /** Id of the channel of this telephone, told by its CHANNEL_CREATE; the `nth` since {@link quiet}. */
  async channelOf(line: Line, nth = 1): Promise<string> {
    const created = await waitUntil(
      () => this.heard('CHANNEL_CREATE').filter((body) => vars(body)['username'] === line)[nth - 1],
      { what: () => `a channel of ${line}; heard was ${JSON.stringify(this.since().map(brief))}` },
    );
    return String(created['call_id']);
  }

  /** A call from one telephone to another, answered and bridged. */
  async connect(from: Line, to: Line): Promise<Conversation> {
    const seen = [from, to].map(
      (line) => this.heard('CHANNEL_CREATE').filter((body) => vars(body)['username'] === line).length,
    );
    const callee = await this.asterisk.telephone(to).listen();
    const caller = await this.asterisk.telephone(from).call(to);
    await callee.answer();
    await caller.answered();
    const callerId = await this.channelOf(from, seen[0]! + 1);
    const calleeId = await this.channelOf(to, seen[1]! + 1);
    await this.eventOf(callerId, 'CHANNEL_BRIDGE');
    await this.untilChannel(callerId, (channel) => channel?.['other_leg_call_id'] === calleeId);
    return { caller, callee, callerId, calleeId };
  }

  get path(): string {
    return `/v2/accounts/${this.company.accountId}`;
  }

  /** The account's live channels. */
  async list(path = `${this.path}/channels`): Promise<Body[]> {
    return (await expectStatus(200, this.company.api.get(path))).data as unknown as Body[];
  }

  /** One channel; undefined when there is none (any more). */
  async channel(callId: string): Promise<Body | undefined> {
    const answer = await this.company.api.get(`${this.path}/channels/${callId}`);
    return answer.status === 404 ? undefined : (await expectStatus(200, Promise.resolve(answer))).data;
  }

  /** Waits until the channel is as it should be; undefined: gone. */
  async untilChannel(
    callId: string,
    matches: (channel: Body | undefined) => boolean,
  ): Promise<Body | undefined> {
    let last: Body | undefined;
    await waitUntil(async () => matches((last = await this.channel(callId))), {
      what: () => `another state of ${callId} than ${JSON.stringify(last)}`,
    });
    return last;
  }

  /** `POST` of an action. */
  act(callId: string, data: Body): Promise<ApiAnswer> {
    return this.company.api.post(`${this.path}/channels/${callId}`, data);
  }

  /** The same, which must succeed and be proven. */
  async confirm(callId: string, data: Body): Promise<Body> {
    return confirmed(await expectStatus(202, this.act(callId, data)));
  }

  /** `PUT` of a metaflow, which must succeed and be proven. */
  async metaflow(callId: string, data: Body): Promise<Body> {
    const path = `${this.path}/channels/${callId}`;
    const rawBody = JSON.stringify({ action: 'metaflow', data });
    return confirmed(
      await expectStatus(
        202,
        this.company.api.put(path, undefined, { rawBody, headers: { 'content-type': 'application/json' } }),
      ),
    );
  }

  private since(): readonly EventFrame[] {
    return this.socket.events.slice(this.mark);
  }
}

export interface Conversation {
  readonly caller: SipCall;
  readonly callee: SipCall;
  readonly callerId: string;
  readonly calleeId: string;
}

export function vars(body: Body): Body {
  return (body['custom_channel_vars'] ?? {}) as Body;
}

async function hire(company: Member, line: Line): Promise<Person> {
  const path = `/v2/accounts/${company.accountId}`;
  const user = await expectStatus(
    201,
    company.api.put(`${path}/users`, { first_name: NAMES[line], last_name: 'Office' }),
  );
  const userId = String(user.data['id']);
  const device = await expectStatus(
    201,
    company.api.put(`${path}/devices`, {
      name: `Telephone ${line}`,
      owner_id: userId,
      sip: { username: line, password: randomHex(12) },
    }),
  );
  return { userId, deviceId: String(device.data['id']) };
}

function confirmed(answer: ApiAnswer): Body {
  if (answer.data['status'] !== 'confirmed') throw new Error(`not confirmed: ${answer.text}`);
  return answer.data;
}

function brief({ name, data }: EventFrame): string {
  const kind = data['event'] ?? data['fax_state'] ?? '';
  return [name, kind, vars(data)['username'], data['call_id']].filter(Boolean).join(' ');
}
