/**
 * Where the code of a traffic thread is, for `new Worker(...)`. Threads run from the same form as the process that starts them:
 * from the bundle beside `dist/sluice.js`, or from source. The launcher (`bin/sluice`) makes the choice, once.
 */
export function trafficEntry(): URL {
  const here = import.meta.url;
  return new URL(here.endsWith('.ts') ? '../traffic/thread.ts' : './traffic.js', here);
}
