import { handle, type OperationHandler } from '@ringdown/broker';
import { commandConference, executeCallFlow, findConference, type CommandOutcome } from '@ringdown/contracts';
import type { CallSource } from '../domain/call-source';
import type { RememberedRequests } from '../app/remembered-requests';

/** What the holder of a switch answers under the switch's name. */
export function claimedOperations(
  /** Errors: `unavailable`. */
  source: () => CallSource,
  remembered: RememberedRequests<CommandOutcome>,
): readonly OperationHandler[] {
  return [
    handle(executeCallFlow, async ({ account_id: accountId, call_id: callId, flow }, { requestId }) =>
      remembered.once(requestId, () => source().execute(accountId, callId, flow)),
    ),
    handle(commandConference, async (request, { requestId }) =>
      remembered.once(requestId, () => source().commandConference(request)),
    ),
  ];
}

/** What every instance answers, the standby ones with nothing. */
export function instanceOperations(source: () => CallSource | undefined): readonly OperationHandler[] {
  return [
    handle(findConference, ({ account_id: accountId, conference_id: conferenceId }) =>
      Promise.resolve({ conference: source()?.findConference(accountId, conferenceId) ?? null }),
    ),
  ];
}
