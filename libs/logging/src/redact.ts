const HIDDEN = '[redacted]';

/** Longer texts are cut before they are searched, so that a hostile one cannot make logging slow. */
const MAX_TEXT = 8192;

const SECRET_WORDS: ReadonlySet<string> = new Set([
  'token',
  'jwt',
  'password',
  'passwd',
  'passphrase',
  'authorization',
  'secret',
  'credential',
  'cookie',
  'pin',
]);
const SECRET_PAIRS: ReadonlySet<string> = new Set(['api key', 'private key', 'auth key', 'signing key']);

/**
 * Whether the value under this key is a secret, by the last word of the key: `auth_token`, `X-Auth-Token`, `sipPassword`
 * and `tokens` are, `token_id` is not.
 */
export function isSecretKey(key: string): boolean {
  const words = key
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const last = words.at(-1);
  if (last === undefined) return false;
  if (last === 'apikey' || last === 'apikeys') return true;
  const singular = last.length > 3 && last.endsWith('s') ? last.slice(0, -1) : last;
  return SECRET_WORDS.has(singular) || SECRET_PAIRS.has(`${words.at(-2) ?? ''} ${singular}`);
}

/** Cuts a text to a bounded length and hides in it what looks like a secret. */
export function redactText(text: string): string {
  const bounded = text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}… (${text.length} characters)` : text;
  return (
    bounded
      // A JSON web token: base64url of `{"` … three parts.
      .replace(/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g, HIDDEN)
      // user:password@ in a URL, also a password with a bare slash; host:port/ is no password.
      .replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#@:]*:(?!\d+[/?#])[^\s@]*@/gi, `$1${HIDDEN}@`)
      .replace(/\b([a-z][a-z0-9+.-]{1,20}:\/\/)[^\s/?#]+@/gi, `$1${HIDDEN}@`)
      .replace(/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${HIDDEN}`)
      // name=value as in a query string, "name":"value" as in JSON.
      .replace(/\b([\w-]{0,40}(?:token|password|secret|api_key|apikey)=)[^\s&"',;]+/gi, `$1${HIDDEN}`)
      .replace(
        /("[\w-]{0,40}(?:token|password|secret|credentials|api_key|pin)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|\d+)/gi,
        `$1"${HIDDEN}"`,
      )
  );
}

export { HIDDEN };
