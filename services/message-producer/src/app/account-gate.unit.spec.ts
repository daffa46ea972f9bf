import { createEmbeddedHub, handle, type Broker } from '@ringdown/broker';
import {
  OBJECT_PRODUCER,
  authenticateVisitor,
  connectMessagingChannel,
  describePrincipal,
  describeVisitor,
  disconnectMessagingChannel,
  getDelivery,
  listMessages,
  receiveSourceMessage,
  sendAsVisitor,
  sendMessage,
  type PrincipalState,
} from '@ringdown/contracts';
import { AppError, newId, silentLogger } from '@ringdown/core';
import { openDatabase, type Database } from '@ringdown/database';
import { onTeardown, waitUntil } from '@ringdown/testing';
import { AskedAccounts } from '../adapters/asked-accounts';
import { signatureOf } from '../domain/signature';
import type { AccountState } from '../ports';
import { Harness } from '../testing/harness';
import { Receiver } from '../testing/receiver';
import { SOURCE_SECRET, contactSays } from '../testing/source';

let database: Database;
let h: Harness;
let account_id: string;
/** Undefined: cannot be asked. */
let state: AccountState | undefined;

beforeAll(async () => {
  database = await openDatabase({ logger: silentLogger });
  h = await Harness.start(database, {
    accountState: () => {
      if (state === undefined) throw new AppError('unavailable', 'authorization unavailable, try again');
      return state;
    },
  });
}, 60_000);

afterAll(async () => {
  await h.stop();
  await database.close();
});

beforeEach(() => {
  account_id = newId();
  state = 'enabled';
});

/** Of whoever asks, when the account is in that state. */
const answers: [AccountState | undefined, string][] = [
  ['disabled', 'locked'],
  ['deleted', 'unauthorized'],
  [undefined, 'unavailable'],
];

