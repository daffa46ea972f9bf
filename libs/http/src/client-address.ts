import type { IncomingMessage } from 'node:http';
import { BlockList, isIP } from 'node:net';
import { AppError } from '@ringdown/core';

/** The proxies whose `X-Forwarded-For` is believed. Made by {@link parseTrustedProxies}. */
export interface TrustedProxies {
  has(address: string): boolean;
}

/** Believes nobody: the client address is the TCP peer. */
export const noTrustedProxies: TrustedProxies = { has: () => false };

/**
 * Reads a list of addresses and CIDR ranges, as text separated by commas or as an array. Empty entries are skipped.
 * Error: `bad_request` naming the entry that is neither.
 */
export function parseTrustedProxies(list: string | readonly string[] | undefined): TrustedProxies {
  const entries = (typeof list === 'string' ? list.split(',') : (list ?? [])).map((entry) => entry.trim());
  const blocks = new BlockList();
  for (const entry of entries) {
    if (entry === '') continue;
    const [address = '', prefix, ...rest] = entry.split('/');
    const version = isIP(address);
    const bits = prefix === undefined ? (version === 6 ? 128 : 32) : Number(prefix);
    if (
      version === 0 ||
      rest.length > 0 ||
      !/^\d+$/.test(prefix ?? '0') ||
      bits > (version === 6 ? 128 : 32)
    ) {
      throw new AppError('bad_request', `Trusted proxy "${entry}" is neither an address nor a CIDR range.`);
    }
    blocks.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
  return {
    has: (address) => {
      const version = isIP(address);
      return version !== 0 && blocks.check(address, version === 6 ? 'ipv6' : 'ipv4');
    },
  };
}

/**
 * The address of the real client. `X-Forwarded-For` counts only while the hop that reported it is a trusted proxy: read
 * from the right, the first address that is not one. Whatever a client wrote further left is its own claim.
 */
export function clientAddress(
  request: Pick<IncomingMessage, 'headers'> & {
    readonly socket: { readonly remoteAddress?: string | undefined };
  },
  trusted: TrustedProxies = noTrustedProxies,
): string {
  let address = normalise(request.socket.remoteAddress ?? '');
  const header = request.headers['x-forwarded-for'];
  const hops = (Array.isArray(header) ? header.join(',') : (header ?? '')).split(',');
  while (hops.length > 0 && trusted.has(address)) {
    const hop = normalise(hops.pop() ?? '');
    if (isIP(hop) === 0) break;
    address = hop;
  }
  return address === '' ? 'unknown' : address;
}

/** Strips brackets, port, zone and the IPv4-mapped prefix. */
function normalise(text: string): string {
  let address = text.trim();
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(address);
  if (bracketed) address = bracketed[1]!;
  else if (/^\d+\.\d+\.\d+\.\d+:\d+$/.test(address)) address = address.slice(0, address.indexOf(':'));
  address = address.replace(/%.*$/, '');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  return mapped ? mapped[1]! : address.toLowerCase();
}
