import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { checkBoundaries } from './boundaries.mjs';

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

/** A package's manifest, tsconfig and sources. */
function pack(folder: string, dependencies: readonly string[], sources: Record<string, string>) {
  const uses = (name: string): string =>
    ['blackhole', 'standalone'].includes(name) ? `../../services/${name}` : `../../libs/${name}`;
  const internal = dependencies.filter((name) => name.startsWith('@ringdown/'));
  return {
    [`${folder}/package.json`]: JSON.stringify({
      name: `@ringdown/${folder.split('/').at(-1)}`,
      dependencies: Object.fromEntries(dependencies.map((name) => [name, '1.0.0'])),
    }),
    [`${folder}/tsconfig.json`]: JSON.stringify({
      references: internal.map((name) => ({ path: uses(name.slice('@ringdown/'.length)) })),
    }),
    ...Object.fromEntries(Object.entries(sources).map(([file, text]) => [`${folder}/src/${file}`, text])),
  };
}

const core = pack('libs/core', [], { 'index.ts': 'export const one = 1;' });

/** What the check says about a repository with these files, one `file:line rule` per violation. */
function check(...parts: Record<string, string>[]): string[] {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'));
  folders.push(root);
  const manifest = { 'package.json': JSON.stringify({ devDependencies: { 'fast-check': '1.0.0' } }) };
  for (const [file, text] of Object.entries(Object.assign(manifest, ...parts) as Record<string, string>)) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), text);
  }
  return checkBoundaries(root).map(({ file, line, rule }) => `${file}:${line} ${rule}`);
}

