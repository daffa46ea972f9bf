import { messageOf, type Logger } from '@ringdown/core';
import type { SimulatedChannel } from './channel';
import type { SimulatedSwitch } from './simulated-switch';

/** A story that cannot go on: its time is over, or a channel it tells of has ended or follows another story now. */
export class StoryOver extends Error {
  constructor() {
    super('the story is over');
  }
}

/** Who makes things happen: the world's own traffic, or somebody's command. */
export type Teller = 'traffic' | 'command';

/**
 * What happens to some channels, told as one function that waits in between. Ends of its own accord, with its channels, or
 * from outside; every wait then throws {@link StoryOver}, which needs no catching.
 */
export class Story {
  private readonly waits = new Map<NodeJS.Timeout, () => void>();
  private readonly own = new Set<SimulatedChannel>();
  private isOver = false;

  constructor(
    readonly teller: Teller,
    private readonly switchBoard: SimulatedSwitch,
    private readonly owners: Map<SimulatedChannel, Story>,
  ) {}

  get over(): boolean {
    return this.isOver;
  }

  /** From now on these channels follow this story; the story they followed ends when it has none left. */
  adopt(...channels: readonly SimulatedChannel[]): void {
    for (const channel of channels) {
      const before = this.owners.get(channel);
      if (before === this || channel.ended) continue;
      this.take(channel);
      before?.release(channel);
    }
  }

  /** A channel made for this story. */
  call(...plan: Parameters<SimulatedSwitch['create']>): SimulatedChannel {
    this.check();
    const channel = this.switchBoard.create(...plan);
    this.take(channel);
    return channel;
  }

  owns(channel: SimulatedChannel): boolean {
    return !channel.ended && this.owners.get(channel) === this;
  }

  get channels(): ReadonlySet<SimulatedChannel> {
    return this.own;
  }

  /** The channel follows it no more; without any left the story is over. */
  release(channel: SimulatedChannel): void {
    this.own.delete(channel);
    if (this.own.size === 0) this.end();
  }

  /** Goes on after this time, if these channels are still there and still follow the story. */
  async wait(ms: number, ...channels: readonly SimulatedChannel[]): Promise<void> {
    this.check();
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.waits.delete(timer);
        resolve();
      }, ms);
      this.waits.set(timer, resolve);
    });
    this.check(...channels);
  }

  /** Throws {@link StoryOver} when the story, or one of these channels in it, is over. */
  check(...channels: readonly SimulatedChannel[]): void {
    if (this.isOver || channels.some((channel) => !this.owns(channel))) throw new StoryOver();
  }

  private take(channel: SimulatedChannel): void {
    this.owners.set(channel, this);
    this.own.add(channel);
  }

  end(): void {
    this.isOver = true;
    for (const [timer, resume] of this.waits) {
      clearTimeout(timer);
      resume();
    }
    this.waits.clear();
  }
}

/** All stories under way. What a story leaves behind is hung up, so no channel outlives the last story that tells of it. */
export class Stories {
  private readonly owners = new Map<SimulatedChannel, Story>();
  private readonly underWay = new Set<Story>();
  private readonly commanded = new Set<Story>();
  private stopped = false;

  constructor(
    private readonly switchBoard: SimulatedSwitch,
    private readonly logger: Logger,
  ) {
    switchBoard.onEnd((channel) => {
      const story = this.owners.get(channel);
      this.owners.delete(channel);
      story?.release(channel);
    });
  }

  get size(): number {
    return this.underWay.size;
  }

  /** Conversations that somebody's commands have taken out of the world's own traffic. */
  get commandedCalls(): number {
    let calls = 0;
    for (const { channels } of this.commanded) {
      calls += new Set([...channels].map(({ interactionId }) => interactionId)).size;
    }
    return calls;
  }

  /** Begins to tell; resolves when the story is over, whatever ended it. */
  async tell(teller: Teller, script: (story: Story) => Promise<void>): Promise<void> {
    if (this.stopped) return;
    const story = new Story(teller, this.switchBoard, this.owners);
    this.underWay.add(story);
    if (teller === 'command') this.commanded.add(story);
    try {
      await script(story);
    } catch (error) {
      if (!(error instanceof StoryOver)) {
        this.logger.warn('a simulated call took an unforeseen turn', { reason: messageOf(error) });
      }
    } finally {
      story.end();
      for (const channel of [...story.channels]) this.switchBoard.hangup(channel);
      this.underWay.delete(story);
      this.commanded.delete(story);
    }
  }

  /** Ends all stories; their channels are hung up by whoever stops the world. */
  stop(): void {
    this.stopped = true;
    for (const story of this.underWay) story.end();
  }
}
