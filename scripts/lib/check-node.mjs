// Ends with one sentence on a Node that is too old. Only syntax that old versions can parse, and no imports.
export function isSupportedNode(version) {
  const parts = version.split('.').map(Number);
  return parts[0] > 20 || (parts[0] === 20 && parts[1] >= 19);
}

export function requireSupportedNode() {
  if (isSupportedNode(process.versions.node)) return;
  console.error(
    'Ringdown needs Node 20.19 or newer and this is Node ' +
      process.versions.node +
      '; get a current one at https://nodejs.org and try again.',
  );
  process.exit(1);
}
