// The health check of every service's container: ready or not, as the service says itself.
const { RINGDOWN_API_PORT, RINGDOWN_WS_PORT, RINGDOWN_OPS_PORT, SERVICE } = process.env;
const ports = { 'api-gateway': RINGDOWN_API_PORT || 8000, blackhole: RINGDOWN_WS_PORT || 5555 };
const port = ports[SERVICE] ?? (RINGDOWN_OPS_PORT || 9100);

try {
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(4000) });
  // Shown by `docker inspect`.
  console.log(await answer.text());
  process.exitCode = answer.ok ? 0 : 1;
} catch (error) {
  console.log(`/readyz at port ${port}: ${error.cause?.code ?? error.name}`);
  process.exitCode = 1;
}
