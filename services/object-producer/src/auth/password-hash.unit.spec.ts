import { hashForm, hashPassword, newKdf, passwordForm, sameHash } from './password-hash';

describe('a stored password', () => {
  it('is recognised by itself only', async () => {
    const kdf = newKdf();
    const hashes = await hashPassword(kdf, 'ann', 'secret');

    const matches = async (way: string, username: string, password: string): Promise<boolean> =>
      sameHash((await hashPassword(way, username, password)).md5, hashes.md5);

    expect(await matches(kdf, 'ann', 'secret')).toBe(true);
    expect(await matches(kdf, 'ann', 'Secret')).toBe(false);
    expect(await matches(kdf, 'anna', 'secret')).toBe(false);
    expect(await matches(newKdf(), 'ann', 'secret')).toBe(false);
  });

  it('is the hash of both forms a Kazoo client sends, and neither of the forms itself', async () => {
    const kdf = newKdf();
    const hashes = await hashPassword(kdf, 'ann', 'secret');

    // printf 'ann:secret' | md5sum; … | sha1sum
    expect(passwordForm('md5', 'ann', 'secret')).toBe('5bdf88162a706752a8ca6fe5eab3a60f');
    expect(passwordForm('sha', 'ann', 'secret')).toBe('ed125f01e22fae5e33763eac4b67d7ad01c3bc73');
    expect(await hashForm(kdf, passwordForm('md5', 'ann', 'secret'))).toBe(hashes.md5);
    expect(await hashForm(kdf, passwordForm('sha', 'ann', 'secret'))).toBe(hashes.sha);
    expect(hashes.md5).not.toBe(hashes.sha);
  });

  it('is compared whole', () => {
    expect(sameHash('abc', 'abc')).toBe(true);
    expect(sameHash('abc', 'abcd')).toBe(false);
    expect(sameHash('abc', 'ab')).toBe(false);
    expect(sameHash('', undefined)).toBe(false);
  });

  it('of an unknown way of hashing is an error, not a match', async () => {
    await expect(hashForm('md4$x', 'form')).rejects.toMatchObject({ code: 'internal' });
  });
});
