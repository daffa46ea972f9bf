import { CALL_PRODUCER, commandConference, findConference, type ConferenceState } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import type { Access } from '../app/access';
import { commandAnswer } from '../app/command-answer';
import type { ApiBroker, Rpc } from '../app/rpc';
import type { Resource } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';
import { InvalidData } from '../crossbar/invalid-data';
import { conferenceCommandEvent, parseConferenceCommand } from '../domain/calls/conference-command';
import { callIdOf } from './call-id';

/**
 * `/accounts/{A}/conferences/{ID}`: a running conference, and commands to it. Found by asking every call-producer. A
 * command is told to everybody on the bus before the switch is asked.
 */
export function conferenceResource(
  rpc: Rpc,
  broker: Pick<ApiBroker, 'publish' | 'instances'>,
  access: Access,
  publishTimeoutMs: number,
): Resource {
  const find = async (request: AuthenticatedRequest): Promise<ConferenceState> => {
    const payload = {
      account_id: request.params['account_id']!,
      conference_id: callIdOf(request.params['conference_id']!),
    };
    if (broker.instances(CALL_PRODUCER).length === 0) {
      throw new AppError('unavailable', 'no call-producer is running');
    }
    const { answers, missing } = await rpc.askAll(findConference, payload, request);
    const found = answers.flatMap(({ value }) => value.conference ?? []);
    // On several switches at once it is one conference each; always the same one is meant.
    const [first] = found.sort((a, b) => (a.switch < b.switch ? -1 : 1));
    if (first !== undefined) return first;
    if (missing.length > 0) {
      throw new AppError(
        'unavailable',
        `not every call-producer answered: ${missing.slice(0, 10).join(', ')}`,
      );
    }
    throw new AppError('not_found', 'no such conference');
  };

  return {
    path: '/accounts/:account_id/conferences/:conference_id',
    methods: {
      GET: {
        access: 'token',
        authorize: ({ principal, params }) => access.toRead(principal, params['account_id']!),
        run: async (request) => ({ data: shown(await find(request)) }),
      },
      PUT: {
        access: 'token-body',
        dataOptional: true,
        authorize: ({ principal, params }) => access.toAdminister(principal, params['account_id']!),
        run: async (request, data, beside) => {
          const conference = await find(request);
          const parsed = parseConferenceCommand(data, beside);
          if (parsed === undefined) throw new InvalidData({ ...beside, ...data });
          const { command, ignored } = parsed;
          const accountId = request.params['account_id']!;
          const { conference_id: conferenceId } = conference;
          const event = conferenceCommandEvent(accountId, conferenceId, command, request.traceparent);
          await broker.publish(event, { timeoutMs: publishTimeoutMs });
          const outcome = await rpc.commandInstance(
            conference.switch,
            commandConference,
            { account_id: accountId, conference_id: conferenceId, ...command },
            request,
          );
          const { action } = command;
          const allIgnored = [...(outcome.ignored ?? []), ...ignored];
          return commandAnswer(
            { ...outcome, ignored: allIgnored },
            { action, message: `${action} initiated` },
          );
        },
      },
    },
  };
}

/** Without the switch, which no answer names. */
function shown({ conference_id: id, locked, participants }: ConferenceState): Record<string, unknown> {
  return { id, locked, participants };
}
