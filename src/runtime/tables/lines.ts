import { compares, type DataPlace, dataLabel, type Operator } from '../../model/tables/data-names.ts';
import type { Dictionary } from '../../model/tables/dictionary.ts';
import { keyShard } from '../../model/tables/key-shard.ts';
import { keyWord } from '../../model/tables/keys.ts';
import type { StickTable } from '../../model/tables/table.ts';
import { inOrder } from './order.ts';

/** What entries have to be to be listed. */
export interface Filter extends DataPlace {
  readonly operator: Operator;
  readonly value: number;
}

/** Characters that are made before they are handed on. */
const PIECE = 4096;

/** How entries are called in listings: numbers that look like HAProxy's pointers. */
const BASE = 0x7f00_0000_0000;

/** Numbers of 12 bits in hexadecimal digits: numbers beyond 32 bits are slow to print. */
const DIGITS: readonly string[] = Array.from({ length: 4096 }, (_, n) => n.toString(16).padStart(3, '0'));
const FIRST = `0x${DIGITS[BASE / 2 ** 36]}`;

function pointerOf(entry: number): string {
  return `${FIRST}${DIGITS[entry >>> 22]}${DIGITS[(entry >>> 10) & 0xfff]}${DIGITS[(entry & 0x3ff) << 2]}`;
}

/** The entry that a pointer would be of; 0 for what is none. */
export function entryOfPointer(pointer: number): number {
  const entry = (pointer - BASE) / 4;
  return Number.isInteger(entry) && entry > 0 && entry < 2 ** 32 ? entry : 0;
}

/** `# table: ...`: the first line of a listing. */
export function tableHead(table: StickTable): string {
  const { name, type } = table.config;
  return `# table: ${name}, type: ${type}, size:${table.config.size}, used:${table.used}\n`;
}

/** Makes the lines of a table's entries. */
export class EntryLines {
  readonly table: StickTable;
  readonly #dictionary: Dictionary;
  readonly #columns: readonly { readonly label: string; readonly place: DataPlace }[];
  readonly #values: Float64Array;

  constructor(table: StickTable, dictionary: Dictionary) {
    this.table = table;
    this.#dictionary = dictionary;
    this.#columns = table.layout.columns.flatMap((column) =>
      Array.from({ length: column.length }, (_, element) => ({
        label: ` ${dataLabel(column, element)}=`,
        place: { column, element },
      })),
    );
    this.#values = new Float64Array(this.#columns.length);
  }

  /** The line of an entry that is open, which is closed; '' when it does not fit. */
  close(entry: number, now: number, filters: readonly Filter[] = []): string {
    const { table } = this;
    const values = this.#values;
    let fits = true;
    for (const { column, element, operator, value } of filters)
      fits &&= column.kind !== 'dict' && compares(table.get(entry, column, element, now), operator, value);
    if (!fits) {
      table.close();
      return '';
    }
    const key = table.keyOf(entry);
    const uses = table.usesOf(entry);
    const expires = table.expiresIn(entry, now);
    let at = 0;
    for (const { place } of this.#columns) values[at++] = table.get(entry, place.column, place.element, now);
    table.close();
    const shard = keyShard(table.config, key, table.config.shards);
    let line = `${pointerOf(entry)}: key=${keyWord(table.config, key)} use=${uses} exp=${expires} shard=${shard}`;
    at = 0;
    for (const { label, place } of this.#columns) {
      const value = values[at++]!;
      line += label + (place.column.kind === 'dict' ? this.#dictionary.text(value) || '-' : value);
    }
    return `${line}\n`;
  }
}

/** All entries that fit, in pieces; small tables in HAProxy's order. */
export function* listing(lines: EntryLines, filters: readonly Filter[]): Generator<string> {
  const { table } = lines;
  const ordered = inOrder(table);
  if (ordered !== null) {
    for (const { shard, entry } of ordered) {
      const now = Date.now();
      if (table.reopen(shard, entry, now)) yield lines.close(entry, now, filters);
    }
    return;
  }
  let piece = '';
  let looked = 0;
  for (let shard = 0; shard < table.shards; shard++) {
    for (const entry of table.entriesOf(shard)) {
      const now = Date.now();
      if (table.reopen(shard, entry, now)) piece += lines.close(entry, now, filters);
      // Whoever gets the pieces looks at the clock between them.
      if (piece.length < PIECE && ++looked % 256 !== 0) continue;
      yield piece;
      piece = '';
    }
  }
  yield piece;
}
