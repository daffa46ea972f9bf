import type { IncomingHttpHeaders } from 'node:http';
import { receiveSourceMessage } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { fieldError } from '@ringdown/http';
import type { Rpc } from '../app/rpc';
import { bodyOf } from './body-of';
import { sourceName } from './channels.endpoints';
import type { AiryEndpoint } from './endpoint';

/** Unix seconds at which the request was signed. */
export const TIMESTAMP_HEADER = 'x-ringdown-timestamp';
/** Hex of HMAC-SHA256 with the channel's secret over `{timestamp}.{body}`. */
export const SIGNATURE_HEADER = 'x-ringdown-signature';

/** In bytes; a UTF-8 text has never more characters. */
const MAX_BYTES = 262_144;
const MAX_TIMESTAMP = 32;
const MAX_SIGNATURE = 256;

const pathParts = bodyOf<{ source: string }>({ source: sourceName.required() });

/**
 * Messages of contacts, from the program that connects a source. The body goes on as it came, because its bytes are what
 * was signed; who keeps the channel's secret checks the signature.
 */
export function sourceEndpoints(rpc: Rpc): AiryEndpoint[] {
  return [
    {
      path: '/sources/:source/messages',
      access: 'signed',
      maxBytes: MAX_BYTES,
      run: async (request, body) => {
        const { source } = pathParts(request.params);
        const timestamp = signed(request.headers, TIMESTAMP_HEADER, MAX_TIMESTAMP);
        const signature = signed(request.headers, SIGNATURE_HEADER, MAX_SIGNATURE);
        if (body === '') throw fieldError('body', 'required', 'there is no message');
        const message = { source, timestamp, signature, body };
        return { body: await rpc.ask(receiveSourceMessage, message, request) };
      },
    },
  ];
}

function signed(headers: IncomingHttpHeaders, name: string, maxLength: number): string {
  const value = headers[name];
  if (typeof value !== 'string' || value === '' || value.length > maxLength) {
    throw new AppError('unauthorized', `no ${name}`);
  }
  return value;
}
