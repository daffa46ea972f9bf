import { deferred, type Deferred } from '@ringdown/core';
import { SharedQuestions } from './shared-questions';

function setUp() {
  const asked: Deferred<string>[] = [];
  const questions = new SharedQuestions<string>();
  const ask = (key: string): Promise<string> =>
    questions.ask(key, () => {
      const answer = deferred<string>();
      asked.push(answer);
      return answer.promise;
    });
  return { asked, ask };
}

it('shares the next question among those who come while one is under way', async () => {
  const { asked, ask } = setUp();
  const first = ask('a');
  const [second, third] = [ask('a'), ask('a')];
  asked[0]?.resolve('old');
  await first;
  await new Promise((resolve) => setImmediate(resolve));
  asked[1]?.resolve('new');

  expect(await Promise.all([first, second, third])).toEqual(['old', 'new', 'new']);
  expect(asked).toHaveLength(2);
});

it('asks about each key by itself', () => {
  const { asked, ask } = setUp();
  void ask('a');
  void ask('b');

  expect(asked).toHaveLength(2);
});

it.each(['answered', 'failed'])(
  'keeps nothing of a question that was %s: the next is asked at once',
  async (how) => {
    const { asked, ask } = setUp();
    const first = ask('a');
    if (how === 'answered') asked[0]?.resolve('old');
    else asked[0]?.reject(new Error('away'));
    await first.catch(() => undefined);

    void ask('a');

    expect(asked).toHaveLength(2);
  },
);

it('asks the next one though the one before failed', async () => {
  const { asked, ask } = setUp();
  const first = ask('a');
  const second = ask('a');
  asked[0]?.reject(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await new Promise((resolve) => setImmediate(resolve));
  asked[1]?.resolve('new');

  expect(await second).toBe('new');
});
