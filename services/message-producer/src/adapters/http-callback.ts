import { lookup as systemLookup, type LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { addressKind } from '../domain/address';
import type { Callback, CallbackOutcome, CallbackRequest } from '../ports';

export interface HttpCallbackOptions {
  readonly timeoutMs: number;
  readonly allowPrivate: boolean;
  /** Default: the system's resolver. */
  readonly lookup?: LookupFunction;
}

/** Statuses that may be others at the next attempt: RFC 9110 timeout, RFC 8470 too early, RFC 6585 too many requests. */
const PASSING = new Set([408, 425, 429]);

/** The name led nowhere it may lead. */
class AddressRefused extends Error {
  readonly code = 'ADDRESS_REFUSED';
}

/**
 * Calls the URLs of channels. Those are chosen by users, so: the address is judged where the connection is made, after
 * the name was looked up, so that a name cannot lead elsewhere in between; no redirect is followed; no proxy, no
 * connection is reused; of the answer nothing but the status is read.
 */
export class HttpCallback implements Callback {
  constructor(private readonly options: HttpCallbackOptions) {}

  post(request: CallbackRequest, stop: AbortSignal): Promise<CallbackOutcome> {
    const url = new URL(request.url);
    // An address in the URL is never looked up. The URL parser has normalised its spellings (0x7f.1, 2130706433, …).
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !this.allows(literal)) return Promise.resolve(refusedAddress);

    const timeout = AbortSignal.timeout(this.options.timeoutMs);
    return new Promise((resolve) => {
      const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
      const outgoing = send(url, {
        method: 'POST',
        agent: false,
        lookup: this.lookup,
        signal: AbortSignal.any([timeout, stop]),
        headers: {
          ...request.headers,
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(request.body),
          connection: 'close',
        },
      });
      outgoing.on('response', (answer) => {
        resolve(outcomeOf(answer.statusCode ?? 0));
        answer.destroy();
      });
      outgoing.on('error', (error: NodeJS.ErrnoException) => resolve(this.failure(error, timeout)));
      // 101: nobody asked for another protocol.
      outgoing.on('upgrade', (_answer, socket) => {
        resolve(outcomeOf(101));
        socket.destroy();
      });
      outgoing.end(request.body);
    });
  }

  private readonly lookup: LookupFunction = (hostname, options, callback) => {
    const resolve = this.options.lookup ?? (systemLookup as LookupFunction);
    resolve(hostname, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, []);
      const addresses = (found as LookupAddress[]).filter(({ address }) => this.allows(address));
      const [first] = addresses;
      if (!first) return callback(new AddressRefused(), []);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };

  private allows(address: string): boolean {
    const kind = addressKind(address);
    return kind === 'public' || (kind === 'private' && this.options.allowPrivate);
  }

  private failure(error: NodeJS.ErrnoException, timeout: AbortSignal): CallbackOutcome {
    if (error.code === 'ADDRESS_REFUSED') return refusedAddress;
    if (timeout.aborted) return { kind: 'failed', reason: `no answer within ${this.options.timeoutMs} ms` };
    if (error.name === 'AbortError') return { kind: 'failed', reason: 'interrupted' };
    return { kind: 'failed', reason: `no answer: ${error.code ?? 'connection failed'}` };
  }
}

const refusedAddress: CallbackOutcome = {
  kind: 'refused',
  reason: 'the callback leads to an address that is not public',
};

function outcomeOf(status: number): CallbackOutcome {
  if (status >= 200 && status < 300) return { kind: 'accepted' };
  const reason = `answered ${status}`;
  return status >= 500 || PASSING.has(status) ? { kind: 'failed', reason } : { kind: 'refused', reason };
}
