import type { EventFamily } from '../family';
import { parseFaxBinding } from './fax-binding';
import { readFaxKey } from './fax-routing-key';
import { faxCatalogue } from './fax-samples';

export { type FaxStatus } from './fax-event';
export { faxObjectRoutingKey, faxStatusRoutingKey } from './fax-routing-key';

export const faxFamily: EventFamily = {
  name: 'fax',
  catalogue: faxCatalogue,
  readKey: readFaxKey,
  parseBinding: parseFaxBinding,
};
