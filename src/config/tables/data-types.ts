/** The data that entries of stick tables may have (manual, `stick-table ... store`): the one table of them. */

/**
 * How a value is kept: `sint` and `uint` in a word, `ull` in two (counted up to 2^53), `rate` in three (start of the period, events in
 * it, events in the one before), `dict` as the number of a text in the dictionary.
 */
export type DataKind = 'sint' | 'uint' | 'ull' | 'rate' | 'dict';

export interface DataTypeRow {
  readonly name: string;
  /** Number of the type in messages between peers. */
  readonly id: number;
  readonly kind: DataKind;
  /** `name(<elements>)` or, for rates, `name(<elements>,<period>)`. */
  readonly array: boolean;
  /** Only true of this process: peers are not told. */
  readonly local: boolean;
  /** A value, not a count: what peers say is taken as it is. */
  readonly asIs: boolean;
}

/** Words of an element of each kind. */
export const KIND_WORDS: Readonly<Record<DataKind, number>> = { sint: 1, uint: 1, ull: 2, rate: 3, dict: 1 };

/** Elements of an array, at most. */
export const MAX_ELEMENTS = 100;

const row = (name: string, id: number, kind: DataKind, more: Partial<DataTypeRow> = {}): DataTypeRow => ({
  ...{ name, id, kind, array: false, local: false, asIs: false },
  ...more,
});

/** All data types, by their numbers. */
export const DATA_TYPES = [
  row('server_id', 0, 'sint', { asIs: true }),
  row('gpt0', 1, 'uint', { asIs: true }),
  row('gpc0', 2, 'uint'),
  row('gpc0_rate', 3, 'rate'),
  row('conn_cnt', 4, 'uint'),
  row('conn_rate', 5, 'rate'),
  row('conn_cur', 6, 'uint', { local: true }),
  row('sess_cnt', 7, 'uint'),
  row('sess_rate', 8, 'rate'),
  row('http_req_cnt', 9, 'uint'),
  row('http_req_rate', 10, 'rate'),
  row('http_err_cnt', 11, 'uint'),
  row('http_err_rate', 12, 'rate'),
  row('bytes_in_cnt', 13, 'ull'),
  row('bytes_in_rate', 14, 'rate'),
  row('bytes_out_cnt', 15, 'ull'),
  row('bytes_out_rate', 16, 'rate'),
  row('gpc1', 17, 'uint'),
  row('gpc1_rate', 18, 'rate'),
  row('server_key', 19, 'dict', { asIs: true }),
  row('http_fail_cnt', 20, 'uint'),
  row('http_fail_rate', 21, 'rate'),
  row('gpt', 22, 'uint', { array: true, asIs: true }),
  row('gpc', 23, 'uint', { array: true }),
  row('gpc_rate', 24, 'rate', { array: true }),
  row('glitch_cnt', 25, 'uint'),
  row('glitch_rate', 26, 'rate'),
] as const satisfies readonly DataTypeRow[];

/** Numbers of the data types by their names. */
export const DATA: Readonly<Record<string, number>> = Object.fromEntries(DATA_TYPES.map(({ name, id }) => [name, id]));

/** The type of that name; `server_name` is an old one for `server_key`. Undefined when there is none. */
export function dataTypeOf(name: string): DataTypeRow | undefined {
  return DATA_TYPES[DATA[name === 'server_name' ? 'server_key' : name] ?? -1];
}
