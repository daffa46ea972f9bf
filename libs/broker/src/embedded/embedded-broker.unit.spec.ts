import { describeBrokerContract } from '../contract/broker-contract';
import { createEmbeddedHub } from './embedded-hub';

describeBrokerContract('the embedded broker', async () => {
  const hub = createEmbeddedHub();
  return { connect: (options) => hub.connect(options), close: async () => undefined };
});
