import { newPasswordText, notRunningText } from './surroundings.mjs';
import { publicUrlOf } from './target.mjs';
import { ToolError } from './tool.mjs';

/** A logged-in client of the REST API; errors are one sentence. */
export class ApiClient {
  /** @param {{ url: string, accountName: string, username: string, password: string }} target */
  constructor(target) {
    this.target = target;
    this.token = undefined;
    this.accountId = undefined;
    this.userId = undefined;
  }

  async login() {
    const { accountName, username, password } = this.target;
    const answer = await this.request('PUT', '/v2/user_auth', {
      account_name: accountName,
      username,
      password,
    }).catch((error) => {
      throw error.status === 401 ? this.refused(error) : error;
    });
    this.token = answer.auth_token;
    this.accountId = answer.data.account_id;
    this.userId = answer.data.owner_id;
    return this;
  }

  /** The password is another, or the user is: what to do about it instead of the server's answer. */
  refused(error) {
    const { username, accountName } = this.target;
    const refusal = new ToolError(
      `${publicUrlOf(this.target)} does not take the password that the tools have for ${username} of ${accountName}. ` +
        `If it was changed, ${newPasswordText()}.`,
    );
    return Object.assign(refusal, { status: error.status });
  }

  /** Sends `data` in the Crossbar envelope and resolves with the answer's envelope. */
  async request(method, path, data) {
    const response = await this.fetch(method, path, data);
    const text = await response.text();
    const envelope = parseJson(text);
    if (response.ok && envelope !== undefined) return envelope;
    const detail = envelope?.data === undefined ? '' : ` ${JSON.stringify(envelope.data)}`;
    const hint =
      path === '/v2/user_auth' ? ` (as ${this.target.username} of ${this.target.accountName})` : '';
    const refusal = new ToolError(
      `${method} ${path} answered ${response.status} ${envelope?.message ?? text.slice(0, 200)}${detail}${hint}`,
    );
    throw Object.assign(refusal, { status: response.status });
  }

  async fetch(method, path, data) {
    try {
      return await fetch(this.target.url + path, {
        method,
        headers: {
          accept: 'application/json',
          ...(data === undefined ? {} : { 'content-type': 'application/json' }),
          ...(this.token === undefined ? {} : { 'x-auth-token': this.token }),
        },
        ...(data === undefined ? {} : { body: JSON.stringify({ data }) }),
        signal: AbortSignal.timeout(15_000),
      });
    } catch (error) {
      throw unreachable(this.target.url, error);
    }
  }
}

/** Nothing answers: a ToolError that says so, marked so that a tool which waits can tell it from a refusal. */
function unreachable(url, error) {
  const reason = error.cause?.code ?? error.cause?.message ?? error.name;
  return Object.assign(new ToolError(`Nothing answers at ${url} (${reason}). ${notRunningText()}`), {
    unreachable: true,
  });
}

function parseJson(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
