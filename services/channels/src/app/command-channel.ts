import type { Broker, RequestContext } from '@ringdown/broker';
import { executeCallFlow, type CallFlow, type CommandOutcome } from '@ringdown/contracts';
import { AppError, isAppError, type Clock } from '@ringdown/core';
import type { ChannelRegistry } from '../domain/channel-registry';
import { requireChannel } from './get-channel';

export interface CommandRequest {
  readonly account_id: string;
  readonly call_id: string;
  readonly flow: CallFlow;
}

/** Passes commands to the producer that owns the call; whatever that one answers is the answer. */
export class CommandChannel {
  constructor(
    private readonly registry: ChannelRegistry,
    private readonly broker: Pick<Broker, 'requestTo'>,
    private readonly clock: Clock,
  ) {}

  async run(request: CommandRequest, context: RequestContext): Promise<CommandOutcome> {
    const { switchId } = requireChannel(this.registry, request.account_id, request.call_id);
    if (switchId === undefined) throw new AppError('conflict', 'call has no switch connection');
    const { requestId, deadlineMs, traceparent } = context;
    try {
      return await this.broker.requestTo(switchId, executeCallFlow, request, {
        // The same for a retry of the caller's, so that the producer acts once.
        requestId,
        timeoutMs: Math.max(1, deadlineMs - this.clock()),
        ...(traceparent === undefined ? {} : { traceparent }),
      });
    } catch (error) {
      throw isUnclaimed(error)
        ? new AppError('unavailable', `switch ${switchId} is not connected`, { cause: error })
        : error;
    }
  }
}

/** The broker's own word for a name nobody holds; a producer without its switch says why in its own words. */
function isUnclaimed(error: unknown): boolean {
  return isAppError(error) && error.code === 'unavailable' && error.message.startsWith('nobody serves ');
}
