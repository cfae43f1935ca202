import { parentPort, workerData } from 'node:worker_threads';
import { DATA } from '../../../src/config/tables/data-types.ts';
import { StickTable, type TableView } from '../../../src/model/tables/table.ts';

/** What a thread is to do to a table. */
export interface Hammering {
  readonly view: TableView;
  readonly owner: number;
  readonly seed: number;
  /** 0: until it is killed. */
  readonly operations: number;
  /** Keys that all threads use, from 0 on; then keys that come by once. */
  readonly keys: number;
  readonly passing: boolean;
  /** A clock for all threads: each operation is later than all before. */
  readonly clock: Int32Array;
  readonly start: number;
}

/** What it has done: how often it counted each key, and what it has found wrong. */
export interface Hammered {
  readonly counts: Int32Array;
  readonly problems: readonly string[];
}

const { view, owner, seed, operations, keys, passing, clock, start } = workerData as Hammering;
const table = new StickTable(view, owner);
const gpc = table.column(DATA['gpc0']!)!;
const rate = table.column(DATA['gpc0_rate']!)!;
const counts = new Int32Array(keys);
const held: { readonly key: number; readonly entry: number }[] = [];
const problems: string[] = [];
let random = seed;

function next(below: number): number {
  random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
  return (random >>> 8) % below;
}

/** Uses a key; held entries are noted. */
function use(key: number, now: number, hold: boolean): void {
  table.useKeyNumber(key);
  const entry = table.openOrMake(now);
  if (entry !== 0) {
    table.add(entry, gpc, 0, 1, now);
    table.add(entry, rate, 0, 1, now);
    table.touch(entry, now);
    if (hold) table.use(entry, 1);
  }
  table.close();
  if (entry === 0) problems.push(`no room for ${key}`);
  else if (key < keys) counts[key]!++;
  if (hold && entry !== 0) held.push({ key, entry });
}

function release(now: number): void {
  const { key, entry } = held.pop()!;
  table.useKeyNumber(key);
  const found = table.openKey(now);
  const uses = found === 0 ? 0 : table.usesOf(found);
  if (found !== entry) problems.push(`${key} was in use and has gone`);
  else if (uses < 1) problems.push(`${key} is in use ${uses} times`);
  else table.use(entry, -1);
  table.close();
}

for (let i = 0; operations === 0 || i < operations; i++) {
  const now = start + (operations === 0 ? i % 100_000 : Atomics.add(clock, 0, 1));
  const what = next(10);
  if (what === 0 && held.length > 0) release(now);
  else if (passing && what < 6) use(1_000_000 + next(1_000_000), now, false);
  else use(next(keys), now, what === 9 && held.length < 5);
}
while (held.length > 0) release(start + Atomics.add(clock, 0, 1));
parentPort!.postMessage({ counts, problems } satisfies Hammered);
