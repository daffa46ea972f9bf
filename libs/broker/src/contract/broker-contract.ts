import { randomHex } from '@ringdown/core';
import { describeClaims } from './claims-contract';
import { type BrokerHarness, ContractSuite, type HarnessOptions } from './contract-suite';
import { describeControlPlane } from './control-plane-contract';
import { describeEvents } from './events-contract';
import { describeEventLog, describeShortEventLog } from './event-log-contract';
import { describeLifecycle } from './lifecycle-contract';
import { describePublishing } from './publishing-contract';
import { describeRequests } from './requests-contract';
import { describeWorkQueues } from './work-queues-contract';

const SHORT_LOG: HarnessOptions = { journal: { maxAgeS: 86_400, maxBytes: 1024 * 1024 } };

/** What every implementation of `Broker` promises. Run by a spec of each. */
export function describeBrokerContract(
  name: string,
  makeHarness: (options: HarnessOptions) => Promise<BrokerHarness>,
): void {
  const section = (describeSection: (suite: ContractSuite) => void, options?: HarnessOptions): void => {
    const suite = new ContractSuite(makeHarness);
    beforeAll(() => suite.begin(options), 60_000);
    afterAll(() => suite.end());
    beforeEach(() => {
      suite.tag = randomHex(8);
    });
    afterEach(() => suite.afterEach());
    describeSection(suite);
  };

  describe(`${name} keeps the broker contract`, () => {
    section((suite) => {
      describeEvents(suite);
      describePublishing(suite);
      describeWorkQueues(suite);
      describeRequests(suite);
      describeControlPlane(suite);
      describeEventLog(suite);
      describeClaims(suite);
      describeLifecycle(suite);
    });
  });
  describe(`${name} keeps the broker contract when its logs are short`, () => {
    section(describeShortEventLog, SHORT_LOG);
  });
}
