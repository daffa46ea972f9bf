// npm start: everything in one process. Installs and builds first when something changed.
import { requireSupportedNode } from './lib/check-node.mjs';

requireSupportedNode();
// Imported late: an old Node must get its sentence before it meets syntax and modules it does not know.
import('./lib/start-standalone.mjs').then(({ startStandalone }) => startStandalone());
