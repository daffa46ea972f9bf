import { createDocument } from '@ringdown/contracts';
import { currentTrace, type LogFields, type Logger } from '@ringdown/core';
import { PARENT } from '../testing/fake-directory';
import { GatewayFixture } from '../testing/gateway-fixture';

interface Line {
  readonly message: string;
  readonly level: string;
  /** In whose name it was written, which the real logger adds to every line. */
  readonly requestId: string | undefined;
  readonly fields: LogFields;
}

describe('the id of a request', () => {
  const lines: Line[] = [];
  let fixture: GatewayFixture;

  const at =
    (level: string) =>
    (message: string, fields: LogFields = {}): void =>
      void lines.push({ message, level, requestId: currentTrace()?.requestId, fields });
  const logger: Logger = {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => logger,
  };

  beforeAll(async () => {
    fixture = await GatewayFixture.start({}, { logger });
    fixture.answer(createDocument, () => {
      logger.info('wrote');
      throw new Error('no');
    });
  });

  beforeEach(() => {
    lines.length = 0;
  });

  afterAll(() => fixture.stop());

  const create = (headers: Readonly<Record<string, string>>): ReturnType<GatewayFixture['call']> =>
    fixture.call('PUT', `/v2/accounts/${PARENT}/users?auth_token=secret`, {
      token: 'admin',
      headers,
      data: { first_name: 'Bob' },
    });

  it('given by the client is in the answer, in our line of the log, and in the lines of who answered us', async () => {
    const { headers } = await create({ 'x-request-id': 'from-the-client' });

    expect(headers.get('x-request-id')).toBe('from-the-client');
    expect(lines.map(({ message, requestId }) => [message, requestId])).toEqual([
      ['wrote', 'from-the-client'],
      ['request failed', 'from-the-client'],
      ['request', 'from-the-client'],
    ]);
  });

  it('is made when there is none, and is not the id by which a repeated request is known', async () => {
    const { headers } = await create({});

    const id = headers.get('x-request-id');
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(new Set(lines.map(({ requestId }) => requestId))).toEqual(new Set([id]));
    expect(fixture.lastAsked.context.requestId).not.toBe(id);
  });

  it('stands in one line per request, with what an operator wants to know and nothing secret', async () => {
    await create({ 'x-request-id': 'r1' });

    const line = lines.find(({ message }) => message === 'request');
    expect(line).toEqual({
      message: 'request',
      level: 'info',
      requestId: 'r1',
      fields: {
        dialect: 'crossbar',
        method: 'PUT',
        template: '/accounts/:account_id/users',
        status: 500,
        duration_ms: expect.any(Number),
        request_id: 'r1',
        account_id: PARENT,
      },
    });
  });
});
