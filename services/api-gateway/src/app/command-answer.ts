import type { CommandOutcome } from '@ringdown/contracts';
import type { Answer } from '../crossbar/endpoint';

const MAX_IGNORED = 50;

/** What is answered to a command that was not refused: what was seen, or that nothing proved it. */
export function commandAnswer(
  outcome: CommandOutcome,
  facts: { readonly action: string; readonly message: string },
): Answer {
  const { status, seen, ignored = [] } = outcome;
  return {
    status: 202,
    data: {
      action: facts.action,
      status,
      message: status === 'confirmed' ? facts.message : 'accepted, not confirmed',
      ...(seen === undefined ? {} : { seen }),
      ignored: [...new Set(ignored)].slice(0, MAX_IGNORED),
    },
  };
}
