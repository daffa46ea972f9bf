import type { BootstrapSettings } from '@ringdown/config';
import type { Logger } from '@ringdown/core';
import type { Bootstrap, BootstrapResult } from './bootstrap';

/** The root account as the settings ask for it at start. */
export class RootAccount {
  private found: BootstrapResult | undefined;

  constructor(
    private readonly bootstrap: Bootstrap,
    private readonly settings: BootstrapSettings,
    private readonly logger: Logger,
  ) {}

  /** Undefined before {@link ensure} and while there is none. */
  get result(): BootstrapResult | undefined {
    return this.found;
  }

  /** Makes it where it is missing and the settings name it. Errors: those of the bootstrap; `unavailable`. */
  async ensure(): Promise<void> {
    const { accountName, username, password, email } = this.settings;
    if (accountName !== undefined && username !== undefined && password !== undefined) {
      this.found = await this.bootstrap.run({ accountName, username, password, email });
      return;
    }
    const accountId = await this.bootstrap.rootId();
    if (accountId !== undefined) this.found = { created: false, accountId };
    else {
      this.logger.warn(
        'there is no account yet: set RINGDOWN_BOOTSTRAP_ACCOUNT_NAME, _USERNAME and _PASSWORD and start again',
      );
    }
  }
}