describe('a visitor of an account that is', () => {
  const visit = async () => {
    const { channel } = await h.ask(connectMessagingChannel, {
      account_id,
      source: 'chat_plugin',
      source_channel_id: 'site',
    });
    const channel_id = channel.id;
    const { token, session } = await h.ask(authenticateVisitor, { channel_id });
    const say = (): Promise<unknown> => h.ask(sendAsVisitor, { token, message: 'hello' });
    await say();
    return { channel_id, token, say, conversation_id: session.conversation_id };
  };

  it.each(answers)('%s is refused, and nothing is kept', async (becomes, code) => {
    const { channel_id, token, say, conversation_id } = await visit();
    state = becomes;
    const refused = { code };
    const unknown = { code: becomes === 'deleted' ? 'not_found' : code };

    await expect(say()).rejects.toMatchObject(refused);
    await expect(h.ask(describeVisitor, { token })).rejects.toMatchObject(refused);
    await expect(h.ask(authenticateVisitor, { channel_id })).rejects.toMatchObject(unknown);
    await expect(h.ask(authenticateVisitor, { channel_id, resume_token: token })).rejects.toMatchObject(
      unknown,
    );

    state = 'enabled';
    const { data } = await h.ask(listMessages, { account_id, conversation_id });
    expect(data).toHaveLength(1);
    await say();
  });

  it('enabled has no token that stands for anything once its channel is disconnected', async () => {
    const { channel_id, token } = await visit();
    await h.ask(disconnectMessagingChannel, { account_id, channel_id });

    await expect(h.ask(describeVisitor, { token })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('a source of an account that is', () => {
  const source = async (callback_url?: string) => {
    const { channel } = await h.ask(connectMessagingChannel, {
      account_id,
      source: 'twilio.sms',
      source_channel_id: '+49',
      secret: SOURCE_SECRET,
      ...(callback_url === undefined ? {} : { callback_url }),
    });
    return channel.id;
  };

  it.each(answers)('%s is refused, and nothing is kept', async (becomes, code) => {
    const channel_id = await source();
    state = becomes;

    await expect(contactSays(h, channel_id, 'ann')).rejects.toMatchObject({ code });

    state = 'enabled';
    const { conversation_id } = await contactSays(h, channel_id, 'ann');
    const { data } = await h.ask(listMessages, { account_id, conversation_id });
    expect(data).toHaveLength(1);
  });

  it('disabled is told so only when its signature fits', async () => {
    const channel_id = await source();
    state = 'disabled';
    const timestamp = String(Math.floor(Date.now() / 1000));
    const body = JSON.stringify({ channel_id });

    const forged = { source: 'twilio.sms', timestamp, body, signature: signatureOf('x', timestamp, body) };

    await expect(h.ask(receiveSourceMessage, forged)).rejects.toMatchObject({ code: 'unauthorized' });
  });

  describe('gets what was sent', () => {
    let receiver: Receiver;
    beforeAll(async () => {
      receiver = await Receiver.start();
    });
    beforeEach(() => receiver.calls.splice(0));

    const send = async (): Promise<string> => {
      const { conversation_id } = await contactSays(h, await source(receiver.url), 'ann');
      state = becomes;
      return (await h.ask(sendMessage, { account_id, conversation_id, message: 'x' })).id;
    };
    let becomes: AccountState | undefined;
    const outcomeOf = async (message_id: string) => {
      await waitUntil(async () => {
        const { delivery_state } = await h.ask(getDelivery, { account_id, message_id });
        return delivery_state !== 'PENDING';
      });
      return h.ask(getDelivery, { account_id, message_id });
    };

    it.each(['disabled', 'deleted'] as const)('never, once it is %s: FAILED', async (given) => {
      becomes = given;
      const message_id = await send();

      expect(await outcomeOf(message_id)).toEqual({
        message_id,
        delivery_state: 'FAILED',
        attempts: 1,
        reason: `the account is ${given}`,
      });
      expect(receiver.calls).toEqual([]);
    });

    it('later, while it cannot be found out; no attempt is used up by that', async () => {
      becomes = undefined;
      const message_id = await send();
      await waitUntil(async () => {
        const { reason } = await h.ask(getDelivery, { account_id, message_id });
        return reason === 'authorization unavailable, try again';
      });
      expect(receiver.calls).toEqual([]);

      state = 'enabled';

      expect(await outcomeOf(message_id)).toEqual({ message_id, delivery_state: 'DELIVERED', attempts: 1 });
      expect(receiver.calls).toHaveLength(1);
    });
  });
});

describe('the keeper of accounts', () => {
  const account = { id: 'a', name: 'acme', realm: 'acme.example', tree: [], superduper_admin: false };
  const of = (given: PrincipalState['account']): PrincipalState => ({ account: given, epoch: 0 });
  let hub: ReturnType<typeof createEmbeddedHub>;
  let asking: Broker;

  beforeEach(async () => {
    hub = createEmbeddedHub();
    asking = await started('message-producer');
  });

  const started = async (service: string): Promise<Broker> => {
    const broker = hub.connect({ service, logger: silentLogger });
    await broker.start();
    onTeardown(() => broker.stop());
    return broker;
  };

  it('says how an account is now, each time', async () => {
    const keeper = await started(OBJECT_PRODUCER);
    const said = [of({ ...account, enabled: true }), of({ ...account, enabled: false }), of(null)];
    const asked: string[] = [];
    await keeper.serve([
      handle(describePrincipal, (question) => {
        asked.push(question.account_id);
        return Promise.resolve(said[asked.length - 1]!);
      }),
    ]);
    const accounts = new AskedAccounts(asking);

    expect(await accounts.stateOf('a')).toBe('enabled');
    expect(await accounts.stateOf('a')).toBe('disabled');
    expect(await accounts.stateOf('a')).toBe('deleted');
    expect(asked).toEqual(['a', 'a', 'a']);
  });

  it('is not there: nothing is known, and nothing allowed', async () => {
    const keeper = await started(OBJECT_PRODUCER);
    await keeper.serve([handle(describePrincipal, () => Promise.reject(new AppError('internal', 'broken')))]);

    await expect(new AskedAccounts(asking).stateOf('a')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'authorization unavailable, try again',
    });
  });
});
