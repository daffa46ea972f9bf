import { AppError, newMessageId } from '@ringdown/core';
import type { Operation } from '@ringdown/contracts';
import type { RequestOptions } from '../broker';
import { decodeReply } from './rpc-codec';
import { checkBody } from './topology';
import { traceHeaders } from './trace-headers';
import type { RequestListener, Transport } from './transport';

const DEFAULT_TIMEOUT_MS = 5_000;

interface Pending {
  readonly queue: string;
  resolve(value: unknown): void;
  reject(error: AppError): void;
}

/**
 * Sends requests and matches what comes back by correlation id. Every request ends exactly once: with its reply, with
 * `unavailable` (returned, not connected, connection lost) or with `timeout`; what comes later is ignored.
 */
export class RpcClient implements RequestListener {
  private readonly pending = new Map<string, Pending>();
  private closed = false;

  /** Requests whose answer is awaited. */
  get pendingCount(): number {
    return this.pending.size;
  }

  /** `isHeard` tells whether the control plane knows a live instance; it turns silence into `unavailable`. */
  constructor(
    private readonly transport: Transport,
    private readonly isHeard: (service: string) => boolean,
  ) {}

  async call<Request, Response>(
    queue: string,
    operation: Operation<Request, Response>,
    payload: Request,
    options: RequestOptions = {},
  ): Promise<Response> {
    if (this.closed) throw new AppError('closed', `${operation.name} asked of a stopped broker`);
    const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const body = Buffer.from(JSON.stringify(payload ?? null));
    checkBody(body);
    const correlationId = newMessageId();

    return new Promise<Response>((resolve, reject) => {
      const timer = setTimeout(
        () =>
          this.settle(correlationId, (it) =>
            it.reject(this.silence(queue, operation.service, operation.name, timeoutMs)),
          ),
        timeoutMs,
      );
      this.pending.set(correlationId, {
        queue,
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value as Response);
        },
        reject: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      });
      try {
        this.transport.sendRequest({
          queue,
          operation: operation.name,
          body,
          requestId: options.requestId ?? newMessageId(),
          correlationId,
          expirationMs: timeoutMs,
          headers: traceHeaders(
            options.traceparent === undefined ? {} : { traceparent: options.traceparent },
          ),
        });
      } catch (error) {
        this.settle(correlationId, (it) => it.reject(asUnavailable(error, operation.name)));
      }
    });
  }

  onReply(correlationId: string, body: Buffer): void {
    const reply = decodeReply(body);
    this.settle(correlationId, (it) => {
      if ('error' in reply) it.reject(reply.error);
      else it.resolve(reply.value);
    });
  }

  onReturn(correlationId: string): void {
    this.settle(correlationId, (it) =>
      it.reject(new AppError('unavailable', `nobody serves ${it.queue.slice('rpc.'.length)}`)),
    );
  }

  onLost(reason: string): void {
    this.rejectAll(() => new AppError('unavailable', `request lost: ${reason}`));
  }

  /** Rejects what is under way and everything later with `closed`. */
  close(): void {
    this.closed = true;
    this.rejectAll(() => new AppError('closed', 'the broker stopped before the reply came'));
  }

  private silence(queue: string, service: string, name: string, timeoutMs: number): AppError {
    return this.isHeard(service)
      ? new AppError('timeout', `${name} of ${queue} took longer than ${timeoutMs} ms`)
      : new AppError('unavailable', `nobody serves ${service}`);
  }

  private settle(correlationId: string, end: (pending: Pending) => void): void {
    const pending = this.pending.get(correlationId);
    if (pending === undefined) return;
    this.pending.delete(correlationId);
    end(pending);
  }

  private rejectAll(error: () => AppError): void {
    for (const correlationId of [...this.pending.keys()]) {
      this.settle(correlationId, (it) => it.reject(error()));
    }
  }
}

function asUnavailable(error: unknown, name: string): AppError {
  return error instanceof AppError
    ? error
    : new AppError('unavailable', `${name} could not be sent`, { cause: error });
}
