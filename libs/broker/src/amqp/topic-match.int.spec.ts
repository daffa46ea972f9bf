import { connect, type ChannelModel } from 'amqplib';
import fc from 'fast-check';
import { topicMatches, TopicTrie } from '@ringdown/core';
import { createVhost, rabbitFrom, type RabbitVhost } from '../contract/rabbitmq-vhost';

const server = rabbitFrom(process.env);
const describeWithRabbit = server === undefined ? describe.skip : describe;

/** Few letters, so that matches are frequent; empty words and words that look like wildcards included. */
const key = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '*', '#'), { maxLength: 6 })
  .map((it) => it.join('.'));
const pattern = fc
  .array(fc.constantFrom('a', 'b', 'c', '', '*', '*', '#', '#'), { maxLength: 6 })
  // RabbitMQ 4.3.5 refuses more than two.
  .filter((words) => words.filter((it) => it === '#').length <= 2)
  .map((it) => it.join('.'));

describeWithRabbit('our topic matching against RabbitMQ', () => {
  let vhost: RabbitVhost;
  let connection: ChannelModel;

  beforeAll(async () => {
    vhost = await createVhost(server!, 'topic');
    connection = await connect(vhost.url);
  });
  afterAll(async () => {
    await connection.close();
    await vhost.delete();
  });

  it('finds the same queues for every pattern and key', async () => {
    const channel = await connection.createConfirmChannel();
    await channel.assertExchange('topic', 'topic', { durable: false });

    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(pattern, { minLength: 30, maxLength: 60 }),
        fc.uniqueArray(key, { minLength: 60, maxLength: 120 }),
        async (patterns, keys) => {
          const got = new Map<string, Set<string>>(keys.map((it) => [it, new Set()]));
          const queues = await Promise.all(
            patterns.map(async (it) => {
              const { queue } = await channel.assertQueue('', { exclusive: true, durable: false });
              await channel.bindQueue(queue, 'topic', it);
              return queue;
            }),
          );
          for (const it of keys) channel.publish('topic', it, Buffer.from(it));
          await channel.waitForConfirms();
          for (const [at, queue] of queues.entries()) {
            for (let message = await channel.get(queue, { noAck: true }); message !== false;) {
              got.get(message.content.toString())!.add(patterns[at]!);
              message = await channel.get(queue, { noAck: true });
            }
            await channel.deleteQueue(queue);
          }

          const trie = new TopicTrie<string>();
          for (const it of patterns) trie.add(it, it);
          for (const it of keys) {
            const expected = [...got.get(it)!].sort();
            expect({ key: it, patterns: trie.match(it).sort() }).toEqual({ key: it, patterns: expected });
            expect(patterns.filter((candidate) => topicMatches(candidate, it)).sort()).toEqual(expected);
          }
        },
      ),
      { numRuns: 8 },
    );
    await channel.close();
  }, 60_000);
});
