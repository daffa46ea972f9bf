import { equalSecrets, tokenFromHeaders } from './bearer';

describe('the token of a request', () => {
  it.each([
    ['X-Auth-Token', { 'x-auth-token': 't1' }, 't1'],
    ['Authorization with Bearer', { authorization: 'Bearer t1' }, 't1'],
    ['Authorization in any case', { authorization: 'bearer   t1' }, 't1'],
    ['a bare Authorization', { authorization: 't1' }, 't1'],
    ['X-Auth-Token before Authorization', { 'x-auth-token': 't1', authorization: 'Bearer t2' }, 't1'],
    ['nowhere', {}, undefined],
    ['an empty header', { 'x-auth-token': '  ' }, undefined],
  ])('is taken from %s', (_, headers, token) => {
    expect(tokenFromHeaders(headers)).toBe(token);
  });

  it('is not the value of another scheme', () => {
    expect(tokenFromHeaders({ authorization: 'Basic dXNlcjpwYXNz' })).toBe('Basic dXNlcjpwYXNz');
  });
});

describe('comparing secrets', () => {
  it('tells equal from different, whatever the lengths', () => {
    expect(equalSecrets('abc', 'abc')).toBe(true);
    expect(equalSecrets('abc', 'abd')).toBe(false);
    expect(equalSecrets('abc', 'abcd')).toBe(false);
  });
});
