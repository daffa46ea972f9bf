import { clientAddress, parseTrustedProxies } from './client-address';

const request = (remoteAddress: string | undefined, forwarded?: string) => ({
  headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded },
  socket: { remoteAddress },
});

describe('clientAddress', () => {
  it.each<[string, string, string | undefined, string, string]>([
    ['the peer when no proxy is trusted', '203.0.113.7', '198.51.100.1', '', '203.0.113.7'],
    ['the peer when it is no trusted proxy', '203.0.113.7', '198.51.100.1', '10.0.0.0/8', '203.0.113.7'],
    ['what a trusted proxy saw', '10.0.0.1', '198.51.100.1', '10.0.0.0/8', '198.51.100.1'],
    ['not what the client claimed', '10.0.0.1', '1.1.1.1, 198.51.100.1', '10.0.0.0/8', '198.51.100.1'],
    [
      'through a chain of proxies',
      '10.0.0.1',
      '1.1.1.1, 198.51.100.1, 10.0.0.2',
      '10.0.0.0/8',
      '198.51.100.1',
    ],
    ['the farthest proxy when all are trusted', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.0/8', '10.0.0.3'],
    ['the proxy when it forwards rubbish', '10.0.0.1', 'unknown', '10.0.0.0/8', '10.0.0.1'],
    ['the last good hop before rubbish', '10.0.0.1', 'evil, 10.0.0.2', '10.0.0.0/8', '10.0.0.2'],
    ['the proxy when it forwards nothing', '10.0.0.1', undefined, '10.0.0.0/8', '10.0.0.1'],
    ['an IPv4 peer on a dual-stack socket', '::ffff:10.0.0.1', '198.51.100.1', '10.0.0.1', '198.51.100.1'],
    ['an address with a port', '10.0.0.1', '198.51.100.1:4711', '10.0.0.1', '198.51.100.1'],
    ['an IPv6 address in brackets', '::1', '[2001:DB8::1]:4711', '::1', '2001:db8::1'],
    ['an IPv6 range', 'fd00::5', '2001:db8::1', 'fd00::/8', '2001:db8::1'],
    ['a link-local peer without its zone', 'fe80::1%eth0', undefined, '', 'fe80::1'],
  ])('is %s', (_name, peer, forwarded, trusted, expected) => {
    expect(clientAddress(request(peer, forwarded), parseTrustedProxies(trusted))).toBe(expected);
  });

  it('has a value for a connection that is already gone', () => {
    expect(clientAddress(request(undefined))).toBe('unknown');
  });
});

describe('parseTrustedProxies', () => {
  it.each(['10.0.0.0/33', 'example.org', '10.0.0.0/', '10.0.0.0/8/8', '10.0.0.0/-1', '::/129', '10.0.0'])(
    'refuses %p, naming it',
    (entry) => {
      expect(() => parseTrustedProxies(`127.0.0.1,${entry}`)).toThrow(`"${entry}"`);
    },
  );

  it('takes a list as text or as an array', () => {
    expect(parseTrustedProxies(' 10.0.0.1 , ,10.0.0.2').has('10.0.0.2')).toBe(true);
    expect(parseTrustedProxies(['10.0.0.1']).has('10.0.0.1')).toBe(true);
    expect(parseTrustedProxies(undefined).has('10.0.0.1')).toBe(false);
  });
});
