import type { Database } from '@ringdown/database';
import { accounts } from './data/accounts';
import { documents } from './data/documents';
import { endpoints } from './data/endpoints';
import { events } from './data/events';
import { DataFixture } from './data/fixture';
import { lists } from './data/lists';
import { logins } from './data/logins';
import { repetitions } from './data/repetitions';
import { secrets } from './data/secrets';

/** What holds on every database. Runs on PGlite and on a real server. */
export function dataSuite(open: () => Promise<Database>): void {
  const suite = new DataFixture(open);
  documents(suite);
  lists(suite);
  secrets(suite);
  events(suite);
  repetitions(suite);
  accounts(suite);
  endpoints(suite);
  logins(suite);
}
