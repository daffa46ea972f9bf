/** Everything there is, family by family. */
export const ALL_BINDINGS = [
  'call.*.*',
  'conference.event.*.*.*',
  'fax.status.*',
  'fax.object.*',
  'object.*.*',
  'messaging.*.*',
];

/**
 * A binding as typed, with the wildcards at its end that were left out: some shells refuse a bare `*`.
 * `call` means `call.*.*`, `object.doc_created` means `object.doc_created.*`; a complete binding stays as it is.
 */
export function completeBindings(text) {
  const words = text.split('.').filter((word, index, all) => word !== '' || index < all.length - 1);
  const wanted = ALL_BINDINGS.map((binding) => binding.split('.')).filter((pattern) =>
    pattern.every((word, index) => words[index] === undefined || word === '*' || words[index] === word),
  );
  const completed = wanted
    .filter((pattern) => pattern.length > words.length)
    .map((pattern) => [...words, ...pattern.slice(words.length)].join('.'));
  return completed.length > 0 ? completed : [text];
}

/** One line for one event frame: when, what, where, and the data cut to the width of the terminal. */
export function eventLine(frame, { time = new Date(), width = 0, colours = false } = {}) {
  const paint = (text, code) => (colours ? `\x1b[${code}m${text}\x1b[0m` : text);
  const clock = time.toTimeString().slice(0, 8);
  const name = printable(kindOf(frame)).padEnd(16);
  const key = printable(String(frame.routing_key ?? frame.subscribed_key ?? ''));
  const data = printable(JSON.stringify(frame.data) ?? '');
  const room = width - clock.length - name.length - key.length - 3;
  const shown = width > 0 && data.length > room ? `${data.slice(0, Math.max(room - 1, 20))}…` : data;
  return `${paint(clock, 90)} ${paint(name, 36)} ${key} ${paint(shown, 90)}`;
}

/** What happened: in conferences and faxes the event's name says only that something did. */
function kindOf({ name, data }) {
  const kind = name === 'event' ? data?.event : name === 'status' ? data?.fax_state : undefined;
  return String(kind ?? name ?? '');
}

/** One line for the notice that events may be missing. */
export function gapLine(frame, time = new Date()) {
  const since = frame.since === undefined ? '' : ` since ${JSON.stringify(frame.since)}`;
  return `${time.toTimeString().slice(0, 8)} -- events may be missing${since} (${printable(String(frame.reason ?? 'unknown'))})`;
}

/** What comes from outside must not steer the terminal. */
function printable(text) {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, '?');
}
