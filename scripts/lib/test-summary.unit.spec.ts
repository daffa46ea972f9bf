import { parseTestArguments } from './test-arguments.mjs';
import { countLine, countTests, explainSkipped } from './test-summary.mjs';

const test = (status: string, ...ancestorTitles: string[]) => ({ status, ancestorTitles });

function report(overrides: object = {}) {
  return {
    numPassedTests: 0,
    numFailedTests: 0,
    numPendingTests: 0,
    numTodoTests: 0,
    numRuntimeErrorTestSuites: 0,
    testResults: [],
    ...overrides,
  };
}

describe('the summary of a test run', () => {
  it('adds up several runs in one line', () => {
    const counts = countTests([
      report({ numPassedTests: 5, numPendingTests: 1, numTodoTests: 1 }),
      report({ numPassedTests: 2, numFailedTests: 3 }),
    ]);

    expect(countLine(counts)).toBe('7 passed, 3 failed, 2 skipped');
  });

  it('counts a spec file that could not run as a failure', () => {
    expect(countTests([report({ numPassedTests: 5, numRuntimeErrorTestSuites: 1 })])).toMatchObject({
      passed: 5,
      failed: 1,
    });
  });

  it('says nothing about skipped tests when there are none', () => {
    const files = [{ name: '/a.int.spec.ts', assertionResults: [test('passed', 'a')] }];

    expect(explainSkipped([report({ testResults: files })], { RabbitMQ: 'none' })).toEqual([]);
  });

  it('tells per reason how many tests were skipped', () => {
    const files = [
      {
        name: '/a.int.spec.ts',
        assertionResults: [
          test('pending', 'feeds [needs RabbitMQ: not installed]'),
          test('pending', 'feeds [needs RabbitMQ: not installed]', 'nested'),
          test('passed', 'other'),
        ],
      },
      { name: '/b.int.spec.ts', assertionResults: [test('pending', 'own helper')] },
      { name: '/c.unit.spec.ts', assertionResults: [test('todo', 'later')] },
    ];

    expect(explainSkipped([report({ testResults: files })], { RabbitMQ: 'not installed' })).toEqual([
      '3 tests skipped: no RabbitMQ: not installed',
      '1 test skipped: not selected, or marked so in the spec',
    ]);
  });
});

describe('the arguments of npm test', () => {
  it('means every project by default', () => {
    expect(parseTestArguments([])).toEqual({
      help: false,
      build: true,
      projects: ['unit', 'int', 'e2e'],
      jestArgs: [],
    });
  });

  it('takes its own options and hands the rest to Jest', () => {
    expect(parseTestArguments(['--e2e', '--no-build', '-t', 'broker restart', 'e2e/src'])).toEqual({
      help: false,
      build: false,
      projects: ['e2e'],
      jestArgs: ['-t', 'broker restart', 'e2e/src'],
    });
  });
});
