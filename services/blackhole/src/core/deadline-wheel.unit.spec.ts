import { DeadlineWheel } from './deadline-wheel';

function wheelAt(startMs: number): { wheel: DeadlineWheel; run: string[]; advance: (toMs: number) => void } {
  let now = startMs;
  const run: string[] = [];
  const wheel = new DeadlineWheel(100, () => now);
  return {
    wheel,
    run,
    advance: (toMs) => {
      now = toMs;
      wheel.turn();
    },
  };
}

it('runs a deadline in the tick after it, never before', () => {
  const { wheel, run, advance } = wheelAt(1_000);
  wheel.at(1_250, () => run.push('due'));

  advance(1_240);
  advance(1_299);
  expect(run).toEqual([]);
  advance(1_300);

  expect(run).toEqual(['due']);
  expect(wheel.size).toBe(0);
});

it('runs what is past already at the next turn', () => {
  const { wheel, run, advance } = wheelAt(1_000);
  advance(2_000);
  wheel.at(10, () => run.push('past'));

  advance(2_100);

  expect(run).toEqual(['past']);
});

it('catches up after a long pause, in order', () => {
  const { wheel, run, advance } = wheelAt(0);
  for (const at of [500, 100, 90_000, 300]) wheel.at(at, () => run.push(String(at)));

  advance(10_000_000);

  expect(run).toEqual(['100', '300', '500', '90000']);
});

it('does not run what was cancelled, also during the same turn', () => {
  const { wheel, run, advance } = wheelAt(0);
  const second: { cancel: () => void }[] = [];
  wheel.at(100, () => second[0]!.cancel());
  second.push(wheel.at(110, () => run.push('cancelled')));
  wheel.at(120, () => run.push('kept'));

  advance(1_000);

  expect(run).toEqual(['kept']);
});

it('keeps nothing of what was cancelled, however far away it was', () => {
  const { wheel } = wheelAt(1_000);
  const entries = [1, 2, 3].map((days) => wheel.after(days * 86_400_000, () => undefined));
  const other = wheel.after(86_400_000, () => undefined);
  expect(wheel.ticks).toBe(3);

  for (const entry of entries) entry.cancel();
  expect(wheel.ticks).toBe(1);
  other.cancel();
  other.cancel();
  expect(wheel.ticks).toBe(0);
});
