/**
 * `npm run build`: the publishable package in dist/package. Compiled, without dependencies: what the program uses is in its bundles,
 * and NOTICES holds the licences of that. `bin/sluice` in it runs under any Node.js that `engines` allows.
 */
import { cpSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { bundle } from './bundle.ts';
import { buildLibrary, libraryExports } from './library.ts';

/** The least Node.js: the first with node:ffi. */
const engines = { node: '>=26.1' };

/** Makes the package anew in the folder `target`; the current folder must be the top of the checkout. */
export async function buildPackage(target: string): Promise<void> {
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  const packages = await bundle(`${target}/dist`);
  await buildLibrary(target);
  for (const path of ['bin', 'examples', 'docs', 'README.md', 'CHANGELOG.md', 'LICENSE'])
    cpSync(path, `${target}/${path}`, { recursive: true });
  cpSync('packaging/man', `${target}/man`, { recursive: true });
  writeFileSync(`${target}/NOTICES`, packages.map(notice).join('\n'));
  writeFileSync(`${target}/package.json`, `${JSON.stringify(manifest(), null, 2)}\n`);
}

function manifest(): object {
  const { name, version, description, license, type, bin } = JSON.parse(readFileSync('package.json', 'utf8'));
  const exports = libraryExports;
  return {
    name,
    version,
    description,
    license,
    type,
    bin,
    exports,
    man: ['man/sluice.1', 'man/sluice-operations.1'],
    engines,
    os: ['linux'],
  };
}

/** The licence of a package whose code is in the bundles. */
function notice(name: string): string {
  const folder = `node_modules/${name}`;
  const { version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const [file] = globSync(`${folder}/{LICENSE,LICENCE,license,LICENSE.md,LICENSE.txt}`);
  const text = file !== undefined && existsSync(file) ? readFileSync(file, 'utf8') : `Licence: ${license}\n`;
  return `== ${name} ${version} (${license})\n\n${text}`;
}

if (import.meta.main) {
  process.chdir(new URL('..', import.meta.url).pathname);
  await buildPackage('dist/package');
  console.log('dist/package');
}
