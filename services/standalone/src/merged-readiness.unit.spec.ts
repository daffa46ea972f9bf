import { mergedReadiness } from './build-standalone';

const service = (name: string, ready: boolean) => ({
  name,
  readiness: () => ({ ready, checks: { broker: ready ? 'ok' : 'gone' } }),
});

describe('mergedReadiness', () => {
  it('is ready only when every service is, and names each check after its service', () => {
    expect(mergedReadiness([service('a', true), service('b', true)]).ready).toBe(true);
    expect(mergedReadiness([service('a', true), service('b', false)])).toEqual({
      ready: false,
      checks: { 'a broker': 'ok', 'b broker': 'gone' },
    });
  });
});
