import { callFlowSchema, type CallFlow } from '@ringdown/contracts';
import { isAppError } from '@ringdown/core';
import { CallBodies } from '../../testing/call-bodies';
import { SeededRandom } from '../../testing/seeded-random';
import { SchemaCatalogue } from '../schemas/schema-catalogue';
import { ActionParser } from './action-parser';
import { completeFlow, type FlowDraft } from './draft-flow';
import { MetaflowParser } from './metaflow-parser';

const SEED = 4_711;
const ROUNDS = 5_000;

const schemas = new SchemaCatalogue();
const actions = new ActionParser(schemas);
const metaflows = new MetaflowParser(schemas);

/** What was thrown, when it is an answer to a client. */
function refusal(error: unknown): string {
  if (isAppError(error) && ['validation_failed', 'not_implemented'].includes(error.code)) return error.code;
  throw error;
}

async function expectContract(draft: FlowDraft): Promise<CallFlow> {
  const flow = await completeFlow(draft, () => Promise.resolve('2600'));
  expect(callFlowSchema.validate(flow, { convert: false }).error).toBeUndefined();
  return flow;
}

describe('what a parser lets through', () => {
  it('of metaflows is what the contract with the producers takes', async () => {
    const random = new SeededRandom(SEED);
    const bodies = new CallBodies(random);
    const outcomes = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      const node = bodies.node();
      const before = JSON.stringify(node);
      try {
        const { flow } = metaflows.parse(node);
        outcomes.add((await expectContract(flow)).command.name);
      } catch (error) {
        outcomes.add(refusal(error));
      }
      expect(JSON.stringify(node)).toBe(before);
    }
    // The generator must get through, or this proves nothing.
    expect(outcomes).toContain('validation_failed');
    expect(outcomes).toContain('not_implemented');
    expect(outcomes.size).toBe(14);
  });

  it('of actions is what the contract with the producers takes', async () => {
    const random = new SeededRandom(SEED);
    const bodies = new CallBodies(random);
    const outcomes = new Set<string>();
    for (let round = 0; round < ROUNDS; round += 1) {
      try {
        const parsed = actions.parse(bodies.action(), {}, { bridged: random.below(4) > 0 });
        if (parsed === undefined) outcomes.add('invalid data');
        else outcomes.add((await expectContract(parsed.flow)).command.name);
      } catch (error) {
        outcomes.add(refusal(error));
      }
    }
    expect([...outcomes].sort()).toEqual([
      'break',
      'callflow',
      'hangup',
      'hold',
      'hold_control',
      'intercept',
      'invalid data',
      'move',
      'park',
      'play',
      'record_call',
      'resume',
      'transfer',
      'validation_failed',
    ]);
  });

  it('does not depend on what was parsed before: defaults are not shared', () => {
    const first = metaflows.parse({ module: 'transfer', data: { target: '1' } });
    (first.flow.command as { target: string }).target = 'changed';

    expect(metaflows.parse({ module: 'transfer', data: { target: '1' } }).flow.command).toEqual({
      name: 'transfer',
      target: '1',
      transfer_type: 'blind',
    });
  });

  it('is found to be too deep without recursion', () => {
    let node: unknown = { module: 'hangup' };
    for (let depth = 0; depth < 100_000; depth += 1) node = { module: 'hangup', children: { 1: node } };

    expect(() => metaflows.parse(node)).toThrow('nested more than 16 levels deep');
  });
});
