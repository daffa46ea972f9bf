import { deferred, silentLogger } from '@ringdown/core';
import { FencedLog } from './fenced-log';
import type { Transport, TransportLog } from './transport';

describe('a reader that is closed while it is opened', () => {
  it('leaves nothing open, and says so to whoever waits for it', async () => {
    const opened = deferred<TransportLog>();
    let closed = 0;
    const reader = new FencedLog(
      {
        transport: { openLog: () => opened.promise } as unknown as Transport,
        publishFence: () => Promise.resolve(),
        log: { exchange: 'call', from: 'next' },
        onClosed: () => undefined,
        logger: silentLogger,
      },
      { onEntry: () => undefined, onTruncated: () => undefined, onReset: () => undefined },
    );
    const opening = reader.open();
    await reader.close();
    opened.resolve({
      firstOffset: () => Promise.resolve(undefined),
      close: () => {
        closed += 1;
        return Promise.resolve();
      },
    });

    await expect(opening).rejects.toMatchObject({ code: 'closed' });
    expect(closed).toBe(1);
    await expect(reader.fence()).rejects.toMatchObject({ code: 'closed' });
  });
});
