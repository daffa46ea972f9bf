import { silentLogger } from '@ringdown/core';
import { openDatabase } from '../open-database';
import { outboxSuite } from '../testing/outbox-suite';

describe('the outbox on PGlite', () => {
  outboxSuite(() => openDatabase({ logger: silentLogger }));
});
