/**
 * Makes the bundles that bin/sluice and the traffic threads start from: dist/sluice.js (control thread and command line) and
 * dist/traffic.js (entry of a traffic thread). Run by `npm ci` (prepare). A start from a bundle takes a tenth of one from source.
 */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { build } from 'esbuild';

/** Bundle name -> its entry point. */
const entries: Readonly<Record<string, string>> = {
  sluice: 'src/cli/main.ts',
  traffic: 'src/traffic/thread.ts',
};

/** Writes the bundles into `folder`; each file is put in place whole, so that a running start never reads half of one. */
export async function bundle(folder: string): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const [name, entry] of Object.entries(entries)) {
    if (!existsSync(entry)) continue;
    const partial = `${folder}/.${name}.${process.pid}.js`;
    await build({
      entryPoints: [entry],
      outfile: partial,
      bundle: true,
      platform: 'node',
      format: 'esm',
      target: 'node26',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'warning',
      banner: {
        js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);",
      },
    });
    renameSync(partial, `${folder}/${name}.js`);
  }
}

if (import.meta.main) await bundle('dist');
