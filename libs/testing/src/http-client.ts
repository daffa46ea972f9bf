/** An answer of the REST API. */
export interface ApiAnswer<Data = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  /** The whole envelope; empty when the body was not JSON. */
  readonly envelope: Readonly<Record<string, unknown>>;
  /** Member `data` of the envelope. */
  readonly data: Data;
  readonly text: string;
}

export interface ApiRequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is instead of `{"data": …}`. */
  readonly rawBody?: string | Buffer;
  readonly token?: string | null;
}

/** A tiny client of the Crossbar API: wraps bodies in `data`, sends the token, never throws on a status. */
export class ApiClient {
  accountId = '';
  userId = '';

  /** @param base for example `http://127.0.0.1:8000` */
  constructor(
    readonly base: string,
    public token: string | undefined = undefined,
  ) {}

  /** Logs in with a plain user name and password and keeps the token. Throws when refused. */
  async login(username: string, password: string, account: { name?: string; realm?: string }): Promise<this> {
    const answer = await this.put('/v2/user_auth', {
      username,
      password,
      ...(account.name === undefined ? {} : { account_name: account.name }),
      ...(account.realm === undefined ? {} : { account_realm: account.realm }),
    });
    return this.keep(answer, 'login');
  }

  /** Logs in with an API key and keeps the token. Throws when refused. */
  async loginWithKey(apiKey: string): Promise<this> {
    return this.keep(await this.put('/v2/api_auth', { api_key: apiKey }), 'login with an API key');
  }

  /** A client of the same server with another identity. */
  with(token: string | undefined): ApiClient {
    return new ApiClient(this.base, token);
  }

  get<Data = Record<string, unknown>>(
    path: string,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    return this.request('GET', path, undefined, options);
  }

  put<Data = Record<string, unknown>>(
    path: string,
    data?: unknown,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    return this.request('PUT', path, data, options);
  }

  post<Data = Record<string, unknown>>(
    path: string,
    data?: unknown,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    return this.request('POST', path, data, options);
  }

  patch<Data = Record<string, unknown>>(
    path: string,
    data?: unknown,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    return this.request('PATCH', path, data, options);
  }

  delete<Data = Record<string, unknown>>(
    path: string,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    return this.request('DELETE', path, undefined, options);
  }

  async request<Data = Record<string, unknown>>(
    method: string,
    path: string,
    data?: unknown,
    options: ApiRequestOptions = {},
  ): Promise<ApiAnswer<Data>> {
    const token = options.token === undefined ? this.token : options.token;
    const body = options.rawBody ?? (data === undefined ? undefined : JSON.stringify({ data }));
    const response = await fetch(new URL(path, this.base), {
      method,
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token ? { 'x-auth-token': token } : {}),
        ...options.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : new Uint8Array(body) }),
      signal: AbortSignal.timeout(30_000),
    });
    const text = await response.text();
    const envelope = parseObject(text);
    return {
      status: response.status,
      headers: response.headers,
      envelope,
      data: envelope['data'] as Data,
      text,
    };
  }

  private keep(answer: ApiAnswer, what: string): this {
    const token = answer.envelope['auth_token'];
    if (answer.status !== 201 || typeof token !== 'string') {
      throw new Error(`${what} failed: ${answer.status} ${answer.text.slice(0, 500)}`);
    }
    this.token = token;
    this.accountId = String(answer.data['account_id'] ?? '');
    this.userId = String(answer.data['owner_id'] ?? '');
    return this;
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
