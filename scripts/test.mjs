// npm test: unit, integration and end-to-end tests against real servers, which it finds or starts itself.
import { requireSupportedNode } from './lib/check-node.mjs';

requireSupportedNode();
// Imported late: an old Node must get its sentence before it meets syntax and modules it does not know.
import('./lib/run-tests.mjs')
  .then(({ runTests }) => runTests(process.argv.slice(2)))
  .then((code) => process.exit(code));
