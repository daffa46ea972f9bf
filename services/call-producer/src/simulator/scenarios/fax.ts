import { faxStatusRoutingKey, type EventDraft } from '@ringdown/contracts';
import { toGregorianSeconds } from '@ringdown/core';
import { withoutUndefined } from '../../domain/recovered';
import type { FaxSent } from '../office';
import { FAX_NUMBER } from '../people';
import type { World } from '../world';
import { seconds, type Scenario } from './scenario';

const FAX_LINE = { name: 'Fax', number: FAX_NUMBER };

/** A fax comes in or goes out, page by page. */
export const fax: Scenario = {
  name: 'a fax',
  async play(world, story, random) {
    const { switchBoard, office } = world;
    const partner = world.outsider(random);
    const incoming = random.chance(0.5);
    const pages = random.between(1, 4);
    const failing = random.chance(0.1);
    const sent: FaxSent = incoming
      ? {
          direction: 'incoming',
          fromName: partner.name,
          fromNumber: partner.number,
          toName: FAX_LINE.name,
          toNumber: FAX_NUMBER,
        }
      : {
          direction: 'outgoing',
          fromName: FAX_LINE.name,
          fromNumber: FAX_NUMBER,
          toName: partner.name,
          toNumber: partner.number,
        };
    const id = await office.openFax(sent);
    story.check();
    let status = 'failed';
    try {
      const leg = incoming
        ? world.dial(story, partner, FAX_NUMBER, FAX_LINE)
        : world.ring(story, partner, FAX_LINE);
      const tell = (state: string, text: string, more: Record<string, unknown> = {}): void =>
        world.emit(statusEvent(world, id, sent, state, text, { ...more, call_id: leg.callId }));
      tell('start', incoming ? 'call received' : 'dialing');
      await story.wait(random.between(1_000, 2_500), leg);
      switchBoard.answer(leg);
      tell('prepare', 'negotiating');
      await story.wait(random.between(1_000, 2_000), leg);
      for (let page = 1; page <= pages; page += 1) {
        tell(incoming ? 'receive' : 'send', `page ${page} of ${pages}`, { page });
        await story.wait(random.between(seconds(2), seconds(4)), leg);
        if (failing && page === pages) {
          tell('error', 'the line was dropped', { fax_info: info(partner.number, page - 1, false) });
          switchBoard.hangup(leg);
          return;
        }
      }
      status = 'completed';
      tell('end', status, { fax_info: info(partner.number, pages, true) });
      switchBoard.hangup(leg);
    } finally {
      office.closeFax(id, status);
    }
  },
};

function info(station: string, pages: number, success: boolean): Record<string, unknown> {
  return {
    fax_success: success,
    fax_remote_station_id: station,
    fax_transferred_pages: pages,
    fax_total_pages: pages,
    fax_transfer_rate: 14_400,
    fax_ecm_used: true,
  };
}

function statusEvent(
  world: World,
  id: string,
  fax: FaxSent,
  state: string,
  text: string,
  more: Record<string, unknown>,
): EventDraft {
  const nowMs = world.clock();
  return {
    family: 'fax',
    name: 'status',
    routingKey: faxStatusRoutingKey(id),
    accountId: world.account.id,
    timestampMs: nowMs,
    body: withoutUndefined({
      job_id: id,
      fax_id: id,
      account_id: world.account.id,
      status: text,
      fax_state: state,
      direction: fax.direction,
      stage: state,
      caller_id_name: fax.fromName,
      caller_id_number: fax.fromNumber,
      callee_id_name: fax.toName,
      callee_id_number: fax.toNumber,
      timestamp: toGregorianSeconds(nowMs),
      ...more,
    }),
  };
}
