import { isIP } from 'node:net';
import Joi from 'joi';

/** A key that signs tokens: the first of the list signs, all of them verify. */
export interface AuthSecret {
  /** Names the key in the header of a token. */
  readonly kid: string;
  readonly secret: string;
}

/** Shorter keys weaken HMAC-SHA256 below its own output size. */
export const MIN_SECRET_LENGTH = 32;

const PROXY_RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

function refuse(): never {
  // The text is never shown: the catalogue's `expects` says what a value must be, without repeating a secret.
  throw new Error('refused');
}

function parsed<T>(parse: (text: string) => T): Joi.StringSchema {
  return Joi.string().custom((text: string) => parse(text));
}

function commaList(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim());
  return entries.some((entry) => entry === '') ? refuse() : entries;
}

function urlWith(text: string, protocols: readonly string[]): string {
  return URL.canParse(text) && protocols.includes(new URL(text).protocol) ? text : refuse();
}

export const amqpUrls = parsed((text) => commaList(text).map((entry) => urlWith(entry, ['amqp:', 'amqps:'])));

export const databaseUrl = parsed((text) => urlWith(text, ['postgres:', 'postgresql:']));

export const authSecrets = parsed((text): AuthSecret[] => {
  const secrets = commaList(text).map((entry) => {
    const colon = entry.indexOf(':');
    return { kid: entry.slice(0, Math.max(colon, 0)), secret: entry.slice(colon + 1) };
  });
  const valid = secrets.every(
    ({ kid, secret }) => /^[A-Za-z0-9._-]{1,64}$/.test(kid) && secret.length >= MIN_SECRET_LENGTH,
  );
  const distinct = new Set(secrets.map(({ kid }) => kid)).size === secrets.length;
  return valid && distinct ? secrets : refuse();
});

/** Named ranges are spelled out, so that readers meet addresses and CIDR ranges only. */
export const trustedProxies = parsed((text) =>
  commaList(text).flatMap((entry) => PROXY_RANGES[entry] ?? (isAddressRange(entry) ? [entry] : refuse())),
);

function isAddressRange(entry: string): boolean {
  const [address = '', bits, ...rest] = entry.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}
