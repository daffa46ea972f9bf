import { waitUntil } from '@ringdown/testing';
import { refusalOf, startStomp, type TestStomp } from '../testing/start-stomp';
import type { StompClient } from '../testing/stomp-client';
import type { StompVersion } from './codec';

let stomp: TestStomp;

beforeAll(async () => {
  stomp = await startStomp({ wsHeartbeatIntervalMs: 300 });
});

describe('heart-beats', () => {
  const beating = (heartBeat: string, version: StompVersion = '1.2'): Promise<StompClient> =>
    stomp.client({ version, headers: { 'heart-beat': heartBeat } });

  it('H2, H3: come from the server as line ends', async () => {
    const client = await beating('0,200');

    await waitUntil(() => client.beats >= 3);
    expect(client.frames).toHaveLength(1);
  });

  it('H3: that stop coming from the client end the connection, others do not', async () => {
    const silent = await beating('200,0');
    const lazy = await beating('0,200');
    const keen = await beating('200,0');
    const heart = setInterval(() => keen.socket.send('\n'), 100);

    expect(await refusalOf(silent)).toEqual(['heart-beat lost', 1002]);
    await lazy.confirmed('BEGIN', { transaction: 't' });
    await keen.confirmed('BEGIN', { transaction: 't' });
    clearInterval(heart);
  });

  it('H1, H2: are none at all without the header, with zeros, and in 1.0', async () => {
    const clients = [await stomp.client(), await beating('0,0'), await beating('100,100', '1.0')];
    const other = await beating('0,200');

    await waitUntil(() => other.beats >= 4);

    for (const client of clients) {
      expect(client.beats).toBe(0);
      await client.confirmed('BEGIN', { transaction: 't' });
    }
  });
});
