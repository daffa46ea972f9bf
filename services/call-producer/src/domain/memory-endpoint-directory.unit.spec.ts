import type { Endpoint } from '@ringdown/contracts';
import { MemoryEndpointDirectory } from './memory-endpoint-directory';

const endpoint = (deviceId: string, more: Partial<Endpoint> = {}): Endpoint => ({
  device_id: deviceId,
  account_id: 'a',
  account_name: 'Acme',
  realm: 'acme.example',
  username: 'ann',
  enabled: true,
  created: 10,
  ...more,
});

describe('the endpoint directory', () => {
  it('finds a device by its name, alone or with the realm, in any case', () => {
    const directory = new MemoryEndpointDirectory();
    directory.replaceAll([endpoint('d1', { owner_id: 'u1', presence_id: '1001' })]);
    expect(directory.byUsername('ann')).toEqual({
      deviceId: 'd1',
      accountId: 'a',
      accountName: 'Acme',
      realm: 'acme.example',
      username: 'ann',
      ownerId: 'u1',
      presenceId: '1001',
    });
    expect(directory.byUsername('Ann@ACME.example')?.deviceId).toBe('d1');
    expect(directory.byUsername('ann@elsewhere')).toBeUndefined();
    expect(directory.byUsername('__proto__')).toBeUndefined();
  });

  it('gives a name to the older of two devices, and to the other when the older goes', () => {
    const directory = new MemoryEndpointDirectory();
    directory.replaceAll([
      endpoint('young'),
      endpoint('old', { created: 5, account_id: 'b', realm: 'b.example' }),
    ]);
    expect(directory.byUsername('ann')?.deviceId).toBe('old');
    expect(directory.byUsername('ann@acme.example')?.deviceId).toBe('young');
    directory.replaceAccount('b', []);
    expect(directory.byUsername('ann')?.deviceId).toBe('young');
    expect(directory.size).toBe(1);
  });

  it('knows no disabled devices and none that belong elsewhere', () => {
    const directory = new MemoryEndpointDirectory();
    directory.replaceAccount('a', [endpoint('off', { enabled: false }), endpoint('b', { account_id: 'b' })]);
    expect(directory.size).toBe(0);
    expect(directory.byDevice('a', 'off')).toBeUndefined();
  });

  it('replaces what it knew', () => {
    const directory = new MemoryEndpointDirectory();
    directory.replaceAll([endpoint('d1'), endpoint('d2', { account_id: 'b', username: 'bob' })]);
    directory.replaceAll([endpoint('d1', { username: 'anna', owner_id: 'u' })]);
    expect(directory.byUsername('ann')).toBeUndefined();
    expect(directory.byUsername('bob')).toBeUndefined();
    expect(directory.ofOwner('a', 'u').map(({ username }) => username)).toEqual(['anna']);
    expect(directory.ofAccount('b')).toEqual([]);
    expect(directory.byDevice('a', 'd1')?.username).toBe('anna');
  });
});
