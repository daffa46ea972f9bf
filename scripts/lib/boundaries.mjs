import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { builtinModules } from 'node:module';
import { readSource } from './source-facts.mjs';

/** Layers of the libraries, lowest first: a library imports only from layers below its own. */
const LAYERS = [
  ['core'],
  ['contracts', 'config', 'logging'],
  ['broker', 'http', 'auth', 'database'],
  ['runtime'],
];
/** What the test kit may use; nothing but tests may use the test kit. */
const TESTING_USES = ['core'];
/** Composition root of the one-process system: the only service that sees the others. */
const SEES_ALL_SERVICES = 'standalone';
/** Packages that only some places may import, so that the technology stays behind its port. */
const RESERVED = {
  amqplib: ['libs/broker', 'libs/testing'],
  express: ['libs/http', 'services/api-gateway'],
};
/** What the inner rings of a service must not know. */
const OUTER_PACKAGES = ['tsyringe', 'reflect-metadata', 'amqplib', 'express', 'ws'];
const RINGS = {
  domain: ['app', 'handlers', 'adapters'],
  app: ['handlers', 'adapters'],
};
const NODE_MODULES = new Set(builtinModules);

/**
 * @typedef {{ rule: string, file: string, line: number, message: string }} Violation
 * @typedef {{ folder: string, kind: string, short: string, name: string, manifest: object, references: string[],
 *   sources: ReturnType<typeof readSource>[] }} Package
 */

/**
 * Checks the dependency directions of the repository at `root`.
 *
 * @param {string} root
 * @returns {Violation[]} in the order of the files
 */
