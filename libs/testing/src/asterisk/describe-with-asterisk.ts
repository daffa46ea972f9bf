import { existsSync } from 'node:fs';
import { describeWith } from '../describe-with';
import { messageOf } from '@ringdown/core';
import { ServerUnavailable, type StartContext } from '../servers/server';
import { ensureAsteriskImage } from './image';
import { ensureSipp, installedSipp } from './sipp';

/**
 * Makes ready what a suite with a switch needs: SIPp, and the switch's image. Undefined when both are there, else the
 * reason why not. Asked once per test run.
 */
export async function prepareAsterisk(context: StartContext = {}): Promise<string | undefined> {
  const results = await Promise.allSettled([ensureAsteriskImage(context), ensureSipp(context)]);
  const failures = results.flatMap((result) =>
    result.status === 'rejected' ? [result.reason as unknown] : [],
  );
  const unexpected = failures.find((failure) => !(failure instanceof ServerUnavailable));
  if (unexpected !== undefined) throw unexpected;
  const [image, sipp] = results;
  const reasons = [
    ...(image.status === 'rejected' ? [messageOf(image.reason)] : []),
    ...(sipp.status === 'rejected' ? [`no sipp (Debian package sip-tester): ${messageOf(sipp.reason)}`] : []),
  ];
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}

/**
 * A suite that places real SIP calls through a real switch. Without a Docker engine on this machine or without SIPp it
 * is reported as skipped with the reason in its name; with `RINGDOWN_TEST_REQUIRE_DOCKER=true` it fails instead.
 */
export function describeWithAsterisk(name: string, suite: () => void): void {
  const prepared = process.env['RINGDOWN_TEST_ASTERISK'];
  const reason = prepared === undefined ? whyNotHere() : process.env['RINGDOWN_TEST_ASTERISK_MISSING'];
  const possible = prepared === undefined ? reason === undefined : prepared !== '';
  describeWith(
    'Asterisk',
    possible ? 'yes' : undefined,
    reason,
    name,
    suite,
    suite,
    process.env['RINGDOWN_TEST_REQUIRE_DOCKER'] === 'true',
  );
}

/** What can be told without waiting, when Jest runs by itself; the rest shows when the switch is started. */
function whyNotHere(): string | undefined {
  const reasons: string[] = [];
  if (process.env['DOCKER_HOST'] === undefined && !existsSync('/var/run/docker.sock')) {
    reasons.push('no Docker engine (neither DOCKER_HOST nor /var/run/docker.sock)');
  }
  if (installedSipp() === undefined) reasons.push('no sipp (Debian package sip-tester)');
  return reasons.length > 0 ? reasons.join('; ') : undefined;
}
