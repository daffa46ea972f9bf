import {
  changeDocument,
  createAccount,
  createDocument,
  deleteDocument,
  getDocument,
  listDocuments,
  userAuth,
  type DocumentResult,
  type ListQuery,
  type ListResult,
} from '@ringdown/contracts';
import { newId } from '@ringdown/core';
import type { Database } from '@ringdown/database';
import { Harness } from '../harness';

export const person = { first_name: 'Ann', last_name: 'Ray' };
export const client_ip = '198.51.100.7';

type Data = Record<string, unknown>;

/** What the sections of the data suite share: a service on a database, an account of its own for each test. */
export class DataFixture {
  database!: Database;
  h!: Harness;
  /** Another one for each test. */
  account!: string;

  constructor(
    /** Another, empty database. */
    readonly open: () => Promise<Database>,
  ) {
    beforeAll(async () => {
      this.database = await open();
      this.h = await Harness.start(this.database);
    }, 60_000);

    afterAll(async () => {
      await this.h.stop();
      await this.database.close();
    }, 60_000);

    beforeEach(async () => {
      const made = await this.ask(createAccount, {
        account_id: this.h.accountId,
        actor: this.h.actor,
        data: { name: `Account ${newId()}` },
      });
      this.account = made.doc.id;
    });
  }

  readonly ask: Harness['ask'] = (operation, request, options) => this.h.ask(operation, request, options);

  readonly create = (type: string, data: Data, extra: object = {}): Promise<DocumentResult> =>
    this.ask(createDocument, { account_id: this.account, type, actor: this.h.actor, data, ...extra });

  readonly change = (
    type: string,
    id: string,
    mode: 'merge' | 'replace',
    data: Data,
    extra: object = {},
  ): Promise<DocumentResult> =>
    this.ask(changeDocument, {
      account_id: this.account,
      type,
      id,
      mode,
      actor: this.h.actor,
      data,
      ...extra,
    });

  readonly read = (type: string, id: string, extra: object = {}): Promise<DocumentResult> =>
    this.ask(getDocument, { account_id: this.account, type, id, ...extra });

  readonly remove = (type: string, id: string, extra: object = {}): Promise<DocumentResult> =>
    this.ask(deleteDocument, { account_id: this.account, type, id, actor: this.h.actor, ...extra });

  readonly list = (type: string, query: ListQuery = {}, extra: object = {}): Promise<ListResult> =>
    this.ask(listDocuments, { account_id: this.account, type, query, ...extra });

  readonly login = (username: string, password: string, where: object = {}) =>
    this.ask(userAuth, {
      account_realm: `${this.account.slice(0, 12)}.sip.example`,
      username,
      password,
      client_ip,
      ...where,
    });
}
