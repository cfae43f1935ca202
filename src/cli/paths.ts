import { existsSync } from 'node:fs';
import { isSea } from 'node:sea';
import { fileURLToPath } from 'node:url';

/** A file of this checkout or installation, by its path from the top folder. */
export function installed(path: string): string {
  // From source this file is src/cli/paths.ts, in the bundle dist/sluice.js.
  return fileURLToPath(new URL(`${import.meta.url.endsWith('.ts') ? '../..' : '..'}/${path}`, import.meta.url));
}

/** The launcher of this checkout or installation; the executable itself where there is none. */
export function programPath(): string {
  if (isSea()) return process.execPath;
  const launcher = installed('bin/sluice');
  return existsSync(launcher) ? launcher : process.execPath;
}
