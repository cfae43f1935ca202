/** What can be asked of an entry of a stick table: the one list that `sc_*`, `src_*` and `table_*` are made from. */

import { DATA } from '../config/tables/data-types.ts';
import { countPurpose, placeOf, type TableSource } from './tables.ts';

/** Reads an open entry; undefined when the table does not keep that. `index`: the argument of those with one, else 0. */
export type ReadEntry = (table: TableSource, entry: number, index: number, now: number) => number | undefined;

export interface Measure {
  /** Name in `sc_<name>` and `src_<name>`, and in `table_<name>`; null where there is none such. */
  readonly fetch: string | null;
  readonly converter: string | null;
  /** Its first argument tells which of several. */
  readonly indexed: boolean;
  /** Makes an entry for an address or a key that has none. */
  readonly makes: boolean;
  /** Not to be asked for by commands. */
  readonly newer: boolean;
  readonly read: ReadEntry;
}

const measure = (
  fetch: string | null,
  converter: string | null,
  read: ReadEntry,
  more: Partial<Measure> = {},
): Measure => ({
  ...{ fetch, converter, indexed: false, makes: false, newer: false },
  ...more,
  read,
});

/** A data type as it is stored. */
const stored =
  (type: string): ReadEntry =>
  (table, entry, _index, now) => {
    const column = table.column(DATA[type]!);
    return column === null ? undefined : table.get(entry, column, 0, now);
  };

const plain = (...types: readonly string[]): Measure[] => types.map((type) => measure(type, type, stored(type)));

/** Rates of bytes are kept in units of `brates-factor`. */
const byteRate =
  (type: string): ReadEntry =>
  (table, entry, _index, now) => {
    const column = table.column(DATA[type]!);
    return column === null ? undefined : table.get(entry, column, 0, now) * table.config.bratesFactor;
  };

const kilobytes =
  (type: string): ReadEntry =>
  (table, entry, _index, now) => {
    const column = table.column(DATA[type]!);
    return column === null ? undefined : Math.floor(table.get(entry, column, 0, now) / 1024);
  };

const purpose =
  (kind: 'gpc' | 'gpc_rate' | 'gpt', alone = false): ReadEntry =>
  (table, entry, index, now) => {
    const place = placeOf(table, kind, index, alone);
    return place === null ? undefined : table.get(entry, place.column, place.element, now);
  };

/** Counts one, and tells the new value: of the counter, or of the rate where that alone is kept. */
const increment =
  (alone = false): ReadEntry =>
  (table, entry, index, now) =>
    countPurpose(table, entry, index, 1, now, alone)
      ? (purpose('gpc', alone)(table, entry, index, now) ?? purpose('gpc_rate', alone)(table, entry, index, now))
      : 0;

/** Sets a counter to 0, and tells what it was. */
const clear =
  (alone = false): ReadEntry =>
  (table, entry, index, now) => {
    const place = placeOf(table, 'gpc', index, alone);
    if (place === null) return undefined;
    const before = table.get(entry, place.column, place.element, now);
    table.set(entry, place.column, place.element, 0);
    table.touch(entry, now);
    return before;
  };

/** The same of a certain counter: `gpc0` for `gpc(0)`. */
const at =
  (read: ReadEntry, index: number): ReadEntry =>
  (table, entry, _index, now) =>
    read(table, entry, index, now);

const INDEXED = { indexed: true };
const MAKES = { makes: true };
const NEWER = { newer: true };

export const MEASURES: readonly Measure[] = [
  measure('bytes_in_rate', 'bytes_in_rate', byteRate('bytes_in_rate')),
  measure('bytes_out_rate', 'bytes_out_rate', byteRate('bytes_out_rate')),
  measure('kbytes_in', 'kbytes_in', kilobytes('bytes_in_cnt'), NEWER),
  measure('kbytes_out', 'kbytes_out', kilobytes('bytes_out_cnt'), NEWER),
  ...plain('conn_cnt', 'conn_cur', 'conn_rate', 'sess_cnt', 'sess_rate', 'http_req_cnt', 'http_req_rate'),
  ...plain('http_err_cnt', 'http_err_rate', 'http_fail_cnt', 'http_fail_rate', 'glitch_cnt', 'glitch_rate'),
  measure(null, 'server_id', stored('server_id')),
  measure('get_gpc', 'gpc', purpose('gpc'), INDEXED),
  measure('get_gpc0', 'gpc0', at(purpose('gpc', true), 0)),
  measure('get_gpc1', 'gpc1', at(purpose('gpc', true), 1)),
  measure('gpc_rate', 'gpc_rate', purpose('gpc_rate'), INDEXED),
  measure('gpc0_rate', 'gpc0_rate', at(purpose('gpc_rate', true), 0)),
  measure('gpc1_rate', 'gpc1_rate', at(purpose('gpc_rate', true), 1)),
  measure('get_gpt', 'gpt', purpose('gpt'), INDEXED),
  measure('get_gpt0', 'gpt0', at(purpose('gpt', true), 0)),
  measure('inc_gpc', 'inc_gpc', increment(), { ...INDEXED, ...MAKES }),
  measure('inc_gpc0', 'inc_gpc0', at(increment(true), 0), MAKES),
  measure('inc_gpc1', 'inc_gpc1', at(increment(true), 1), MAKES),
  measure('clr_gpc', 'clr_gpc', clear(), { ...INDEXED, ...MAKES }),
  measure('clr_gpc0', 'clr_gpc0', at(clear(true), 0), MAKES),
  measure('clr_gpc1', 'clr_gpc1', at(clear(true), 1), MAKES),
];
