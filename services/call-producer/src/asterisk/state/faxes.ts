import { faxStatusRoutingKey, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds, type Clock } from '@ringdown/core';
import { withoutUndefined } from '../../domain/recovered';
import type { AmiMessage } from '../ami/ami-message';
import type { Leg } from './leg';
import { partiesOf } from './leg-facts';

interface FaxParts {
  readonly emit: (draft: EventDraft) => void;
  readonly clock: Clock;
}

/** The legs by Uniqueid, folded ones too: a fax application runs on either half of a Local pair. */
interface FaxLegs {
  readonly legs: ReadonlyMap<string, Leg>;
  callIdOf(uniqueid: string): string;
  announce(leg: Leg): void;
}

interface Fax {
  readonly direction: 'incoming' | 'outgoing';
  readonly leg: Leg;
  ended: boolean;
}

/** Faxes that the switch sends or receives in a call. The id of the fax is the one of the call. */
export class Faxes {
  private readonly faxes = new Map<string, Fax>();

  constructor(
    private readonly book: FaxLegs,
    private readonly parts: FaxParts,
  ) {}

  apply(message: AmiMessage): void {
    const leg = this.book.legs.get(message.get('Uniqueid'));
    if (leg === undefined) return;
    switch (message.event) {
      case 'FAXStatus':
        return this.progress(leg, message);
      case 'ReceiveFAX':
        return this.finish(leg, 'incoming', message);
      case 'SendFAX':
        return this.finish(leg, 'outgoing', message);
    }
  }

  /** A call that ends during its fax has no result: the fax failed. */
  end(leg: Leg): void {
    const fax = this.faxes.get(leg.uniqueid);
    if (fax === undefined) return;
    this.faxes.delete(leg.uniqueid);
    if (!fax.ended) this.say(fax, 'error', 'call ended during the fax');
  }

  private progress(leg: Leg, message: AmiMessage): void {
    const direction = message.get('Operation') === 'send' ? 'outgoing' : 'incoming';
    const status = message.text('Status')?.slice(0, 256) ?? 'FAX';
    const known = this.faxes.get(leg.uniqueid);
    const fax = known ?? { direction, leg, ended: false };
    if (known === undefined) {
      this.faxes.set(leg.uniqueid, fax);
      return this.say(fax, 'start', status);
    }
    this.say(fax, direction === 'outgoing' ? 'send' : 'receive', status);
  }

  private finish(leg: Leg, direction: Fax['direction'], message: AmiMessage): void {
    const fax = this.faxes.get(leg.uniqueid) ?? { direction, leg, ended: false };
    fax.ended = true;
    this.faxes.set(leg.uniqueid, fax);
    const pages = wholeNumber(message.get('PagesTransferred'));
    const success = pages !== undefined && pages > 0;
    this.say(fax, success ? 'end' : 'error', success ? `${pages} pages transferred` : 'no page transferred', {
      page: pages,
      fax_info: withoutUndefined({
        fax_transferred_pages: pages,
        fax_transfer_rate: wholeNumber(message.get('TransferRate')),
        fax_image_resolution: message.text('Resolution'),
        fax_local_station_id: message.text('LocalStationID'),
        fax_remote_station_id: message.text('RemoteStationID'),
        fax_success: success,
      }),
    });
  }

  private say(fax: Fax, state: string, status: string, more: Readonly<Record<string, unknown>> = {}): void {
    const nowMs = this.parts.clock();
    const { leg } = fax;
    this.book.announce(leg);
    const accountId = leg.identity.accountId ?? leg.variables.accountId;
    const [caller, callee] = partiesOf(leg);
    const id = this.book.callIdOf(leg.uniqueid);
    this.parts.emit({
      family: 'fax',
      name: 'status',
      routingKey: faxStatusRoutingKey(id),
      accountId,
      timestampMs: nowMs,
      body: withoutUndefined({
        job_id: id,
        account_id: accountId,
        call_id: id,
        status,
        fax_state: state,
        direction: fax.direction,
        caller_id_name: caller.name,
        caller_id_number: caller.number,
        callee_id_name: callee.name,
        callee_id_number: callee.number,
        timestamp: toGregorianSeconds(nowMs),
        ...more,
      }),
    });
  }
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
