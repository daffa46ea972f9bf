import { describeBrokerContract } from '../contract/broker-contract';
import { createEmbeddedHub } from './embedded-hub';

describeBrokerContract('the embedded broker', async (options) => {
  const hub = createEmbeddedHub(options);
  return { connect: (identity) => hub.connect(identity), close: async () => undefined };
});
