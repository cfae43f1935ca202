import { getAsset, isSea } from 'node:sea';

/**
 * Where the code of a traffic thread is, for `new Worker(...)`. Threads run from the same form as the process that starts them: from
 * source, from the bundle beside `dist/sluice.js`, or from within the single executable. The launcher (`bin/sluice`) makes the
 * choice, once.
 */
export function trafficEntry(): URL {
  const here = import.meta.url;
  if (isSea()) return new URL(`data:text/javascript,${encodeURIComponent(getAsset('traffic.js', 'utf8'))}`);
  return new URL(here.endsWith('.ts') ? '../traffic/thread.ts' : './traffic.js', here);
}
