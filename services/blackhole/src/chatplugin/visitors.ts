import { AppError, isAppError, type ErrorCode } from '@ringdown/core';
import type { InvalidReason, Principal, PrincipalDirectory } from '@ringdown/auth';
import type { VisitorSession } from '@ringdown/contracts';
import type { Guests } from '../core/access';
import { SharedQuestions } from '../core/shared-questions';

/** What a visitor's token stands for, now: asked of the service that keeps them. */
export type DescribeVisitor = (token: string) => Promise<VisitorSession>;

/** A visitor with a socket here. The token is kept, for there is nothing else to ask again with. */
interface Visitor {
  readonly token: string;
  readonly session: VisitorSession;
}

interface Finding {
  /** Whose token was asked about. */
  readonly token: string;
  readonly outcome: 'holds' | 'unknown token' | 'refused';
}

/** Longer ones are refused unread: no token of a visitor comes near it. */
const MAX_TOKEN_LENGTH = 256;
const UNAVAILABLE_TEXT = 'authorization unavailable, try again';
/** The service's no to a token; everything else means that it cannot tell now. */
const REFUSALS: readonly ErrorCode[] = ['unauthorized', 'forbidden', 'locked', 'validation_failed'];

/**
 * Visitors of chat plugins: principals of their channel's account that may see one conversation of it. Their `userId` is
 * the conversation, so that each counts by itself where sockets of a principal are counted.
 */
export class Visitors implements Guests {
  private readonly visitors = new WeakMap<Principal, Visitor>();
  private readonly questions = new SharedQuestions<Finding>();

  constructor(
    private readonly directory: Pick<PrincipalDirectory, 'account'>,
    private readonly describe: DescribeVisitor,
  ) {}

  /** Errors: `unauthorized`, `unavailable`. */
  async authenticate(token: string): Promise<Principal> {
    if (token.length > MAX_TOKEN_LENGTH) throw refused();
    const session = await this.answerOf(token);
    if (typeof session === 'string') throw refused();
    if ((await this.accountReason(session.account_id)) !== undefined) throw refused();
    const principal: Principal = {
      accountId: session.account_id,
      userId: session.conversation_id,
      keyId: undefined,
      tokenId: undefined,
      expiresAtMs: session.expires_at,
      epoch: 0,
      isAdmin: false,
      isSuperAdmin: false,
    };
    this.visitors.set(principal, { token, session });
    return principal;
  }

  includes(principal: Principal): boolean {
    return this.visitors.has(principal);
  }

  sessionOf(principal: Principal): VisitorSession {
    return this.require(principal).session;
  }

  /**
   * The account is asked of the directory, the rest of the keeper of the tokens: once for all visitors of a channel, since
   * what may have changed is the channel.
   */
  async check(principal: Principal): Promise<InvalidReason | undefined> {
    const { token, session } = this.require(principal);
    if (session.expires_at <= Date.now()) return 'expired';
    const reason = await this.accountReason(session.account_id);
    if (reason !== undefined) return reason;
    const finding = await this.questions.ask(session.channel_id, () => this.find(token));
    const isOwn = finding.token === token || finding.outcome !== 'unknown token';
    const { outcome } = isOwn ? finding : await this.find(token);
    return outcome === 'holds' ? undefined : 'revoked';
  }

  private async accountReason(accountId: string): Promise<InvalidReason | undefined> {
    const account = await this.directory.account(accountId);
    if (account === undefined) return 'deleted';
    return account.enabled ? undefined : 'disabled';
  }

  private async find(token: string): Promise<Finding> {
    const answer = await this.answerOf(token);
    if (typeof answer !== 'string') return { token, outcome: 'holds' };
    return { token, outcome: answer === 'unauthorized' ? 'unknown token' : 'refused' };
  }

  /** The session, or why there is none. Error: `unavailable`. */
  private async answerOf(token: string): Promise<VisitorSession | ErrorCode> {
    try {
      return await this.describe(token);
    } catch (error) {
      if (isAppError(error) && REFUSALS.includes(error.code)) return error.code;
      throw new AppError('unavailable', UNAVAILABLE_TEXT, { cause: error });
    }
  }

  private require(principal: Principal): Visitor {
    const visitor = this.visitors.get(principal);
    if (visitor === undefined) throw new AppError('unauthorized', 'not a visitor');
    return visitor;
  }
}

function refused(): AppError {
  return new AppError('unauthorized', 'invalid token');
}
