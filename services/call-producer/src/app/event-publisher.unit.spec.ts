import { AppError, deferred, silentLogger, type Deferred } from '@ringdown/core';
import { encodeEvent, type WireMessage } from '@ringdown/contracts';
import { createdEvent } from '../testing/fake-source';
import { EventPublisher } from './event-publisher';

const message = (callId: string): WireMessage => encodeEvent(createdEvent(callId));
const idOf = ({ routingKey }: WireMessage): string => routingKey.split('.')[2] ?? '';

class FakeSink {
  ready = true;
  readonly sent: { readonly message: WireMessage; readonly confirm: Deferred }[] = [];

  publish(published: WireMessage): Promise<void> {
    const confirm = deferred();
    this.sent.push({ message: published, confirm });
    return confirm.promise;
  }

  get ids(): readonly string[] {
    return this.sent.map((it) => idOf(it.message));
  }

  confirmAll(): void {
    for (const { confirm } of this.sent) confirm.resolve();
  }
}

describe('the event publisher', () => {
  let sink: FakeSink;
  let lost: number;
  let gaps: number;
  let publisher: EventPublisher;

  beforeEach(() => {
    jest.useFakeTimers();
    sink = new FakeSink();
    lost = 0;
    gaps = 0;
    publisher = new EventPublisher(
      sink,
      { published: () => undefined, lost: (count) => (lost += count) },
      silentLogger,
    );
    publisher.open(() => (gaps += 1));
  });

  afterEach(() => {
    publisher.close();
    expect(jest.getTimerCount()).toBe(0);
    jest.useRealTimers();
  });

  it('hands over in order without waiting for confirms, but not without limit', () => {
    for (let index = 0; index < 1_000; index += 1) publisher.publish([message(`c${index}`)]);

    expect(sink.ids).toEqual(Array.from({ length: 256 }, (_, index) => `c${index}`));
    expect(publisher.depth).toBe(1_000);
  });

  it('goes on as confirms come, until nothing is left', async () => {
    for (let index = 0; index < 600; index += 1) publisher.publish([message(`c${index}`)]);
    const flushed = publisher.flush(1_000);
    while (publisher.depth > 0) {
      sink.confirmAll();
      await jest.advanceTimersByTimeAsync(0);
    }
    await flushed;
    expect(sink.ids).toEqual(Array.from({ length: 600 }, (_, index) => `c${index}`));
    expect(gaps).toBe(0);
  });

  it('waits while the broker is away', () => {
    sink.ready = false;
    publisher.publish([message('a'), message('b')]);
    expect(sink.ids).toEqual([]);
    sink.ready = true;
    publisher.resume();
    expect(sink.ids).toEqual(['a', 'b']);
  });

  it('sends again what was not confirmed, in order, under the same id, and then tells of the gap', async () => {
    publisher.publish([message('a'), message('b'), message('c')]);
    publisher.publish([message('d')]);
    const unavailable = new AppError('unavailable', 'not confirmed');
    sink.sent[2]?.confirm.reject(unavailable);
    sink.sent[1]?.confirm.reject(unavailable);
    sink.sent[0]?.confirm.resolve();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sink.ids).toEqual(['a', 'b', 'c', 'd']);
    publisher.publish([message('e')]);
    sink.sent[3]?.confirm.resolve();
    await jest.advanceTimersByTimeAsync(10_000);

    expect(sink.ids).toEqual(['a', 'b', 'c', 'd', 'b', 'c', 'e']);
    expect(sink.sent[4]?.message.messageId).toBe(sink.sent[1]?.message.messageId);
    expect(gaps).toBe(0);
    sink.confirmAll();
    await jest.advanceTimersByTimeAsync(0);
    expect(gaps).toBe(1);
    expect(lost).toBe(0);
  });

  it('drops what the broker will never take, and counts it', async () => {
    publisher.publish([message('a'), message('b')]);
    sink.sent[0]?.confirm.reject(new AppError('bad_request', 'no such exchange'));
    sink.sent[1]?.confirm.resolve();
    await jest.advanceTimersByTimeAsync(0);
    expect(publisher.depth).toBe(0);
    expect(lost).toBe(1);
    expect(gaps).toBe(1);
  });

  it('drops what is too much, and tells of the gap when there is room', async () => {
    sink.ready = false;
    for (let index = 0; index < 20_005; index += 1) publisher.publish([message(`c${index}`)]);
    expect(lost).toBe(5);
    sink.ready = true;
    publisher.resume();
    while (publisher.depth > 0) {
      sink.confirmAll();
      sink.sent.length = 0;
      await jest.advanceTimersByTimeAsync(0);
    }
    expect(gaps).toBe(1);
  });

  it('forgets everything when it is closed, and takes nothing more', async () => {
    for (let index = 0; index < 300; index += 1) publisher.publish([message(`c${index}`)]);
    publisher.close();
    publisher.publish([message('late')]);
    sink.confirmAll();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(sink.sent).toHaveLength(256);
    expect(publisher.depth).toBe(0);

    publisher.open(() => undefined);
    publisher.publish([message('anew')]);
    expect(sink.ids.at(-1)).toBe('anew');
  });

  it('says so when the last events are not confirmed in time', async () => {
    publisher.publish([message('a')]);
    const flushed = expect(publisher.flush(500)).rejects.toMatchObject({ code: 'timeout' });
    await jest.advanceTimersByTimeAsync(500);
    await flushed;
  });
});
