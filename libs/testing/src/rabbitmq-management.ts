/** A client of RabbitMQ's management HTTP API, as far as tests need it. */
export class RabbitMqManagement {
  private readonly base: string;
  private readonly authorization: string;

  /** @param url with user and password, for example `http://guest:guest@127.0.0.1:15672` */
  constructor(url: string) {
    const parsed = new URL(url);
    const user = decodeURIComponent(parsed.username || 'guest');
    const password = decodeURIComponent(parsed.password || 'guest');
    this.authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    this.base = `${parsed.protocol}//${parsed.host}${parsed.pathname.replace(/\/$/, '')}/api`;
  }

  get<T = unknown>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }

  put(path: string, body: unknown = {}): Promise<unknown> {
    return this.call('PUT', path, body);
  }

  post<T = unknown>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }

  /** Deleting what is not there is fine. */
  async delete(path: string): Promise<void> {
    await this.call('DELETE', path, undefined, [404]);
  }

  private async call<T>(
    method: string,
    path: string,
    body?: unknown,
    accepted: readonly number[] = [],
  ): Promise<T> {
    const response = await fetch(`${this.base}/${path}`, {
      method,
      headers: {
        authorization: this.authorization,
        'content-type': 'application/json',
        // The server ends idle connections after a while; a request on one that it is just ending would fail.
        connection: 'close',
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(15_000),
    });
    const text = await response.text();
    if (!response.ok && !accepted.includes(response.status)) {
      throw new Error(`RabbitMQ management: ${method} ${path}: ${response.status} ${text.slice(0, 200)}`);
    }
    return (text === '' || !response.ok ? undefined : JSON.parse(text)) as T;
  }
}
