import { clientIdOf, instanceTagOf, newSocketId, socketIdOfClient } from './sockets';

it('a socket id leads to its instance, and is a UUID version 4 when shown as a client id', () => {
  for (let round = 0; round < 200; round += 1) {
    const id = newSocketId('0123abcd');
    expect(id).toMatch(/^0123abcd[0-9a-f]{24}$/);
    expect(instanceTagOf(id)).toBe('0123abcd');
    const clientId = clientIdOf(id);
    expect(clientId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(socketIdOfClient(clientId)).toBe(id);
    expect(socketIdOfClient(clientId.toUpperCase())).toBe(id);
  }
});

it.each(['', 'x', '0123abcd', `${'0'.repeat(32)}`, '0123abcd-0000-4000-8000-00000000000g'])(
  '%j is no client id',
  (text) => expect(socketIdOfClient(text)).toBeUndefined(),
);
