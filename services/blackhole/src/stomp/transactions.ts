import { StompFault } from './stomp-fault';

const MAX_OPEN = 16;
const MAX_ACTIONS = 1_000;

/** Acknowledgements held until COMMIT; nothing else can be part of a transaction here. */
export class Transactions<Action> {
  private readonly open = new Map<string, Action[]>();

  begin(id: string): void {
    if (this.open.has(id)) throw new StompFault('transaction already begun');
    if (this.open.size >= MAX_OPEN) throw new StompFault('too many transactions');
    this.open.set(id, []);
  }

  hold(id: string, action: Action): void {
    const held = this.require(id);
    if (held.length >= MAX_ACTIONS) throw new StompFault('transaction too large');
    held.push(action);
  }

  /** What was held, in its order. */
  commit(id: string): readonly Action[] {
    const held = this.require(id);
    this.open.delete(id);
    return held;
  }

  abort(id: string): void {
    this.require(id);
    this.open.delete(id);
  }

  abortAll(): void {
    this.open.clear();
  }

  private require(id: string): Action[] {
    const held = this.open.get(id);
    if (held === undefined) throw new StompFault('unknown transaction');
    return held;
  }
}