describe('the boundary check', () => {
  it('is content with layers that point downwards and manifests that tell the truth', () => {
    const contracts = pack('libs/contracts', ['@ringdown/core'], {
      'index.ts': "export { two } from './two';",
      'two.ts':
        "import { one } from '@ringdown/core';\nimport { join } from 'node:path';\nexport const two = one;",
      'two.unit.spec.ts': "import fc from 'fast-check';\nimport { two } from './two';",
    });

    expect(check(core, contracts)).toEqual([]);
  });

  it('finds a library that imports from a layer above, or from its own', () => {
    const upward = pack('libs/core', ['@ringdown/http'], { 'index.ts': "\nimport '@ringdown/http';" });
    const sideways = pack('libs/http', ['@ringdown/auth'], { 'index.ts': "import '@ringdown/auth';" });
    const auth = pack('libs/auth', [], { 'index.ts': '' });

    expect(check(upward, sideways, auth)).toEqual([
      'libs/core/src/index.ts:2 layers',
      'libs/http/src/index.ts:1 layers',
    ]);
  });

  it('finds a library without a layer', () => {
    const extra = pack('libs/extra', ['@ringdown/core'], { 'index.ts': "import '@ringdown/core';" });

    expect(check(core, extra)).toEqual(['libs/extra/src/index.ts:1 layers']);
  });

  it('finds a service that imports another, and lets only standalone do so', () => {
    const blackhole = pack('services/blackhole', ['@ringdown/standalone'], {
      'index.ts': "import type { A } from '@ringdown/standalone';",
    });
    const standalone = pack('services/standalone', ['@ringdown/blackhole'], {
      'index.ts': "import '@ringdown/blackhole';",
    });

    expect(check(blackhole, standalone)).toEqual(['services/blackhole/src/index.ts:1 layers']);
  });

  it('finds a library that imports a service', () => {
    const http = pack('libs/http', ['@ringdown/blackhole'], { 'index.ts': "import '@ringdown/blackhole';" });
    const blackhole = pack('services/blackhole', [], { 'index.ts': '' });

    expect(check(http, blackhole)).toEqual(['libs/http/src/index.ts:1 layers']);
  });

  it('finds deep imports by name and by a path out of the package', () => {
    const http = pack('libs/http', ['@ringdown/core'], {
      'index.ts': "import '@ringdown/core/dist/one';\nimport '../../core/src/index';",
    });

    expect(check(core, http)).toEqual([
      'libs/http/src/index.ts:1 deep-import',
      'libs/http/src/index.ts:2 deep-import',
    ]);
  });

  it('finds the test kit outside of tests', () => {
    const testing = pack('libs/testing', [], { 'index.ts': '' });
    const http = pack('libs/http', ['@ringdown/testing'], {
      'index.ts': "import '@ringdown/testing';",
      'a.int.spec.ts': "import '@ringdown/testing';",
    });

    expect(check(testing, http)).toEqual(['libs/http/src/index.ts:1 layers']);
  });

  it('finds an undeclared dependency, and one that only tests may use', () => {
    const http = pack('libs/http', [], {
      'index.ts': "\n\nimport joi from 'joi';\nexport type { A } from 'other';\nimport fc from 'fast-check';",
    });

    expect(check(http)).toEqual([
      'libs/http/src/index.ts:3 manifest',
      'libs/http/src/index.ts:4 manifest',
      'libs/http/src/index.ts:5 manifest',
    ]);
  });

  it('finds a dependency that nothing, or nothing but a spec, imports', () => {
    const http = pack('libs/http', ['joi', 'pino'], {
      'index.ts': '',
      'a.unit.spec.ts': "import 'joi';",
    });

    expect(check(http)).toEqual(['libs/http/package.json:1 manifest', 'libs/http/package.json:1 manifest']);
  });

  it('counts what only specs reach as test code', () => {
    const contract = { 'contract.ts': "import fc from 'fast-check';" };
    const http = pack('libs/http', [], {
      'index.ts': '',
      ...contract,
      'a.unit.spec.ts': "import './contract';",
    });
    const exported = pack('libs/http', [], { 'index.ts': "import './contract';", ...contract });

    expect(check(http)).toEqual([]);
    expect(check(exported)).toEqual(['libs/http/src/contract.ts:1 manifest']);
  });

  it('finds project references that differ from the dependencies', () => {
    const http = pack('libs/http', ['@ringdown/core'], { 'index.ts': "import '@ringdown/core';" });
    const lacking = { ...http, 'libs/http/tsconfig.json': '{}' };
    const surplus = {
      ...http,
      'libs/http/tsconfig.json': '{"references": [{"path": "../core"}, {"path": "../auth"}]}',
    };

    expect(check(core, lacking)).toEqual(['libs/http/tsconfig.json:1 references']);
    expect(check(core, surplus)).toEqual(['libs/http/tsconfig.json:1 references']);
  });

  it('finds technology and outer rings in the domain and the use cases of a service', () => {
    const blackhole = pack('services/blackhole', ['ws', 'tsyringe'], {
      'index.ts': "import './domain/a';\nimport './app/b';\nimport './container';\nimport './adapters/c';",
      'domain/a.ts': "import type { WebSocket } from 'ws';\nimport '../app/b';",
      'app/b.ts': "import '../adapters/c';\nimport 'tsyringe';",
      'adapters/c.ts': "import 'ws';\nimport '../container';",
      'container.ts': "import 'tsyringe';",
    });

    expect(check(blackhole).filter((text) => !text.endsWith('cycles'))).toEqual([
      'services/blackhole/src/adapters/c.ts:2 rings',
      'services/blackhole/src/app/b.ts:1 rings',
      'services/blackhole/src/app/b.ts:2 rings',
      'services/blackhole/src/domain/a.ts:1 rings',
      'services/blackhole/src/domain/a.ts:2 rings',
    ]);
  });

  it('finds amqplib and express outside of their places', () => {
    const blackhole = pack('services/blackhole', ['amqplib', 'express'], {
      'index.ts': [
        "import { connect } from 'amqplib';",
        "const app = require('express');",
        'const load = createRequire(here);',
        "load.resolve('express');",
      ].join('\n'),
    });
    const broker = pack('libs/broker', ['amqplib'], { 'index.ts': "import 'amqplib';" });

    expect(check(blackhole, broker)).toEqual([
      'services/blackhole/src/index.ts:1 reserved',
      'services/blackhole/src/index.ts:2 reserved',
      'services/blackhole/src/index.ts:4 reserved',
    ]);
  });

  it('finds files that import each other in a circle, and forgives circles of types', () => {
    const circle = pack('libs/http', [], {
      'index.ts': "import './a';",
      'a.ts': "import { b } from './b';",
      'b.ts': "export { c } from './c';",
      'c.ts': "import { a } from './a';",
    });
    const types = pack('libs/http', [], {
      'index.ts': "import './a';",
      'a.ts': "import { b } from './b';",
      'b.ts': "import { type A } from './a';",
    });

    expect(check(circle)).toEqual(['libs/http/src/a.ts:1 cycles']);
    expect(check(types)).toEqual([]);
  });

  it('finds readers of the environment in every spelling, but not in libs/config, main.ts and specs', () => {
    const read = 'export const a = process.env.A;';
    const http = pack('libs/http', [], {
      'index.ts': `${read}\nconst b = process['env'];\nconst { env } = process;\n// process.env in a comment`,
      'a.unit.spec.ts': read,
    });
    const config = pack('libs/config', [], { 'index.ts': read });
    const blackhole = pack('services/blackhole', [], { 'main.ts': read });

    expect(check(http, config, blackhole)).toEqual([
      'libs/http/src/index.ts:1 environment',
      'libs/http/src/index.ts:2 environment',
      'libs/http/src/index.ts:3 environment',
    ]);
  });

  it('finds an index that exports everything unseen', () => {
    const http = pack('libs/http', [], { 'index.ts': "export * from './a';", 'a.ts': 'export const a = 1;' });

    expect(check(http)).toEqual(['libs/http/src/index.ts:1 exports']);
  });
});
