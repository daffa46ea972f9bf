import { isSupportedNode } from './check-node.mjs';
import { buildNeeded, digest, fingerprint, installNeeded } from './prepare-decisions.mjs';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'libs/core': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/@ringdown/core': { resolved: 'libs/core', link: true },
    'node_modules/only-elsewhere': { version: '2.0.0', optional: true },
  },
};
const installed = {
  packages: {
    'node_modules/a': { version: '1.0.0' },
    'node_modules/@ringdown/core': { resolved: 'libs/core', link: true },
  },
};
const isThere = () => true;
const lockText = JSON.stringify(lock);
const installedText = JSON.stringify(installed);

describe('installNeeded', () => {
  it('is true when nothing was ever installed, whatever the stamp says', () => {
    expect(installNeeded({ lockText, stamp: digest(lockText), installedText: undefined, isThere })).toBe(
      true,
    );
  });

  it('is false while the lock file is the one of the last install', () => {
    expect(installNeeded({ lockText, stamp: digest(lockText), installedText, isThere })).toBe(false);
  });

  it('accepts an install by hand that matches the lock file', () => {
    for (const stamp of [undefined, digest('another')]) {
      expect(installNeeded({ lockText, stamp, installedText, isThere })).toBe(false);
    }
  });

  it('does not accept an install by hand that lacks a package or has another version', () => {
    const other = { packages: { ...installed.packages, 'node_modules/a': { version: '1.0.1' } } };
    const partial = { packages: { 'node_modules/a': { version: '1.0.0' } } };

    for (const found of [other, partial]) {
      for (const stamp of [undefined, digest('another')]) {
        expect(installNeeded({ lockText, stamp, installedText: JSON.stringify(found), isThere })).toBe(true);
      }
    }
  });

  it('does not accept an install that was broken off', () => {
    const partly = (path: string) => path !== 'node_modules/a';

    for (const stamp of [undefined, digest(lockText)]) {
      expect(installNeeded({ lockText, stamp, installedText, isThere: partly })).toBe(true);
    }
  });
});

describe('buildNeeded', () => {
  it('is false only for unchanged sources whose outputs are all there', () => {
    expect(buildNeeded({ sources: 'a', stamp: 'a', outputsPresent: true })).toBe(false);
    expect(buildNeeded({ sources: 'a', stamp: 'b', outputsPresent: true })).toBe(true);
    expect(buildNeeded({ sources: 'a', stamp: undefined, outputsPresent: true })).toBe(true);
    expect(buildNeeded({ sources: 'a', stamp: 'a', outputsPresent: false })).toBe(true);
  });
});

describe('fingerprint', () => {
  const file = { path: 'a.ts', mtimeMs: 1, size: 1 };

  it('does not depend on the order of the files', () => {
    const other = { ...file, path: 'b.ts' };

    expect(fingerprint([file, other])).toBe(fingerprint([other, file]));
  });

  it('changes with a touched, added or removed file', () => {
    const base = fingerprint([file]);

    expect(fingerprint([{ ...file, mtimeMs: 2 }])).not.toBe(base);
    expect(fingerprint([{ ...file, size: 2 }])).not.toBe(base);
    expect(fingerprint([file, { ...file, path: 'b.ts' }])).not.toBe(base);
    expect(fingerprint([])).not.toBe(base);
  });
});

describe('isSupportedNode', () => {
  it.each([
    ['20.19.0', true],
    ['20.20.2', true],
    ['24.0.0', true],
    ['20.18.3', false],
    ['18.20.0', false],
  ])('%s: %s', (version, supported) => {
    expect(isSupportedNode(version)).toBe(supported);
  });
});
