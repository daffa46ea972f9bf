import type { Database } from '@ringdown/database';
import { channels } from './data/channels';
import { deliveries } from './data/deliveries';
import { DataFixture } from './data/fixture';
import { housekeeping } from './data/housekeeping';
import { isolation } from './data/isolation';
import { lists } from './data/lists';
import { messagesOfSources } from './data/messages-of-sources';
import { messagesToVisitors } from './data/messages-to-visitors';
import { notes } from './data/notes';
import { unreadCounts } from './data/unread-counts';
import { visitors } from './data/visitors';

/** What holds on every database. Runs on PGlite and on a real server. */
export function dataSuite(open: () => Promise<Database>): void {
  const suite = new DataFixture(open);
  channels(suite);
  visitors(suite);
  unreadCounts(suite);
  messagesToVisitors(suite);
  messagesOfSources(suite);
  lists(suite);
  notes(suite);
  isolation(suite);
  housekeeping(suite);
  // Stops the deliverer of this service.
  deliveries(suite);
}
