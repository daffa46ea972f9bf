import type { DeadlineWheel, WheelEntry } from '../core/deadline-wheel';
import { StompFault } from './stomp-fault';

/** Milliseconds; 0: none in that direction. */
export interface HeartBeat {
  /** The server sends at least this often. */
  readonly outgoingMs: number;
  /** The client does. */
  readonly incomingMs: number;
}

const FORMAT = /^(\d{1,9}),(\d{1,9})$/;

/** Both sides agree on the slower of what one can send and the other wants. Missing: none at all. */
export function agreeOnHeartBeat(header: string | undefined, offeredMs: number): HeartBeat {
  if (header === undefined) return { outgoingMs: 0, incomingMs: 0 };
  const match = FORMAT.exec(header);
  if (match === null) throw new StompFault('invalid heart-beat header');
  const [canSend, wants] = [Number(match[1]), Number(match[2])];
  return {
    outgoingMs: wants === 0 ? 0 : Math.max(offeredMs, wants),
    incomingMs: canSend === 0 ? 0 : Math.max(offeredMs, canSend),
  };
}

export interface HeartBeatPeer {
  /** Whether anything came since the last question. */
  heard(): boolean;
  beat(): void;
  onLost(): void;
}

/** Intervals without a byte after which the other side is taken for gone. */
const TOLERATED_SILENCE = 2;
/** Beats are sent somewhat earlier than agreed, since timers are late and networks, too. */
const EARLY = 0.75;

/** Sends the beats of this side and waits for those of the other. */
export class HeartBeatTimer {
  private outgoing: WheelEntry | undefined;
  private incoming: WheelEntry | undefined;
  private silent = 0;
  private stopped = false;

  constructor(
    private readonly agreed: HeartBeat,
    private readonly wheel: Pick<DeadlineWheel, 'after'>,
    private readonly peer: HeartBeatPeer,
  ) {
    if (agreed.outgoingMs > 0) this.send();
    if (agreed.incomingMs > 0) this.listen();
  }

  stop(): void {
    this.stopped = true;
    this.outgoing?.cancel();
    this.incoming?.cancel();
  }

  private send(): void {
    this.outgoing = this.wheel.after(this.agreed.outgoingMs * EARLY, () => {
      if (this.stopped) return;
      this.peer.beat();
      this.send();
    });
  }

  private listen(): void {
    this.incoming = this.wheel.after(this.agreed.incomingMs, () => {
      if (this.stopped) return;
      this.silent = this.peer.heard() ? 0 : this.silent + 1;
      if (this.silent >= TOLERATED_SILENCE) this.peer.onLost();
      else this.listen();
    });
  }
}
