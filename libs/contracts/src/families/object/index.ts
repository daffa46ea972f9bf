import type { EventFamily } from '../family';
import { parseObjectBinding } from './object-binding';
import { readObjectKey } from './object-routing-key';
import { objectCatalogue } from './object-samples';

export { objectActions, type ObjectAction, type ObjectEvent } from './object-event';
export { objectRoutingKey } from './object-routing-key';

export const objectFamily: EventFamily = {
  name: 'object',
  catalogue: objectCatalogue,
  readKey: readObjectKey,
  parseBinding: parseObjectBinding,
};
