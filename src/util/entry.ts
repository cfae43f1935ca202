import { readFileSync } from 'node:fs';
import { getAsset, isSea } from 'node:sea';

/** Threads of their own: name of the bundle -> source, from src/. */
const SOURCES = {
  traffic: 'traffic/thread.ts',
  journal: 'change/journal/thread.ts',
  password: 'dataplane/accounts/thread.ts',
} as const;

/**
 * Where the code of a thread is, for `new Worker(...)`. Threads run from the same form as the process that starts them: from source,
 * from the bundle beside `dist/sluice.js`, or from within the single executable. The launcher (`bin/sluice`) makes the choice, once.
 */
export function threadEntry(name: keyof typeof SOURCES): URL {
  const here = import.meta.url;
  if (isSea()) return inMemory(getAsset(`${name}.js`, 'utf8'));
  return new URL(here.endsWith('.ts') ? `../${SOURCES[name]}` : `./${name}.js`, here);
}

/**
 * The code of a thread that may have to be started much later: what a bundle has now, read at once. By then the file may be that of
 * another version, or out of reach of the user that the process has become. Source is left where it is.
 */
export function keptThreadEntry(name: keyof typeof SOURCES): () => URL {
  const entry = threadEntry(name);
  if (entry.protocol !== 'file:' || entry.pathname.endsWith('.ts')) return () => entry;
  const text = readFileSync(entry, 'utf8');
  return () => inMemory(text);
}

function inMemory(text: string): URL {
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
