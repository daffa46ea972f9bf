import type { Revocation } from '@ringdown/contracts';
import type { Clock } from '@ringdown/core';
import type { Stores } from '../ports';
import type { Writer } from '../app/writer';

/** Tokens that must no longer be accepted, kept until they would have expired. */
export class Revocations {
  constructor(
    private readonly stores: Stores,
    private readonly writer: Writer,
    private readonly clock: Clock,
  ) {}

  async revoke({ token_id, expires_at }: Revocation): Promise<Record<string, never>> {
    await this.writer.run(async (unit) => {
      await unit.stores.identity.revoke({ token_id, expires_at });
      unit.announce({ name: 'token_revoked', body: { token_id, expires_at } });
    });
    return {};
  }

  async list(): Promise<{ readonly revocations: readonly Revocation[] }> {
    const now = Math.floor(this.clock() / 1000);
    return { revocations: await this.stores.identity.revocationsAfter(now) };
  }
}
