import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { DATA } from '../src/config/tables/data-types.ts';
import type { StickTableConfig } from '../src/config/types.ts';
import { entryLayout } from '../src/model/tables/layout.ts';
import { newTableMemory } from '../src/model/tables/memory.ts';
import { StickTable, type TableView } from '../src/model/tables/table.ts';

// A thread of the bench: updates a stick table that others update, too, and tells how long it took.

const KEYS = 1_000_000;
const UPDATES = 2_000_000;
const TYPES = ['conn_cnt', 'http_req_cnt', 'conn_rate', 'http_req_rate'] as const;

/** What a thread has done: ms of its own CPU, updates. */
export interface Updates {
  readonly cpu: number;
  readonly updates: number;
}

/** A new table for threads to share, and the order in which they use keys. */
export function updatePlan(): { readonly view: TableView; readonly keys: Int32Array } {
  const data = TYPES.map((type) => ({ type, length: 1, period: type.endsWith('rate') ? 10_000 : 0 }));
  const config: StickTableConfig = {
    ...{ name: 't', section: null, at: { file: '', line: 0 }, type: 'ip', keyLength: 4, size: KEYS, expire: 3_600_000 },
    ...{ nopurge: false, recvOnly: false, writeTo: null, peers: null, shards: 0, srvkey: 'name', bratesFactor: 1 },
    ...{ stateFile: null, stateInterval: 0, data },
  };
  const buffer = newTableMemory({ size: KEYS, entryWords: entryLayout(config).words, updates: false });
  const keys = new Int32Array(new SharedArrayBuffer(4 * 2 ** 20));
  // By Zipf's law with exponent 1, about: the logarithm of the rank is uniform.
  for (let i = 0; i < keys.length; i++) keys[i] = Math.floor(Math.exp(Math.random() * Math.log(KEYS)));
  return { view: { id: 1, config, buffer }, keys };
}

if (!isMainThread) {
  const { view, keys, owner } = workerData as ReturnType<typeof updatePlan> & { owner: number };
  const table = new StickTable(view, owner);
  const columns = TYPES.map((type) => table.column(DATA[type]!)!);
  const run = (updates: number): void => {
    const mask = keys.length - 1;
    for (let i = 0; i < updates; i++) {
      const now = Date.now();
      table.useKeyNumber(keys[(i + owner * 500_000) & mask]!);
      const entry = table.openOrMake(now);
      for (let c = 0; c < columns.length; c++) table.add(entry, columns[c]!, 0, 1, now);
      table.touch(entry, now);
      table.close();
    }
  };
  run(200_000);
  const before = process.threadCpuUsage();
  run(UPDATES);
  const { user, system } = process.threadCpuUsage(before);
  parentPort!.postMessage({ cpu: (user + system) / 1000, updates: UPDATES } satisfies Updates);
}
