/**
 * Counts of one or several Jest runs. A spec file that could not run at all counts as one failed test, because its
 * tests are unknown.
 *
 * @param {object[]} reports what Jest wrote with --json
 */
export function countTests(reports) {
  const sum = (key) => reports.reduce((total, report) => total + report[key], 0);
  return {
    passed: sum('numPassedTests'),
    failed: sum('numFailedTests') + sum('numRuntimeErrorTestSuites'),
    skipped: sum('numPendingTests') + sum('numTodoTests'),
  };
}

/** The last line of `npm test`, read by machines. */
export function countLine({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/**
 * Why tests were skipped: one line per missing server, one for the rest.
 *
 * @param {object[]} reports
 * @param {Record<string, string>} missing server -> reason
 */
export function explainSkipped(reports, missing) {
  const skipped = reports.flatMap((report) =>
    report.testResults.flatMap((file) =>
      file.assertionResults
        .filter(({ status }) => status === 'pending' || status === 'todo' || status === 'skipped')
        .map(({ ancestorTitles }) => ({ file: file.name, titles: ancestorTitles.join(' ') })),
    ),
  );
  const counts = new Map();
  for (const test of skipped) {
    const reason = reasonOf(test, missing);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  return [...counts].map(
    ([reason, count]) => `${count} ${count === 1 ? 'test' : 'tests'} skipped: ${reason}`,
  );
}

/** Suites of the test kit carry the reason in their name; others are known by their file. */
function reasonOf({ file, titles }, missing) {
  const told = /\[needs ([^\]]+)\]/.exec(titles);
  if (told) return `no ${told[1]}`;
  const servers = Object.entries(missing);
  if (servers.length > 0 && /\.(int|e2e)\.spec\.ts$/.test(file)) {
    return servers.map(([server, reason]) => `no ${server}: ${reason}`).join('; ');
  }
  return 'not selected, or marked so in the spec';
}
