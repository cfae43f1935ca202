import type { Model } from '../model.ts';
import { newTableMemory } from './memory.ts';
import { newRecord, putRecord, readRecord } from './record.ts';
import { StickTable } from './table.ts';

/** What a rehearsal has done to tables, by their numbers. */
export type SupposedTables = Map<number, SupposedTable>;

/** Says of an open entry whether it is meant. */
export type EntryFilter = (table: StickTable, entry: number, now: number) => boolean;

interface SupposedTable {
  /** The entries that the rehearsal has looked at, as its Changes would leave them. */
  readonly table: StickTable;
  readonly known: Set<string>;
  /** What of the others would have been cleared. */
  readonly cleared: EntryFilter[];
}

/** Entries that one rehearsal may look at in a table; what is over is taken as it is. */
const MOST = 100_000;

/** The table in which to find the entry of a key: in a rehearsal, one that has it as the Changes so far would leave it. */
export function tableWith({ supposed }: Model, table: StickTable, key: Uint8Array): StickTable {
  if (supposed === undefined) return table;
  const here = supposedOf(supposed.tables, table);
  const name = Buffer.from(key).latin1Slice();
  if (here.known.has(name)) return here.table;
  here.known.add(name);
  bring(table, here, key);
  return here.table;
}

/** Supposes that entries are cleared that nothing uses. Does nothing outside of a rehearsal. */
export function supposeCleared({ supposed }: Model, table: StickTable, filter: EntryFilter): void {
  if (supposed === undefined) return;
  const here = supposedOf(supposed.tables, table);
  here.cleared.push(filter);
  const now = Date.now();
  for (let shard = 0; shard < here.table.shards; shard++) {
    for (const entry of here.table.entriesOf(shard)) {
      if (!here.table.reopen(shard, entry, now)) continue;
      if (filter(here.table, entry, now)) here.table.remove(entry);
      here.table.close();
    }
  }
}

function supposedOf(tables: SupposedTables, { id, config, layout }: StickTable): SupposedTable {
  const known = tables.get(id);
  if (known !== undefined) return known;
  const size = Math.min(config.size, MOST);
  const buffer = newTableMemory({ size, entryWords: layout.words, updates: false });
  const made = { table: new StickTable({ id, config, buffer }, 1), known: new Set<string>(), cleared: [] };
  tables.set(id, made);
  return made;
}

/** Copies the entry of a key, if there is one that has not been cleared. */
function bring(from: StickTable, { table: to, cleared }: SupposedTable, key: Uint8Array): void {
  const now = Date.now();
  from.useKey(key);
  const entry = from.openKey(now);
  const { shard, uses } = entry === 0 ? NOTHING : from.view(entry, now);
  from.close();
  const record = newRecord();
  if (entry === 0 || !readRecord(from, shard, entry, record, now)) return;
  putRecord(to, record, from.layout.columns, { foreign: false }, now);
  to.useKey(key);
  const copy = to.openKey(now);
  if (copy !== 0) {
    if (uses > 0) to.use(copy, 1);
    else if (cleared.some((filter) => filter(to, copy, now))) to.remove(copy);
  }
  to.close();
}

const NOTHING = { shard: 0, uses: 0 };
