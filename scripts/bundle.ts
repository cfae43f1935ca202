/**
 * Makes the bundles that bin/sluice and the traffic threads start from: dist/sluice.js (control thread and command line) and
 * dist/traffic.js (a traffic thread). Run by `npm ci` (prepare). A start from a bundle takes a tenth of one from source.
 */
import { mkdirSync, renameSync } from 'node:fs';
import { build, type Metafile } from 'esbuild';

/** Bundle name -> its entry point. */
const entries: Readonly<Record<string, string>> = {
  sluice: 'src/cli/main.ts',
  traffic: 'src/traffic/thread.ts',
  journal: 'src/change/journal/thread.ts',
};

/** Dependencies written as CommonJS ask for `require`, for modules of Node.js only: what else they need is in the bundle. */
const requireForCommonJs = `import { createRequire as __createRequire } from 'node:module';
const require = __createRequire('file:///');`;

/**
 * Writes the bundles into `folder`, each put in place whole, so that a start never reads half of one. Paths are from the top of the
 * checkout, which must be the current folder. Returns the packages whose code is in them.
 */
export async function bundle(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const packages = new Set<string>();
  for (const [name, entry] of Object.entries(entries)) {
    const partial = `${folder}/.${name}.${process.pid}.js`;
    const { metafile } = await build({
      entryPoints: [entry],
      outfile: partial,
      bundle: true,
      metafile: true,
      platform: 'node',
      format: 'esm',
      target: 'node26',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'warning',
      banner: { js: requireForCommonJs },
    });
    renameSync(partial, `${folder}/${name}.js`);
    for (const name of packagesOf(metafile)) packages.add(name);
  }
  return [...packages].sort();
}

function packagesOf(metafile: Metafile): string[] {
  return Object.keys(metafile.inputs).flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
}

if (import.meta.main) {
  process.chdir(new URL('..', import.meta.url).pathname);
  await bundle('dist');
}
