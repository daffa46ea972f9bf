import { describeBrokerContract } from '../contract/broker-contract';
import { createVhost, rabbitFrom } from '../contract/rabbitmq-vhost';
import { createAmqpBroker } from './amqp-broker';

const server = rabbitFrom(process.env);

if (server === undefined) {
  describe.skip('the RabbitMQ broker', () => it('keeps the broker contract', () => undefined));
} else {
  describeBrokerContract('the RabbitMQ broker', async () => {
    const vhost = await createVhost(server, 'contract');
    return {
      connect: (options) => createAmqpBroker({ urls: [vhost.url], ...options }),
      close: () => vhost.delete(),
    };
  });
}
