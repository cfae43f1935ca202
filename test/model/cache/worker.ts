import { parentPort, workerData } from 'node:worker_threads';
import { CacheMemory, type CacheView } from '../../../src/model/cache/memory.ts';
import { content, get, put } from './support.ts';

/** Stores and reads objects of a few keys as fast as it can; tells of the first one that is not whole. */
const { view, thread, rounds } = workerData as { view: CacheView; thread: number; rounds: number };
const cache = new CacheMemory(view, thread);
let bad: string | null = null;
let hits = 0;
for (let i = 0; i < rounds && bad === null; i++) {
  const key = `k${(i * 7 + thread * 3) % 23}`;
  if (i % 3 === thread % 3) put(cache, key, i, 1 + ((i * 977) % 6000));
  else {
    const found = get(cache, key);
    if (found === null) continue;
    hits++;
    const version = /:(\d+);/.exec(found.toString('latin1', 0, 20))?.[1];
    if (version !== undefined && !found.equals(content(key, Number(version), found.length))) bad = `${key} ${version}`;
  }
}
parentPort!.postMessage({ bad, hits });
