import { silentLogger } from '@ringdown/core';
import { openDatabase } from '@ringdown/database';
import { createTestDatabase, describeWithPostgres } from '@ringdown/testing';
import { dataSuite } from './testing/data-suite';

describeWithPostgres('message-producer on PostgreSQL', () => {
  dataSuite(async () => openDatabase({ url: (await createTestDatabase()).url, logger: silentLogger }));
});
