import { parseStore, type StoredData } from '../../../src/config/tables/store.ts';
import type { StickTableConfig } from '../../../src/config/types.ts';
import { entryLayout } from '../../../src/model/tables/layout.ts';
import { newTableMemory } from '../../../src/model/tables/memory.ts';
import { StickTable, type TableView } from '../../../src/model/tables/table.ts';

/** The configuration of a table. `store`: as the line says it. */
export function tableConfig(more: Partial<StickTableConfig> = {}, store = ''): StickTableConfig {
  const data: StoredData[] = [];
  if (store !== '') parseStore(store, data);
  return {
    ...{ name: 't', section: null, at: { file: 'test.cfg', line: 1 }, type: 'integer', keyLength: 4, size: 100 },
    ...{
      expire: 0,
      nopurge: false,
      recvOnly: false,
      writeTo: null,
      peers: null,
      shards: 0,
      srvkey: 'name',
      bratesFactor: 1,
    },
    ...{ stateFile: null, stateInterval: 60_000, data, ...more },
  };
}

/** What threads are given of a new table. */
export function tableView(config: StickTableConfig): TableView {
  const { words } = entryLayout(config);
  return {
    id: 1,
    config,
    buffer: newTableMemory({ size: config.size, entryWords: words, updates: config.peers !== null }),
  };
}

/** A new table as a single thread has it. */
export function newTable(more: Partial<StickTableConfig> = {}, store = ''): StickTable {
  return new StickTable(tableView(tableConfig(more, store)), 1);
}

/** The keys of all entries of a table of integers, in order. */
export function integerKeys(table: StickTable, now: number): number[] {
  const found: number[] = [];
  for (let shard = 0; shard < table.shards; shard++) {
    for (const entry of table.entriesOf(shard)) {
      if (!table.reopen(shard, entry, now)) continue;
      found.push(Buffer.from(table.keyOf(entry)).readUInt32BE());
      table.close();
    }
  }
  return found.sort((a, b) => a - b);
}
