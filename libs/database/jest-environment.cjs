// PGlite loads parts of itself with import(), which Jest's module sandbox refuses without an experimental flag of Node.
// An environment lives outside the sandbox: it hands PGlite in, loaded by Node itself, on first use.
const { TestEnvironment } = require('jest-environment-node');

module.exports = class extends TestEnvironment {
  async setup() {
    await super.setup();
    this.global.loadPglite = () => require('@electric-sql/pglite');
  }
};
