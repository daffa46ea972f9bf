import { BLACKHOLE, getSocket, type SocketInfo } from '@ringdown/contracts';
import { AppError } from '@ringdown/core';
import { Access } from '../app/access';
import { Rpc, type ApiBroker } from '../app/rpc';
import { SocketHolder } from '../app/socket-holder';
import type { TokenEndpoint } from '../crossbar/endpoint';
import type { AuthenticatedRequest } from '../front/request';
import { FakeDirectory, PARENT, principal } from '../testing/fake-directory';
import { websocketResources } from './websockets.resources';

const socketId = `aaaaaaaa${'0'.repeat(24)}`;
const instance = 'blackhole-aaaaaaaa';

/** A broker in a given state that knows one gateway, which answers with what is given. */
function brokerThat(state: 'ready' | 'disconnected', answer: () => Promise<unknown>): ApiBroker {
  return {
    instance: 'api-gateway-00000000',
    status: () => ({ state, sinceMs: 0 }),
    instances: () => [{ service: BLACKHOLE, instance, startedAtMs: 0, lastHeardMs: 0 }],
    publish: () => Promise.reject(new AppError('unavailable', 'not asked for')),
    request: () => Promise.reject(new AppError('unavailable', 'not asked for')),
    requestTo: answer as ApiBroker['requestTo'],
    requestAll: () => Promise.resolve({ answers: [], missing: [instance] }),
  };
}

function read(broker: ApiBroker, path: string): Promise<unknown> {
  const empty = {};
  const rpc = new Rpc(broker, 100);
  const resource = websocketResources(rpc, new SocketHolder(rpc, broker), new Access(new FakeDirectory()), {
    documented: empty,
    all: empty,
  }).find((candidate) => candidate.path.endsWith(path))!;
  const request: AuthenticatedRequest = {
    requestId: 'r',
    method: 'GET',
    params: { account_id: PARENT, socket_id: socketId },
    query: new URLSearchParams(),
    headers: {},
    clientIp: '127.0.0.1',
    traceparent: undefined,
    principal: principal(),
  };
  return (resource.methods.GET as TokenEndpoint).run(request);
}

describe('a socket whose gateway', () => {
  it('died a moment ago is gone with it', async () => {
    const broker = brokerThat('ready', () => Promise.reject(new AppError('unavailable', 'returned')));

    await expect(read(broker, '/:socket_id')).rejects.toMatchObject({ code: 'not_found' });
  });

  it('does not answer in time may still be there', async () => {
    const broker = brokerThat('ready', () => Promise.reject(new AppError('timeout', 'late')));

    await expect(read(broker, '/:socket_id')).rejects.toMatchObject({ code: 'timeout' });
  });

  it('answers is shown', async () => {
    const socket: SocketInfo = {
      websocket_session_id: socketId,
      bindings: [],
      timestamp: 1,
      destination: instance,
      source: '127.0.0.1',
      account_id: PARENT,
    };
    const broker = brokerThat('ready', () => Promise.resolve(socket));

    await expect(read(broker, '/:socket_id')).resolves.toMatchObject({
      data: { websocket_session_id: socketId },
    });
  });
});

describe('without the broker', () => {
  it.each(['/websockets/:socket_id', '/accounts/:account_id/websockets'])(
    '%s is unavailable: neither "not there" nor an empty list would be true',
    async (path) => {
      const broker = brokerThat('disconnected', () =>
        Promise.reject(new AppError('unavailable', getSocket.name)),
      );

      await expect(read(broker, path)).rejects.toMatchObject({ code: 'unavailable' });
    },
  );
});
