/** What the package offers to programs: `sluice/runtime` and `sluice/dataplane`, each as one file and its type declarations. */
import { execFileSync } from 'node:child_process';
import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';

/** Entries of `exports` in the published package.json. */
export const libraryExports = {
  './runtime': { types: './dist/types/client/index.d.ts', default: './dist/runtime.js' },
  './dataplane': { types: './dist/types/dataplane-client/index.d.ts', default: './dist/dataplane.js' },
  './package.json': './package.json',
};

/** Writes the library into the folder `target`/dist; the current folder must be the top of the checkout. */
export async function buildLibrary(target: string): Promise<void> {
  await build({
    entryPoints: { runtime: 'src/client/index.ts', dataplane: 'src/dataplane-client/index.ts' },
    outdir: `${target}/dist`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    charset: 'utf8',
    logLevel: 'warning',
  });
  const types = `${target}/dist/types`;
  execFileSync('node_modules/.bin/tsc', ['-p', 'scripts/tsconfig.types.json', '--outDir', types], { stdio: 'inherit' });
  for (const file of globSync(`${types}/**/*.d.ts`)) {
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace(/(from '\.{1,2}\/[^']*)\.ts'/g, "$1.js'"));
  }
}
