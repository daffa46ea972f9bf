import type { CatalogueEntry } from '../family';
import { objectCatalogue } from '../object/object-samples';
import { objectEventShape } from '../object/object-event';
import { faxStatusShape, type FaxStatus } from './fax-event';
import { faxObjectRoutingKey, faxStatusRoutingKey } from './fax-routing-key';

const faxId = 'b1946ac92492d2347c6235b4d2611184';
const faxCreated = objectCatalogue.find(({ binding }) => binding === 'object.doc_created.fax')!;

export const faxCatalogue: readonly CatalogueEntry[] = [
  {
    binding: 'fax.status.{FAX_ID}',
    summary: 'A fax made progress.',
    name: 'status',
    shape: faxStatusShape,
    routingKey: faxStatusRoutingKey(faxId),
    sample: (accountId): FaxStatus => ({
      event_category: 'fax',
      event_name: 'status',
      job_id: faxId,
      faxbox_id: '5d0c9a3b7e2f4168a9b0c1d2e3f40516',
      account_id: accountId,
      status: 'page 2 sent',
      fax_state: 'send',
      direction: 'outgoing',
      page: 2,
      caller_id_number: '+15550100',
      callee_id_number: '+15550199',
      fax_info: { fax_remote_station_id: '+15550199', fax_transfer_rate: 14400 },
    }),
    invalid: { job_id: faxId, page: true, fax_info: [] },
  },
  {
    binding: 'fax.object.{ACTION}',
    summary: 'A fax document changed: `doc_created`, `doc_edited` or `doc_deleted`.',
    name: 'doc_created',
    shape: objectEventShape,
    routingKey: faxObjectRoutingKey('doc_created'),
    sample: faxCreated.sample,
    invalid: faxCreated.invalid,
  },
];
