import { type AddressInfo, createServer, type Server } from 'node:net';
import { type LogFields, type Logger, silentLogger } from '@ringdown/core';
import { until } from '../contract/until';
import { AmqpLink } from './amqp-link';

describe('a connection to a broker that is away', () => {
  let server: Server;
  let attempts = 0;

  beforeEach(async () => {
    attempts = 0;
    server = createServer((socket) => {
      attempts += 1;
      socket.destroy();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterEach(() => new Promise((resolve) => server.close(resolve)));

  it('is tried again and again, and each reason is logged once', async () => {
    const warned: LogFields[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (_message, fields) => void warned.push(fields ?? {}),
    };
    const link = new AmqpLink({
      urls: [`amqp://guest:not-to-be-seen@127.0.0.1:${(server.address() as AddressInfo).port}/`],
      name: 'a service publish',
      logger,
      setup: () => Promise.resolve(),
      onUp: () => undefined,
      onDown: () => undefined,
      onBlocked: () => undefined,
    });
    const opened = link.open();
    opened.catch(() => undefined);

    await until('five attempts', () => attempts >= 5);
    await link.close();
    await expect(opened).rejects.toMatchObject({ code: 'closed' });

    const reasons = warned.map(({ error }) => error);
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons).toEqual([...new Set(reasons)]);
    expect(JSON.stringify(warned)).not.toContain('not-to-be-seen');
  });
});
