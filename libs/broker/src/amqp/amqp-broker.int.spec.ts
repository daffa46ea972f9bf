import { describeBrokerContract } from '../contract/broker-contract';
import { createVhost, rabbitFrom } from '../contract/rabbitmq-vhost';
import { createAmqpBroker } from './amqp-broker';

const server = rabbitFrom(process.env);

if (server === undefined) {
  describe.skip('the RabbitMQ broker', () => it('keeps the broker contract', () => undefined));
} else {
  describeBrokerContract('the RabbitMQ broker', async ({ journal }) => {
    const vhost = await createVhost(server, 'contract');
    return {
      connect: (options) => createAmqpBroker({ urls: [vhost.url], ...(journal && { journal }), ...options }),
      close: () => vhost.delete(),
    };
  });
}
