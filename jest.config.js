// Three projects, told apart by suffix. Sources are transformed by swc; types are checked by `npm run check`.
const base = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/libs/database/jest-environment.cjs',
  transform: {
    '^.+\\.(ts|mjs)$': [
      '@swc/jest',
      {
        jsc: { parser: { syntax: 'typescript', decorators: true }, target: 'es2022', keepClassNames: true },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  moduleNameMapper: {
    '^@electric-sql/pglite$': '<rootDir>/libs/database/jest-pglite.cjs',
    '^@ringdown/(core|contracts|config|logging|broker|http|auth|database|runtime|testing)$':
      '<rootDir>/libs/$1/src/index.ts',
    '^@ringdown/(api-gateway|blackhole|call-producer|channels|message-producer|object-producer|standalone)$':
      '<rootDir>/services/$1/src/index.ts',
  },
  modulePathIgnorePatterns: ['/dist/', '/.data/'],
  testPathIgnorePatterns: ['/node_modules/', '/dist/'],
};

module.exports = {
  // Only a guard against a hanging test: specs wait on conditions with deadlines of their own.
  testTimeout: 60_000,
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,services,scripts,docker,benchmarks,e2e}/**/*.unit.spec.ts'],
    },
    { ...base, displayName: 'int', testMatch: ['<rootDir>/{libs,services,docker}/**/*.int.spec.ts'] },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.e2e.spec.ts'] },
  ],
};
