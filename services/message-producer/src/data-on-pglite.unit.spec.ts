import { silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import { dataSuite } from './testing/data-suite';

describe('message-producer on PGlite', () => {
  dataSuite(() => openDatabase({ logger: silentLogger }));
});
