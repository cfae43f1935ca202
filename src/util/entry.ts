import { getAsset, isSea } from 'node:sea';

/** Threads of their own: name of the bundle -> source, from src/. */
const SOURCES = {
  traffic: 'traffic/thread.ts',
  journal: 'change/journal/thread.ts',
} as const;

/**
 * Where the code of a thread is, for `new Worker(...)`. Threads run from the same form as the process that starts them: from source,
 * from the bundle beside `dist/sluice.js`, or from within the single executable. The launcher (`bin/sluice`) makes the choice, once.
 */
export function threadEntry(name: keyof typeof SOURCES): URL {
  const here = import.meta.url;
  if (isSea()) return new URL(`data:text/javascript,${encodeURIComponent(getAsset(`${name}.js`, 'utf8'))}`);
  return new URL(here.endsWith('.ts') ? `../${SOURCES[name]}` : `./${name}.js`, here);
}
