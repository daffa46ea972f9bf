import type { Entrance } from './protocols';
import { RawSubscriber } from './raw-subscriber';

/** What the benchmark tells the process that holds the subscribers. */
export type SubscribersCommand =
  | { readonly kind: 'connect'; readonly entrance: Entrance; readonly count: number }
  | { readonly kind: 'report' }
  | { readonly kind: 'close' };

export type SubscribersReply =
  | { readonly kind: 'connected' }
  | {
      readonly kind: 'report';
      readonly frames: number;
      readonly bytes: number;
      readonly latenciesMs: readonly number[];
    }
  | { readonly kind: 'closed' }
  | { readonly kind: 'failed'; readonly message: string };

/** One socket in this many measures latency. */
const SAMPLE_EVERY = 20;
const CONNECT_AT_ONCE = 50;

let subscribers: RawSubscriber[] = [];

async function connect(entrance: Entrance, count: number): Promise<void> {
  for (let opened = 0; opened < count; opened += CONNECT_AT_ONCE) {
    const batch = Array.from(
      { length: Math.min(CONNECT_AT_ONCE, count - opened) },
      (_, i) => new RawSubscriber(entrance, (opened + i) % SAMPLE_EVERY === 0),
    );
    await Promise.all(batch.map((subscriber) => subscriber.open()));
    subscribers.push(...batch);
  }
}

async function answer(command: SubscribersCommand): Promise<SubscribersReply> {
  switch (command.kind) {
    case 'connect':
      await connect(command.entrance, command.count);
      return { kind: 'connected' };
    case 'report':
      return {
        kind: 'report',
        frames: subscribers.reduce((total, { frames }) => total + frames, 0),
        bytes: subscribers.reduce((total, { bytes }) => total + bytes, 0),
        latenciesMs: subscribers.flatMap(({ latenciesMs }) => latenciesMs),
      };
    case 'close':
      for (const subscriber of subscribers) subscriber.close();
      subscribers = [];
      return { kind: 'closed' };
  }
}

process.on('message', (command: SubscribersCommand) => {
  answer(command)
    .catch((error: unknown): SubscribersReply => ({ kind: 'failed', message: String(error) }))
    .then((reply) => process.send!(reply))
    .catch(() => process.exit(1));
});
process.on('disconnect', () => process.exit(0));
