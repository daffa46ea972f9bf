import { silentLogger } from '@ringdown/core';
import { createTestDatabase, describeWithPostgres } from '@ringdown/testing';
import { openDatabase } from '../open-database';
import { writeSuite } from '../testing/write-suite';

describeWithPostgres('on PostgreSQL', () => {
  writeSuite(async () => openDatabase({ url: (await createTestDatabase()).url, logger: silentLogger }));
});
