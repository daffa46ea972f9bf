// What `@electric-sql/pglite` means inside Jest's sandbox; see jest-environment.cjs.
module.exports = globalThis.loadPglite();
