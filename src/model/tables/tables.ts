import { isDeepStrictEqual } from 'node:util';
import { DATA } from '../../config/tables/data-types.ts';
import type { Config, StickTableConfig } from '../../config/types.ts';
import { copyEntries } from './copy.ts';
import { Dictionary, newDictionaryMemory } from './dictionary.ts';
import { entryLayout } from './layout.ts';
import { newLedgerMemory, noted } from './ledger.ts';
import { newTableMemory } from './memory.ts';
import { StickTable, type TableView } from './table.ts';

/** The number of the control thread in locks; those of traffic threads follow. */
const CONTROL = 1;

/** What a traffic thread is given of the tables when it starts. */
export interface TablesView {
  readonly tables: readonly TableView[];
  readonly dictionary: SharedArrayBuffer;
  /** The number by which the thread is known in locks, and what it notes itself in. */
  readonly owner: number;
  readonly ledger: SharedArrayBuffer;
}

/** Tables of another configuration, before it is in force. */
export interface StagedTables {
  readonly views: readonly TableView[];
  /** There is a table that is not what it was, or that is new or gone: what refers to tables has to be compiled again. */
  readonly moved: boolean;
  /** Puts them in force: entries of tables whose lines have changed are taken over as far as they fit. */
  commit(): Promise<void>;
}

/** All tables of a configuration: those of proxies, then those of peers sections. */
export function tablesOf(config: Pick<Config, 'proxies' | 'peers'>): StickTableConfig[] {
  return [
    ...config.proxies.flatMap(({ stickTable }) => (stickTable === null ? [] : [stickTable])),
    ...config.peers.flatMap(({ tables }) => tables),
  ];
}

/** The stick tables as the control thread has them. */
export class StickTables {
  readonly dictionary: Dictionary;
  #tables: ReadonlyMap<string, StickTable> = new Map();
  #ids = 0;
  #owners = CONTROL;
  /** By traffic thread: its number in locks, and its ledger. */
  readonly #threads = new Map<number, { readonly owner: number; readonly ledger: SharedArrayBuffer }>();

  constructor(config: Pick<Config, 'proxies' | 'peers'>) {
    this.dictionary = new Dictionary(newDictionaryMemory(), CONTROL);
    this.#tables = new Map(tablesOf(config).map((table) => [table.name, this.#new(table)]));
  }

  /** In the order of the configuration. */
  get all(): readonly StickTable[] {
    return [...this.#tables.values()];
  }

  /** The one that is declared last first, as listings have them. */
  get listed(): readonly StickTable[] {
    return this.all.toSorted((a, b) =>
      a.config.at.file === b.config.at.file ? b.config.at.line - a.config.at.line : 0,
    );
  }

  get views(): readonly TableView[] {
    return this.all.map(viewOf);
  }

  /** Another object after each reload. */
  get byName(): ReadonlyMap<string, StickTable> {
    return this.#tables;
  }

  get(name: string): StickTable | null {
    return this.#tables.get(name) ?? null;
  }

  #new(config: StickTableConfig): StickTable {
    const { words } = entryLayout(config);
    const updates = config.peers !== null;
    const buffer = newTableMemory({ size: config.size, entryWords: words, updates });
    return new StickTable({ id: ++this.#ids, config, buffer }, CONTROL);
  }

  /** What a traffic thread gets that starts now. */
  viewFor(thread: number): TablesView {
    const known = { owner: ++this.#owners, ledger: newLedgerMemory() };
    this.#threads.set(thread, known);
    return { tables: this.views, dictionary: this.dictionary.buffer, ...known };
  }

  /** A traffic thread has died: what it held is let go, what it had in use is given back. */
  lost(thread: number): void {
    const gone = this.#threads.get(thread);
    if (gone === undefined) return;
    this.#threads.delete(thread);
    for (const table of this.all) table.takeOver(gone.owner);
    const byId = new Map(this.all.map((table) => [table.id, table]));
    for (const [id, entry] of noted(gone.ledger)) {
      const table = byId.get(id);
      if (table === undefined) continue;
      const now = Date.now();
      table.openEntry(entry);
      const current = table.column(DATA['conn_cur']!);
      if (current !== null && table.get(entry, current, 0, now) > 0) table.add(entry, current, 0, -1, now);
      table.use(entry, -1);
      table.close();
    }
  }

  /** Prepares the tables of another configuration. Those whose lines say the same stay what they are. */
  stage(config: Pick<Config, 'proxies' | 'peers'>): StagedTables {
    const before = this.#tables;
    const after = new Map<string, StickTable>();
    for (const table of tablesOf(config)) {
      const known = before.get(table.name);
      after.set(table.name, known !== undefined && isSame(known.config, table) ? known : this.#new(table));
    }
    const moved = after.size !== before.size || [...after].some(([name, table]) => before.get(name) !== table);
    return {
      views: [...after.values()].map(viewOf),
      moved,
      commit: async () => {
        this.#tables = after;
        for (const [name, table] of after) {
          const known = before.get(name);
          if (known !== undefined && known !== table) await copyEntries(known, table);
        }
      },
    };
  }
}

function viewOf({ id, config, buffer }: StickTable): TableView {
  return { id, config, buffer };
}

/** Whether two lines mean the same table, wherever they stand. */
function isSame({ at: _, ...a }: StickTableConfig, { at: __, ...b }: StickTableConfig): boolean {
  return isDeepStrictEqual(a, b);
}
