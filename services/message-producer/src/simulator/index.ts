import type { Broker } from '@ringdown/broker';
import { describeRoot } from '@ringdown/contracts';
import { Random, type Logger } from '@ringdown/core';
import type { Writer } from '../app/writer';
import type { UseCases } from '../handlers/operations';
import { DemoConversations } from './demo-conversations';
import { trim } from './history';
import { Performance } from './performance';
import { RootAccountStage } from './root-account-stage';
import { SceneWriter } from './scenes';

export { type DemoConversations } from './demo-conversations';

/** Conversations that are made up, in the root account. */
export function createDemoConversations(parts: {
  readonly broker: Pick<Broker, 'claim' | 'request'>;
  readonly use: UseCases;
  readonly writer: Writer;
  readonly seed: number;
  readonly logger: Logger;
}): DemoConversations {
  const { broker, use, writer, seed, logger } = parts;
  const performance = (): Performance =>
    new Performance({
      stage: new RootAccountStage({
        use,
        rootAccount: async () => (await broker.request(describeRoot, {})).account_id,
        trim: (accountId, conversationId) => trim(writer, accountId, conversationId),
      }),
      scenes: new SceneWriter(new Random(seed)),
      logger,
    });
  return new DemoConversations({ broker, performance, logger });
}
