import { dataTypeOf } from '../../config/tables/data-types.ts';
import { keyShard } from '../../model/tables/key-shard.ts';
import type { Column } from '../../model/tables/layout.ts';
import type { StickTable } from '../../model/tables/table.ts';
import type { StickTables } from '../../model/tables/tables.ts';
import { KEY_TYPES } from './codec/definition.ts';
import type { Update, UpdateForm } from './codec/update.ts';
import { isAfter } from './lesson.ts';
import type { SharedTable, Walk } from './shared-table.ts';

/** Changes that are looked for at once. */
const BATCH = 256;

const known = new WeakMap<StickTable, SharedTable>();

/** The tables that name a section of peers, in the order of the configuration: the same table is always the same one. */
export function sharedTables(tables: StickTables, section: string): readonly SharedTable[] {
  return tables.all
    .filter(({ config }) => config.peers === section)
    .map((table) => {
      const shared = known.get(table) ?? sharedTable(table, tables);
      known.set(table, shared);
      return shared;
    });
}

/** A stick table as sessions with peers use it. */
function sharedTable(table: StickTable, tables: StickTables): SharedTable {
  const { name, section, type, keyLength, expire, recvOnly, writeTo } = table.config;
  const form: UpdateForm = {
    keyType: KEY_TYPES[type],
    // The longest string has a NUL behind it.
    keyLength: type === 'string' ? keyLength + 1 : keyLength,
    columns: table.layout.columns.map(({ type: data, length, period }) => ({
      ...{ type: dataTypeOf(data)!, elements: length, period },
    })),
  };
  let told = 0;
  /** What changes of entries that are read from now on gets a new number. */
  const tell = (update: number) => {
    if (!isAfter(update, told)) return;
    told = update;
    table.told(update);
  };
  const read = (shard: number, entry: number, into: Update, now: number) =>
    readEntry(table, tables, shard, entry, into, now);
  return {
    name,
    wireName: section === null ? name : name.slice(section.length),
    form,
    expire,
    shardOf: (key, shards) => keyShard(table.config, key, shards),
    localUpdate: () => table.lastUpdate,
    changesAfter(update) {
      let found = table.updatesSince(update, BATCH);
      if (found.lost) return null;
      let at = 0;
      let reached = update;
      return {
        get reached() {
          return reached;
        },
        next(into, now) {
          for (;;) {
            if (at >= found.updates.length) {
              reached = found.next;
              if (found.next === table.lastUpdate) return false;
              const since = found.next;
              found = table.updatesSince(since, BATCH);
              at = 0;
              // What follows has its number, and is not written yet; or there is so much that all has to be taught: the next turn sees.
              if (found.next === since || found.lost) return false;
              continue;
            }
            const { shard, entry, update: number } = found.updates[at++]!;
            reached = number;
            tell(number);
            if (!read(shard, entry, into, now)) continue;
            into.id = number;
            return true;
          }
        },
      };
    },
    entries() {
      tell(table.lastUpdate);
      return recvOnly ? NOTHING : walkAll(table, read);
    },
    learn(update, sent, now) {
      learnInto(table, tables, update, sent, now, true);
      const other = writeTo === null ? null : tables.get(writeTo);
      if (other !== null) learnInto(other, tables, update, sent, now, false);
    },
  };
}

const NOTHING: Walk = { reached: 0, next: () => false };

type Read = (shard: number, entry: number, into: Update, now: number) => boolean;

function walkAll(table: StickTable, read: Read): Walk {
  let shard = -1;
  let entries: readonly number[] = [];
  let at = 0;
  return {
    reached: 0,
    next(into, now) {
      for (;;) {
        if (at < entries.length) {
          if (read(shard, entries[at++]!, into, now)) return true;
        } else {
          if (++shard >= table.shards) return false;
          entries = table.entriesOf(shard);
          at = 0;
        }
      }
    },
  };
}

/** Puts an entry into `into`; false when it is gone. */
function readEntry(
  table: StickTable,
  tables: StickTables,
  shard: number,
  entry: number,
  into: Update,
  now: number,
): boolean {
  if (!table.reopen(shard, entry, now)) return false;
  into.id = 0;
  into.key = table.keyOf(entry);
  into.expire = table.expiresIn(entry, now);
  into.text = null;
  const { values } = into;
  let at = 0;
  for (const column of table.layout.columns) {
    for (let i = 0; i < column.length; i++) {
      if (column.kind === 'rate') {
        const { age, current, previous } = table.rate(entry, column, i, now);
        values[at++] = age;
        values[at++] = current;
        values[at++] = previous;
      } else {
        const value = table.get(entry, column, i, now);
        if (column.kind === 'dict') into.text = tables.dictionary.text(value) || null;
        values[at++] = value;
      }
    }
  }
  values.length = at;
  table.close();
  return true;
}

/**
 * Puts in what a peer says; of a table that only takes what another one learns (`all` false), values that are no counts. What is only true of
 * the peer's own process is left out, unless the table is there to receive.
 */
function learnInto(
  table: StickTable,
  { dictionary }: StickTables,
  { key, values, expire, text }: Update,
  { columns }: UpdateForm,
  now: number,
  all: boolean,
): void {
  // No other lock is asked for while the entry is open.
  const number = text === null ? 0 : dictionary.number(text);
  table.useKey(key);
  const entry = table.openOrMake(now);
  if (entry !== 0) {
    let at = 0;
    for (const { type, elements } of columns) {
      const taken = all ? !type.local || table.config.recvOnly : type.asIs;
      const column = taken ? table.column(type.id) : null;
      for (let i = 0; i < elements; i++) {
        if (column !== null && i < column.length) setValue(table, entry, column, i, values, at, number, now);
        at += type.kind === 'rate' ? 3 : 1;
      }
    }
    const { expire: life } = table.config;
    table.touchAsOf(entry, now, life === 0 || expire === null ? 0 : life - expire);
  }
  table.close();
}

function setValue(
  table: StickTable,
  entry: number,
  column: Column,
  element: number,
  values: readonly number[],
  at: number,
  text: number,
  now: number,
): void {
  if (column.kind === 'rate') {
    const [age, current, previous] = [values[at]!, values[at + 1]!, values[at + 2]!];
    table.setRate(entry, column, element, { age, current, previous }, now);
  } else if (column.kind !== 'dict') {
    table.set(entry, column, element, values[at]!);
  } else if (text !== 0) {
    table.set(entry, column, element, text);
  }
}
