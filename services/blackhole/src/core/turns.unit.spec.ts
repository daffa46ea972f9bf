import { deferred } from '@ringdown/core';
import { Turns } from './turns';

it('lets a few in at a time, in the order they came', async () => {
  const turns = new Turns(2, 10_000);
  const works = ['a', 'b', 'c', 'd'].map((name) => ({ name, end: deferred() }));
  const begun: string[] = [];
  const done = works.map(({ name, end }) =>
    turns.run(() => {
      begun.push(name);
      return end.promise;
    }),
  );
  expect(begun).toEqual(['a', 'b']);

  works[1]!.end.reject(new Error('failed'));
  await expect(done[1]).rejects.toThrow('failed');
  expect(begun).toEqual(['a', 'b', 'c']);

  for (const index of [0, 2, 3]) works[index]!.end.resolve();
  await Promise.all([done[0], done[2], done[3]]);
  expect(begun).toEqual(['a', 'b', 'c', 'd']);
  await turns.run(() => Promise.resolve());
});

it('turns away whoever waits too long', async () => {
  const turns = new Turns(1, 5);
  const end = deferred();
  const first = turns.run(() => end.promise);

  await expect(turns.run(() => Promise.resolve())).rejects.toMatchObject({ code: 'timeout' });
  end.resolve();
  await first;
  await expect(turns.run(() => Promise.resolve('in'))).resolves.toBe('in');
});
