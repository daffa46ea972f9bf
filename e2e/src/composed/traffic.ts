import { pause } from '@ringdown/core';
import { onTeardown, waitUntil, type ApiAnswer, type ApiClient } from '@ringdown/testing';

/** One answer to a request through the edge; `refused` when there was none. */
export interface Outcome {
  readonly what: 'read' | 'write';
  readonly status: number | 'refused';
  /** False for an error that is not in the API's format. */
  readonly wellFormed: boolean;
}

const PACE_MS = 400;

/**
 * Requests that go on all the time: each device of a few is changed again and again, one change after the other, and the
 * live calls are listed. A change that was not confirmed is asked for again, as a careful client does.
 */
export class Traffic {
  readonly outcomes: Outcome[] = [];
  /** The newest confirmed revision by document id. */
  readonly confirmed = new Map<string, number>();
  private stopped = false;
  private reads = 0;
  private readonly loops: Promise<void>[];

  private constructor(
    private readonly api: ApiClient,
    ids: readonly string[],
  ) {
    onTeardown(() => this.stop());
    this.loops = [...ids.map((id) => this.write(id)), this.read()];
  }

  /** Makes `count` devices and begins. */
  static async start(api: ApiClient, count: number): Promise<Traffic> {
    const ids: string[] = [];
    for (let i = 0; i < count; i += 1) {
      const { data } = await api.put(`/v2/accounts/${api.accountId}/devices`, { name: `Device ${i}` });
      ids.push(String(data['id']));
    }
    return new Traffic(api, ids);
  }

  /**
   * Waits until each document was changed and confirmed, and the calls were listed, `more` times from now on. With two or
   * more, nothing that was asked before is still unanswered then.
   */
  async progress(more: number, timeoutMs = 60_000): Promise<void> {
    const start = new Map(this.confirmed);
    const reads = this.reads + more;
    const changed = () => [...start].every(([id, rev]) => (this.confirmed.get(id) ?? 0) >= rev + more);
    await waitUntil(() => this.reads >= reads && changed(), {
      timeoutMs,
      what: () => `${more} more answers to each; answers were ${JSON.stringify(this.outcomes.slice(-8))}`,
    });
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.loops);
  }

  private async write(id: string): Promise<void> {
    this.confirmed.set(id, 1);
    for (let i = 0; !this.stopped; i += 1) {
      const answer = await this.attempt('write', () =>
        this.api.patch(`/v2/accounts/${this.api.accountId}/devices/${id}`, { name: `Device ${i}` }),
      );
      const revision = /\d+/.exec(answer?.headers.get('etag') ?? '')?.[0];
      if (answer?.status === 200 && revision !== undefined) this.confirmed.set(id, Number(revision));
      await pause(PACE_MS);
    }
  }

  private async read(): Promise<void> {
    while (!this.stopped) {
      const answer = await this.attempt('read', () =>
        this.api.get(`/v2/accounts/${this.api.accountId}/channels`),
      );
      if (answer?.status === 200) this.reads += 1;
      await pause(PACE_MS);
    }
  }

  private async attempt(
    what: Outcome['what'],
    request: () => Promise<ApiAnswer>,
  ): Promise<ApiAnswer | undefined> {
    try {
      const answer = await request();
      const wellFormed =
        answer.status < 300 ||
        (answer.envelope['status'] === 'error' && typeof answer.envelope['request_id'] === 'string');
      this.outcomes.push({ what, status: answer.status, wellFormed });
      return answer;
    } catch {
      this.outcomes.push({ what, status: 'refused', wellFormed: true });
      return undefined;
    }
  }
}
