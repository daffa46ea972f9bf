import { systemClock, type Clock } from '@ringdown/core';

/** What one answer of `/v2` is made of. */
export interface EnvelopeParts {
  readonly data: unknown;
  readonly requestId: string;
  /** The caller's own token, on answers to authenticated requests, as Kazoo does. */
  readonly authToken?: string | undefined;
  readonly revision?: number | undefined;
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
}

/** Builds the Crossbar envelope that surrounds every `/v2` answer. */
export class Envelopes {
  constructor(
    private readonly node: string,
    private readonly version: string,
    private readonly clock: Clock = systemClock,
  ) {}

  success(parts: EnvelopeParts): Record<string, unknown> {
    return { data: parts.data, status: 'success', ...this.common(parts) };
  }

  error(status: number, message: string, parts: EnvelopeParts): Record<string, unknown> {
    return { data: parts.data, error: String(status), message, status: 'error', ...this.common(parts) };
  }

  private common(parts: EnvelopeParts): Record<string, unknown> {
    return {
      request_id: parts.requestId,
      ...(parts.authToken === undefined ? {} : { auth_token: parts.authToken }),
      // A text, as in Kazoo, where it is a document's `_rev`.
      ...(parts.revision === undefined ? {} : { revision: String(parts.revision) }),
      ...parts.extra,
      node: this.node,
      version: this.version,
      timestamp: new Date(this.clock()).toISOString().replace(/\.\d+Z$/, 'Z'),
    };
  }
}
