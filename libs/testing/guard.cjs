// Outlives the test process that started it and cleans up after it: when standard input ends, whatever is still
// registered is killed, removed or deleted. A test process that ends in order has released everything by then, so this
// acts only after a crash, a kill -9 or a forgotten stop. Plain JavaScript, because it must run without a build.
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const readline = require('node:readline');

/**
 * key -> {kind: 'process', pid, signal} | {kind: 'directory', path} | {kind: 'file', path, content}
 *      | {kind: 'containers', label, docker}
 */
const held = new Map();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => undefined);

const lines = readline.createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { hold, release } = JSON.parse(line);
  if (hold) held.set(hold.key, hold);
  if (release) held.delete(release);
});
lines.on('close', () => void cleanUp());

async function cleanUp() {
  const all = [...held.values()];
  const processes = all.filter((one) => one.kind === 'process');
  for (const { pid, signal } of processes) kill(pid, signal);
  const deadline = Date.now() + 5000;
  while (processes.some(({ pid }) => isAlive(pid)) && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  for (const { pid } of processes) kill(pid, 'SIGKILL');
  await Promise.all(all.filter((one) => one.kind === 'containers').map(removeContainers));
  for (const { path, content } of all.filter((one) => one.kind === 'file')) {
    if (content === null) fs.rmSync(path, { force: true });
    else fs.writeFileSync(path, content);
  }
  for (const { path } of all.filter((one) => one.kind === 'directory')) {
    fs.rmSync(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}

function kill(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return !isZombie(pid);
  } catch {
    return false;
  }
}

/** Ended, and waiting for a lazy parent to notice. Only Linux shows it this cheaply. */
function isZombie(pid) {
  try {
    return /^\d+ \(.*\) Z/s.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** Through the engine's HTTP API: the docker command may not be installed where the tests run. */
async function removeContainers({ label, docker }) {
  const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
  const found = await callDocker(docker, 'GET', `/containers/json?all=true&filters=${filters}`);
  const containers = JSON.parse(found || '[]');
  await Promise.all(
    containers.map(({ Id }) => callDocker(docker, 'DELETE', `/containers/${Id}?force=true&v=true`)),
  );
  // What Compose makes beside containers carries its label, too.
  const { Volumes } = JSON.parse((await callDocker(docker, 'GET', `/volumes?filters=${filters}`)) || '{}');
  const networks = JSON.parse((await callDocker(docker, 'GET', `/networks?filters=${filters}`)) || '[]');
  await Promise.all([
    ...(Volumes ?? []).map(({ Name }) => callDocker(docker, 'DELETE', `/volumes/${Name}?force=true`)),
    ...networks.map(({ Id }) => callDocker(docker, 'DELETE', `/networks/${Id}`)),
  ]);
}

function callDocker(docker, method, path) {
  return new Promise((resolve) => {
    const request = http.request({ ...docker, method, path, timeout: 20_000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => (text += chunk));
      response.on('end', () => resolve(text));
    });
    request.on('error', () => resolve('')).on('timeout', () => request.destroy());
    request.end();
  });
}
