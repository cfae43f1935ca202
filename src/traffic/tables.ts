import { Dictionary, newDictionaryMemory } from '../model/tables/dictionary.ts';
import { Ledger, newLedgerMemory } from '../model/tables/ledger.ts';
import { StickTable, type TableView } from '../model/tables/table.ts';
import type { TablesView } from '../model/tables/tables.ts';

/** The stick tables as a traffic thread has them. */
export class TrafficTables {
  readonly dictionary: Dictionary;
  readonly ledger: Ledger;
  readonly #owner: number;
  #tables: ReadonlyMap<string, StickTable> = new Map();

  /** null: a thread by itself. */
  constructor(view: TablesView | null) {
    this.#owner = view?.owner ?? 1;
    this.dictionary = new Dictionary(view?.dictionary ?? newDictionaryMemory(), this.#owner);
    this.ledger = new Ledger(view?.ledger ?? newLedgerMemory());
    this.put(view?.tables ?? []);
  }

  /** Takes the tables that there are from now on; those of the same memory stay the objects that they are. */
  put(views: readonly TableView[]): void {
    const known = new Map([...this.#tables.values()].map((table) => [table.id, table]));
    this.#tables = new Map(
      views.map((view) => [view.config.name, known.get(view.id) ?? new StickTable(view, this.#owner)]),
    );
  }

  get(name: string): StickTable | null {
    return this.#tables.get(name) ?? null;
  }
}
