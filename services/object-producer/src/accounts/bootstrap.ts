import { newId, type Logger } from '@ringdown/core';
import { withAdvisoryLock, type Database } from '@ringdown/database';
import type { Stores } from '../ports';
import type { Writer } from '../app/writer';
import { hashPassword } from '../auth/password-hash';
import { prepareWhole } from '../documents/prepare-data';
import { loginEmail, userMembers } from '../documents/user-credential';
import { typeNamed, type StoredDocument } from '../domain/document';
import { firstRevision } from '../domain/revision';
import { insertAccount, prepareAccount } from './create-account';

/** The root account and its super admin. */
export interface BootstrapRequest {
  readonly accountName: string;
  readonly username: string;
  readonly password: string;
  readonly email?: string | undefined;
}

export interface BootstrapResult {
  /** False: there was a root account already, and nothing was changed. */
  readonly created: boolean;
  /** Of the root account. */
  readonly accountId: string;
}

const LOCK = 'bootstrap';

/** Makes the root account and its super admin on an empty database, once, whoever comes first. */
export class Bootstrap {
  constructor(
    private readonly database: Database,
    private readonly stores: Stores,
    private readonly writer: Writer,
    private readonly logger: Logger,
  ) {}

  /** Errors: `validation_failed` for names that no account or user may have. */
  async run(request: BootstrapRequest): Promise<BootstrapResult> {
    const existing = await this.stores.accounts.root();
    if (existing) return { created: false, accountId: existing.id };
    return withAdvisoryLock(this.database, LOCK, async () => {
      const root = await this.stores.accounts.root();
      if (root) return { created: false, accountId: root.id };
      const accountId = await this.create(request);
      this.logger.info('root account created', { accountId, name: request.accountName });
      return { created: true, accountId };
    });
  }

  /** The id of the root account, undefined on an empty database. */
  async rootId(): Promise<string | undefined> {
    return (await this.stores.accounts.root())?.id;
  }

  private create({ accountName, username, password, email }: BootstrapRequest): Promise<string> {
    const id = newId();
    const account = prepareAccount(id, { name: accountName });
    const user = prepareWhole(typeNamed('user'), {
      first_name: 'Super',
      last_name: 'Admin',
      username,
      password,
      ...(email === undefined ? {} : { email }),
      priv_level: 'admin',
    });
    return this.writer.run(async (unit) => {
      await insertAccount(unit, account, { id, parentId: undefined, tree: [], superduperAdmin: true });
      const { kdf } = await unit.stores.accounts.get(id);
      const document: StoredDocument = {
        id: newId(),
        accountId: id,
        type: 'user',
        parentId: undefined,
        doc: user.doc,
        secrets: user.secrets,
        deleted: false,
        createdAt: unit.nowMs,
        modifiedAt: unit.nowMs,
        ...firstRevision(),
      };
      const members = userMembers(user.doc);
      const hashes = await hashPassword(kdf, members.username ?? username, password);
      await unit.stores.documents.insert(document);
      await unit.stores.credentials.insert({
        userId: document.id,
        accountId: id,
        hashes,
        email: loginEmail(document.doc, hashes),
        epoch: 1,
        ...members,
      });
      unit.changed(document, 'doc_created');
      return id;
    });
  }
}
