/** The forms an answer can have; the first is the one for whoever does not care. */
const offered = [
  { type: 'application/json', csv: false },
  { type: 'text/csv', csv: true },
  { type: 'application/octet-stream', csv: true },
] as const;

interface Wish {
  readonly range: string;
  readonly quality: number;
}

/**
 * The content type a client that sent `Accept` gets CSV under; undefined: it gets JSON. An exact type outweighs a range
 * of the same quality, JSON outweighs CSV; what cannot be met is ignored: there is always an answer.
 */
export function csvTypeOf(accept: string | undefined): string | undefined {
  const wishes = (accept ?? '').split(',', 20).map(wishOf);
  let best: { readonly type: string; readonly csv: boolean; readonly score: number } = {
    ...offered[0],
    score: 0,
  };
  for (const { type, csv } of offered) {
    const score = scoreOf(type, wishes);
    if (score > best.score) best = { type, csv, score };
  }
  return best.csv ? best.type : undefined;
}

function wishOf(item: string): Wish {
  const [range = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
  const q = parameters.find((parameter) => /^q\s*=/.test(parameter))?.replace(/^q\s*=\s*/, '');
  if (q === undefined) return { range, quality: 1 };
  return { range, quality: /^(0(\.\d{0,3})?|1(\.0{0,3})?)$/.test(q) ? Number(q) : 0 };
}

/** The most specific range that covers the type decides; a little more for naming the type itself. */
function scoreOf(type: string, wishes: readonly Wish[]): number {
  const ranges = [type, `${type.split('/')[0]!}/*`, '*/*'];
  for (const [vagueness, range] of ranges.entries()) {
    const wish = wishes.find((candidate) => candidate.range === range);
    if (wish) return wish.quality === 0 ? 0 : wish.quality - vagueness / 10_000;
  }
  return 0;
}