export function checkBoundaries(root) {
  const packages = findPackages(root);
  const byName = new Map(packages.map((one) => [one.name, one]));
  const rootManifest = readJson(join(root, 'package.json'));
  const violations = packages.flatMap((one) => [
    ...one.sources.flatMap((source) => checkSource(one, source, byName)),
    ...checkManifest(one, byName, rootManifest),
  ]);
  violations.push(...packages.flatMap((one) => findCycles(one)));
  return violations.sort((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}

/** @returns {Package[]} */
function findPackages(root) {
  const under = (parent) =>
    existsSync(join(root, parent)) ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`) : [];
  return [...under('libs'), ...under('services'), 'e2e', 'benchmarks']
    .filter((folder) => existsSync(join(root, folder, 'package.json')))
    .map((folder) => {
      const kind = folder.includes('/') ? dirname(folder) : 'tests';
      const manifest = readJson(join(root, folder, 'package.json'));
      const { references = [] } = readJson(join(root, folder, 'tsconfig.json'), {});
      return {
        folder,
        kind,
        short: posix.basename(folder),
        name: manifest.name,
        manifest,
        references: references.map(({ path }) => posix.normalize(posix.join(folder, path))),
        sources: markTests(
          filesUnder(root, `${folder}/src`)
            .filter((file) => /\.[cm]?tsx?$/.test(file))
            .map((file) => readSource(root, file)),
          kind === 'tests' || folder === 'libs/testing',
        ),
      };
    });
}

/**
 * Marks each source as test code or not: specs, and what specs reach but neither `index.ts` nor `main.ts` does.
 * A package that is all tests has none of its own apart.
 */
function markTests(sources, all) {
  const files = new Map(sources.map((source) => [source.file, source]));
  const reach = (starts) => {
    const found = new Set();
    const visit = (file) => {
      if (found.has(file)) return;
      found.add(file);
      for (const { specifier } of files.get(file).imports) {
        const target = resolveRelative(files, file, specifier);
        if (target) visit(target);
      }
    };
    starts.forEach(visit);
    return found;
  };
  const names = [...files.keys()];
  const product = reach(names.filter((file) => /\/src\/(index|main)\.ts$/.test(file)));
  const reachedBySpecs = reach(names.filter(isSpec));
  return sources.map((source) => ({
    ...source,
    isTest: all || isSpec(source.file) || (reachedBySpecs.has(source.file) && !product.has(source.file)),
  }));
}

/** The source file that a relative import means, if it is one of `files`. */
function resolveRelative(files, from, specifier) {
  if (!specifier.startsWith('.')) return undefined;
  const path = posix.normalize(posix.join(posix.dirname(from), specifier));
  return [`${path}.ts`, `${path}/index.ts`, path].find((candidate) => files.has(candidate));
}

function checkSource(owner, source, byName) {
  const violations = [];
  const report = (rule, line, message) => violations.push({ rule, file: source.file, line, message });
  const { isTest } = source;

  for (const { specifier, line } of source.imports) {
    if (specifier.startsWith('.')) checkRelative(owner, source, specifier, line, isTest, report);
    else checkPackageImport(owner, source, specifier, line, isTest, byName, report);
  }
  if (!isTest && owner.folder !== 'libs/config' && !isMain(source.file)) {
    for (const line of source.environmentReads) {
      report('environment', line, 'reads process.env; only libs/config, main.ts and tests do');
    }
  }
  if (posix.basename(source.file) === 'index.ts') {
    for (const line of source.starExports)
      report('exports', line, 'export names explicitly instead of "export *"');
  }
  return violations;
}

function checkRelative(owner, source, specifier, line, isTest, report) {
  const target = posix.normalize(posix.join(posix.dirname(source.file), specifier));
  if (!target.startsWith(`${owner.folder}/`)) {
    report('deep-import', line, `"${specifier}" leaves the package; import another package by its name`);
    return;
  }
  if (owner.kind !== 'services' || isTest) return;
  const from = ringOf(owner, source.file);
  const to = ringOf(owner, target);
  if (RINGS[from]?.includes(to))
    report('rings', line, `${from} imports ${to} ("${specifier}"); it must not know it`);
  if (
    /^src\/(container|main)(\/|\.|$)/.test(target.slice(owner.folder.length + 1)) &&
    !isRoot(owner, source.file)
  ) {
    report('rings', line, `imports the composition root ("${specifier}"); nothing but main and index does`);
  }
}

function checkPackageImport(owner, source, specifier, line, isTest, byName, report) {
  const name = packageNameOf(specifier);
  const target = byName.get(name);
  if (name.startsWith('@ringdown/')) {
    if (!target) return report('deep-import', line, `there is no package ${name}`);
    if (specifier !== name)
      report('deep-import', line, `"${specifier}" reaches into ${name}; import what its index exports`);
    const why = whyNotAllowed(owner, target, isTest);
    if (why) report('layers', line, `${owner.folder} imports ${name}: ${why}`);
    return;
  }
  if (owner.kind === 'tests' || isTest) return;
  if (RESERVED[name] && !RESERVED[name].includes(owner.folder)) {
    report('reserved', line, `imports ${name}, which belongs to ${RESERVED[name].join(' and ')}`);
  }
  const ring = owner.kind === 'services' ? ringOf(owner, source.file) : undefined;
  if (RINGS[ring] && OUTER_PACKAGES.includes(name)) {
    report('rings', line, `${ring} imports ${name}; it must know no technology`);
  } else if (
    owner.kind === 'services' &&
    name === 'tsyringe' &&
    !/\/(container|tokens|main|index)\b/.test(source.file)
  ) {
    report('rings', line, 'imports tsyringe outside the composition root');
  }
}

/** Undefined when `owner` may import `target`, else the reason why not. */
function whyNotAllowed(owner, target, isTest) {
  if (target === owner) return 'a package does not import itself by name';
  if (owner.kind === 'tests') return undefined;
  if (target.kind === 'tests') return 'nothing imports tests';
  if (target.folder === 'libs/testing') {
    if (!isTest) return 'the test kit is for tests only';
    return TESTING_USES.includes(owner.short) ? 'the test kit itself builds on this package' : undefined;
  }
  if (target.kind === 'services') {
    if (owner.kind !== 'services') return 'libraries know no service';
    return owner.short === SEES_ALL_SERVICES
      ? undefined
      : 'services never import each other; share through contracts';
  }
  if (owner.kind === 'services') return undefined;
  if (owner.folder === 'libs/testing') {
    return TESTING_USES.includes(target.short)
      ? undefined
      : `the test kit uses only ${TESTING_USES.join(', ')}`;
  }
  const [from, to] = [layerOf(owner.short), layerOf(target.short)];
  if (from < 0) return `libs/${owner.short} has no layer; give it one in scripts/lib/boundaries.mjs`;
  return to >= 0 && to < from ? undefined : `libraries import only from layers below (${describeLayers()})`;
}

function checkManifest(owner, byName, rootManifest) {
  const violations = [];
  const manifestFile = `${owner.folder}/package.json`;
  const report = (rule, file, message) => violations.push({ rule, file, line: 1, message });
  const { dependencies, optionalDependencies } = owner.manifest;
  const production = new Set(Object.keys({ ...dependencies, ...optionalDependencies }));
  const development = new Set(Object.keys(owner.manifest.devDependencies ?? {}));
  const shared = new Set(Object.keys(rootManifest.devDependencies ?? {}));
  const usedInProduction = new Set();
  const usedInTests = new Set();

  for (const source of owner.sources) {
    const isTest =
      owner.kind !== 'tests' && owner.folder !== 'libs/testing' ? source.isTest : isSpec(source.file);
    for (const { specifier, line } of source.imports) {
      const name = packageNameOf(specifier);
      if (specifier.startsWith('.') || NODE_MODULES.has(name) || name.startsWith('node:')) continue;
      (isTest ? usedInTests : usedInProduction).add(name);
      const declared = production.has(name) || (isTest && (development.has(name) || shared.has(name)));
      if (!declared) {
        const list = isTest ? 'dependencies or devDependencies' : 'dependencies';
        const message = `imports ${name}, which is not in the ${list} of ${manifestFile}`;
        violations.push({ rule: 'manifest', file: source.file, line, message });
      }
    }
  }
  for (const name of production) {
    if (usedInProduction.has(name)) continue;
    const hint = usedInTests.has(name)
      ? 'only tests import it: move it to devDependencies'
      : 'nothing imports it';
    report('manifest', manifestFile, `dependency ${name} is not needed: ${hint}`);
  }
  for (const name of development) {
    if (!usedInTests.has(name))
      report('manifest', manifestFile, `devDependency ${name} is not needed: no spec imports it`);
  }

  const expected = new Set(
    [...production, ...development].filter((name) => byName.has(name)).map((name) => byName.get(name).folder),
  );
  const tsconfig = `${owner.folder}/tsconfig.json`;
  for (const folder of expected) {
    if (!owner.references.includes(folder))
      report('references', tsconfig, `references lack ${folder}, a dependency`);
  }
  for (const folder of owner.references) {
    if (!expected.has(folder))
      report('references', tsconfig, `references name ${folder}, which is no dependency`);
  }
  return violations;
}

/** Cycles between the files of a package; imports of types alone leave no trace at run time and do not count. */
function findCycles(owner) {
  const files = new Map(owner.sources.map((source) => [source.file, source]));
  const done = new Set();
  const violations = [];
  const visit = (file, trail) => {
    const start = trail.findIndex(({ file: seen }) => seen === file);
    if (start >= 0) {
      const cycle = trail.slice(start);
      const names = [...cycle.map((step) => step.file), file].map((name) =>
        name.slice(owner.folder.length + 1),
      );
      violations.push({
        rule: 'cycles',
        file: cycle[0].file,
        line: cycle[0].line,
        message: `imports itself in a circle: ${names.join(' -> ')}`,
      });
      return;
    }
    if (done.has(file)) return;
    for (const { specifier, line, typeOnly } of files.get(file).imports) {
      const target = typeOnly ? undefined : resolveRelative(files, file, specifier);
      if (target) visit(target, [...trail, { file, line }]);
    }
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
  return violations;
}

function isSpec(file) {
  return /\.spec\.ts$/.test(file);
}

function isMain(file) {
  return posix.basename(file) === 'main.ts';
}

/** Main, the index, the service's own module and the container's files may see the composition root. */
function isRoot(owner, file) {
  const [, name] = /^src\/([^/.]+)/.exec(file.slice(owner.folder.length + 1)) ?? [];
  return ['main', 'index', 'container', owner.short].includes(name);
}

/** The folder below `src` that a file is in: `domain`, `app`, `handlers`, `adapters`, … */
function ringOf(owner, file) {
  return file.slice(owner.folder.length + 1).split('/')[1] ?? '';
}

function packageNameOf(specifier) {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function layerOf(lib) {
  return LAYERS.findIndex((layer) => layer.includes(lib));
}

function describeLayers() {
  return LAYERS.map((layer) => layer.join(', ')).join(' <- ');
}

function filesUnder(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true })
    .sort((a, b) => a.name.localeCompare(b.name))
    .flatMap((entry) =>
      entry.isDirectory() ? filesUnder(root, `${folder}/${entry.name}`) : [`${folder}/${entry.name}`],
    );
}

function readJson(path, fallback) {
  if (fallback !== undefined && !existsSync(path)) return fallback;
  return JSON.parse(readFileSync(path, 'utf8'));
}
