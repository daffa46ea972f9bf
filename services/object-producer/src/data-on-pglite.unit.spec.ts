import { silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import { dataSuite } from './testing/data-suite';

describe('object-producer on PGlite', () => {
  dataSuite(() => openDatabase({ logger: silentLogger }));
});
