import { CONTROL_EXCHANGE } from '@ringdown/contracts';
import { type Broker } from '../broker';
import type { ContractSuite } from './contract-suite';
import { until } from './until';

export function describeControlPlane(suite: ContractSuite): void {
  describe('the control plane', () => {
    it('knows who is there right after start', async () => {
      const one = await suite.connect();
      const two = await suite.connect();
      const other = await suite.connect(`b${suite.tag}`);

      const names = (broker: Broker): string[] =>
        broker
          .instances(`a${suite.tag}`)
          .map((it) => it.instance)
          .sort();
      const both = [one.instance, two.instance].sort();
      await until('the newcomer knows both', () => names(other).length === 2, 1_000);
      await until('the elder knows both', () => names(one).length === 2, 1_000);
      expect(names(other)).toEqual(both);
      expect(names(one)).toEqual(both);
      expect(other.instances(`a${suite.tag}`)[0]!.startedAtMs).toBeLessThanOrEqual(Date.now());
    });

    it('forgets an instance that stopped', async () => {
      const one = await suite.connect();
      const two = await suite.connect();
      await until('it is known', () => one.instances(`a${suite.tag}`).length === 2);

      await two.stop();

      await until('it is forgotten', () => one.instances(`a${suite.tag}`).length === 1, 1_000);
    });

    it('tells every process, the speaker included', async () => {
      const [one, two] = [await suite.connect(), await suite.connect(`b${suite.tag}`)];
      const heard: unknown[] = [];
      one.onControl('token_revoked', (body) => heard.push(['one', body]));
      const off = two.onControl('token_revoked', (body) => heard.push(['two', body]));
      one.onControl('principal_changed', (body) => heard.push(['principal', body]));
      const body = { token_id: suite.tag, expires_at: 1 };

      await one.announce('token_revoked', body);
      await until('both', () => heard.length === 2);
      off();
      await two.announce('principal_changed', { account_id: suite.tag });
      await until('the other', () => heard.length === 3);

      expect(heard).toEqual(
        expect.arrayContaining([
          ['one', body],
          ['two', body],
          ['principal', { account_id: suite.tag }],
        ]),
      );
    });

    it('ignores control messages that make no sense', async () => {
      const broker = await suite.connect();
      const heard: unknown[] = [];
      broker.onControl('token_revoked', (body) => heard.push(body));
      const bodies = ['', '[]', 'null', '{"token_id":1}', '{"service":{},"instance":[]}', '\u0000'];

      for (const key of ['token_revoked', 'alive.x.y', 'who', 'gone', '', 'nonsense.#']) {
        for (const body of bodies) {
          await broker.publish({
            exchange: CONTROL_EXCHANGE,
            routingKey: `control.${key}`,
            body: Buffer.from(body),
          });
        }
      }
      await broker.announce('token_revoked', { token_id: suite.tag, expires_at: 1 });

      await until('the real one', () => heard.length > 0);
      expect(heard).toEqual([{ token_id: suite.tag, expires_at: 1 }]);
    });
  });
}
