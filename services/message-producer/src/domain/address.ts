import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Where an IP address leads: `public`, a network of one's own (`private`: loopback, private use, shared space, unique
 * local), or where no callback has any business (`never`: link-local with the metadata services of clouds, multicast,
 * unspecified, documentation, reserved). IANA special-purpose address registries.
 */
export type AddressKind = 'public' | 'private' | 'never';

const privateNetworks = new BlockList();
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  privateNetworks.addSubnet(network, prefix, 'ipv4');
}
privateNetworks.addSubnet('fc00::', 7, 'ipv6');
privateNetworks.addAddress('::1', 'ipv6');

const reserved = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv4');
}
// Of the global unicast space: protocol assignments (Teredo among them), documentation, 6to4.
for (const [network, prefix] of [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const) {
  reserved.addSubnet(network, prefix, 'ipv6');
}
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** An IPv4 address inside an IPv6 one is judged as itself: mapped (::ffff:0:0/96) and translated (64:ff9b::/96). */
const EMBEDDING = ['0:0:0:0:0:ffff', '64:ff9b:0:0:0:0'];

export function addressKind(address: string): AddressKind {
  const version = isIP(address);
  if (version === 4) return kindOf(address, 'ipv4');
  if (version !== 6 || address.includes('%')) return 'never';
  const groups = groupsOf(address);
  if (EMBEDDING.includes(groups.slice(0, 6).join(':'))) return kindOf(embedded(groups), 'ipv4');
  return kindOf(address, 'ipv6');
}

function kindOf(address: string, family: 'ipv4' | 'ipv6'): AddressKind {
  if (privateNetworks.check(address, family)) return 'private';
  if (reserved.check(address, family)) return 'never';
  return family === 'ipv4' || globalUnicast.check(address, 'ipv6') ? 'public' : 'never';
}

/** The eight groups of a valid IPv6 address, without leading zeros. */
function groupsOf(address: string): string[] {
  let text = address.toLowerCase();
  const tail = text.slice(text.lastIndexOf(':') + 1);
  if (isIPv4(tail)) {
    const [a = 0, b = 0, c = 0, d = 0] = tail.split('.').map(Number);
    const hex = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
    text = text.slice(0, -tail.length) + hex;
  }
  const [head = '', rest] = text.split('::');
  const before = head.split(':').filter((group) => group !== '');
  const after = (rest ?? '').split(':').filter((group) => group !== '');
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after].map((group) => Number.parseInt(group, 16).toString(16));
}

function embedded(groups: readonly string[]): string {
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
  return bytes.join('.');
}
