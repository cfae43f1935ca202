/**
 * Makes the bundles that bin/sluice and its threads start from: dist/sluice.js (control thread and command line), dist/traffic.js,
 * dist/journal.js and dist/password.js (threads). Run by `npm ci` (prepare). A start from a bundle takes a tenth of one from source. What dist/sluice.js
 * imports only when it is needed is in files of its own (dist/part-*.js): a command that serves nothing loads no balancer.
 */
import {
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type BuildOptions, build, buildSync, type Metafile } from 'esbuild';
import { directBuiltins } from './direct-builtins.ts';
import { joinParts } from './join-parts.ts';

const COMMAND = 'src/cli/main.ts';

/** Name of a thread's bundle -> its entry point. */
const threads: Readonly<Record<string, string>> = {
  traffic: 'src/traffic/thread.ts',
  journal: 'src/change/journal/thread.ts',
  password: 'src/dataplane/accounts/thread.ts',
};

/** What is loaded together: at each start; for the version; by an operation; by one on a HAProxy. */
const together = [
  [COMMAND],
  ['src/cli/arguments.ts', 'src/cli/version.ts', 'src/cli/build-text.ts'],
  ['src/cli/ops/ops.ts', 'src/cli/ops/terminal.ts', 'src/ops/open-target.ts'],
  ['src/ops/targets/open-haproxy.ts'],
];

/** Parts of earlier bundles are kept for so long, ms: programs that are just starting from them still load some. */
const KEEP_PARTS = 600_000;

/** Dependencies written as CommonJS ask for `require`, for modules of Node.js only: what else they need is in the bundle. */
const requireForCommonJs = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire('file:///');`;

const options = {
  bundle: true,
  metafile: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  banner: { js: requireForCommonJs },
} as const satisfies BuildOptions;

/**
 * Writes the bundles into `folder`, each put in place whole, so that a start never reads half of one. Paths are from the top of the
 * checkout, which must be the current folder. Returns the packages whose code is in them.
 */
export async function bundle(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const partial = mkdtempSync(`${folder}/.partial-`);
  try {
    const command = await build({
      ...options,
      entryPoints: { sluice: COMMAND },
      outdir: partial,
      splitting: true,
      chunkNames: 'part-[hash]',
    });
    await joinParts(partial, command.metafile, together);
    const metafiles = [command.metafile];
    for (const [name, entry] of Object.entries(threads)) {
      const { metafile } = await build({ ...options, entryPoints: [entry], outfile: `${partial}/${name}.js` });
      metafiles.push(metafile);
    }
    for (const name of readdirSync(partial)) takeBuiltins(`${partial}/${name}`);
    putInPlace(partial, folder);
    return [...new Set(metafiles.flatMap(packagesOf))].sort();
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Writes all of the command line into one file, as the single executable needs it. */
export function bundleWhole(output: string): void {
  buildSync({ ...options, entryPoints: [COMMAND], outfile: output });
  takeBuiltins(output);
}

function takeBuiltins(file: string): void {
  writeFileSync(file, directBuiltins(readFileSync(file, 'utf8')));
}

/** Parts first: whoever reads an entry finds what it imports. */
function putInPlace(partial: string, folder: string): void {
  const names = readdirSync(partial).sort((a, b) => Number(b.startsWith('part-')) - Number(a.startsWith('part-')));
  for (const name of names) renameSync(`${partial}/${name}`, `${folder}/${name}`);
  const old = Date.now() - KEEP_PARTS;
  for (const name of globSync('part-*.js', { cwd: folder }))
    if (!names.includes(name) && statSync(`${folder}/${name}`).mtimeMs < old) rmSync(`${folder}/${name}`);
}

function packagesOf(metafile: Metafile): string[] {
  return Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
}

if (import.meta.main) {
  process.chdir(new URL('..', import.meta.url).pathname);
  await bundle('dist');
}
