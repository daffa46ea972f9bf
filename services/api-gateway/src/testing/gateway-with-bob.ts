import {
  changeDocument,
  createDocument,
  deleteDocument,
  getDocument,
  listDocuments,
} from '@ringdown/contracts';
import { PARENT, USER_ID } from './fake-directory';
import { GatewayFixture } from './gateway-fixture';

export const users = `/v2/accounts/${PARENT}/users`;
export const user = `${users}/${USER_ID}`;
export const bob = { doc: { id: USER_ID, first_name: 'Bob' }, revision: 3 };

/** A gateway that takes bodies of up to 10,000 bytes and knows one user, for specs of the dialect itself. */
export async function startWithBob(): Promise<GatewayFixture> {
  const fixture = await GatewayFixture.start({ apiBodyMaxBytes: 10_000 });
  fixture.answer(getDocument, () => bob);
  fixture.answer(changeDocument, () => bob);
  fixture.answer(createDocument, () => bob);
  fixture.answer(deleteDocument, () => bob);
  fixture.answer(listDocuments, () => ({ docs: [bob.doc], page_size: 50 }));
  return fixture;
}
