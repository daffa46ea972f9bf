// node production-manifests.mjs FROM TO SERVICE: the manifests of one service, of the libraries it needs, and of nothing
// that only tests need, so that `npm ci` in TO installs what runs there. Test packages are workspaces, too; npm would count
// what they need as needed in production.
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [from, to, service] = process.argv.slice(2);
const read = (folder) => JSON.parse(readFileSync(join(from, folder, 'package.json'), 'utf8'));

function write(folder, manifest) {
  delete manifest.devDependencies;
  const path = join(to, folder, 'package.json');
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(manifest, null, 2));
}

const folders = new Set();
function add(folder) {
  if (folders.has(folder)) return;
  folders.add(folder);
  const manifest = read(folder);
  write(folder, manifest);
  for (const name of Object.keys(manifest.dependencies ?? {})) {
    if (name.startsWith('@ringdown/')) add(`libs/${name.slice('@ringdown/'.length)}`);
  }
}

add(`services/${service}`);
write('.', { ...read('.'), workspaces: [...folders] });
for (const file of ['package-lock.json', '.npmrc']) cpSync(join(from, file), join(to, file));
