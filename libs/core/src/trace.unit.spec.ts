import { setImmediate as nextTurn } from 'node:timers/promises';
import { currentTrace, withoutTrace, withTrace } from './trace';

describe('the trace of a request', () => {
  it('is there for everything the work starts, and for nothing else', async () => {
    const inside = withTrace({ requestId: 'r1', traceparent: 't' }, async () => {
      await nextTurn();
      return currentTrace();
    });

    expect(currentTrace()).toBeUndefined();
    expect(await inside).toEqual({ requestId: 'r1', traceparent: 't' });
  });

  it('of one request is not that of another at the same time', async () => {
    const ids = ['a', 'b', 'c'].map((requestId) =>
      withTrace({ requestId }, async () => {
        await nextTurn();
        return currentTrace()?.requestId;
      }),
    );

    expect(await Promise.all(ids)).toEqual(['a', 'b', 'c']);
  });

  it('can be left by what only happens to be started here', async () => {
    const shared = withTrace({ requestId: 'r1' }, () =>
      withoutTrace(async () => {
        await nextTurn();
        return currentTrace();
      }),
    );

    expect(await shared).toBeUndefined();
  });
});
