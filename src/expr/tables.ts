/** Stick tables as expressions see them: what fetches, converters and rules ask of one (HAProxy manual, sections 7.3.1 and 7.3.3). */

import { DATA, type DataKind } from '../config/tables/data-types.ts';
import type { StickTableConfig, StickTableType } from '../config/types.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from './ip.ts';
import type { CompileEnv, Unresolved } from './row.ts';
import { castBetween, dynamic } from './sample.ts';
import type { SampleType, SampleValue } from './types.ts';

/** Where a stored data type is in the entries of a table. */
export interface TableColumn {
  readonly kind: DataKind;
  /** Elements; 1 for what is no array. */
  readonly length: number;
}

/**
 * A table. `openKey` opens the entry of the key that was named last (0: there is none), `openOrMake` makes it when there is none,
 * `openEntry` opens one that is tracked; each is followed by `close`, and nothing waits between.
 */
export interface TableSource {
  readonly config: StickTableConfig;
  readonly used: number;
  readonly size: number;
  column(type: number): TableColumn | null;
  useKey(bytes: Uint8Array): void;
  useKeyText(text: string): void;
  useKeyNumber(value: number): void;
  openKey(now: number): number;
  openOrMake(now: number): number;
  openEntry(entry: number): void;
  close(): void;
  get(entry: number, column: TableColumn, element: number, now: number): number;
  set(entry: number, column: TableColumn, element: number, value: number): void;
  add(entry: number, column: TableColumn, element: number, n: number, now: number): void;
  touch(entry: number, now: number): void;
  usesOf(entry: number): number;
  expiresIn(entry: number, now: number): number;
  idleFor(entry: number, now: number): number;
  keyOf(entry: number): Uint8Array;
}

/** What a counter of a stream or session tracks. */
export interface Tracked {
  readonly table: TableSource;
  readonly entry: number;
}

/** The types of values that keys are made of. */
export const KEY_SAMPLES: Readonly<Record<StickTableType, SampleType>> = {
  ip: 'ipv4',
  ipv6: 'ipv6',
  integer: 'sint',
  string: 'str',
  binary: 'bin',
};

/** Names the key that is made of a value of the type that the table takes (see `KEY_SAMPLES`). */
export function useKeyOf(table: TableSource, value: SampleValue): void {
  switch (table.config.type) {
    case 'ip':
      table.useKeyNumber(parseIpv4(value as string));
      return;
    case 'integer':
      table.useKeyNumber(typeof value === 'bigint' ? Number(BigInt.asUintN(32, value)) : Number(value) % 2 ** 32);
      return;
    case 'ipv6':
      table.useKey(ipv6Bytes(value as string));
      return;
    default:
      table.useKeyText(value as string);
  }
}

function ipv6Bytes(text: string): Uint8Array {
  return Uint8Array.from((parseIpv6(text) ?? []).flatMap((group) => [group >> 8, group & 255]));
}

/** Names the key that is made of any value; false when the table takes no such. */
export function castToKey(table: TableSource, value: SampleValue, type: SampleType): boolean {
  const cast = castBetween(type, KEY_SAMPLES[table.config.type]);
  if (cast === undefined) return false;
  const key = cast === null ? value : cast(value);
  if (key === undefined) return false;
  useKeyOf(table, key);
  return true;
}

/** The value that a key was made of; its type is in `dynamic.type`. */
export function keyValue(table: TableSource, key: Uint8Array): SampleValue {
  const { type } = table.config;
  dynamic.type = KEY_SAMPLES[type];
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.length);
  if (type === 'ip') return formatIpv4(bytes.readUInt32BE());
  if (type === 'integer') return bytes.readUInt32BE();
  if (type === 'ipv6') return formatIpv6(Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(2 * i)));
  return bytes.latin1Slice();
}

/** The table of that name, or the message; '' means that of the proxy that the expression stands in. */
export function findTable(name: string, position: number, env: CompileEnv): TableSource | Unresolved {
  const wanted = name || env.proxy || '';
  return env.table?.(wanted) ?? { unresolved: [`unable to find table '${wanted}' referenced in`, ''], position };
}

/** An element of what a table stores: a general purpose counter or tag may stand in an array (`gpc(3)`) or alone (`gpc0`). */
export interface Place {
  readonly column: TableColumn;
  readonly element: number;
}

/**
 * Where a general purpose counter, its rate (`gpc_rate`) or a tag (`gpt`) is kept; null when it is not. `alone`: also outside of arrays,
 * which is for those whose name has the number (manual, `sc_get_gpc` and `sc_get_gpc0`).
 */
export function placeOf(
  table: TableSource,
  kind: 'gpc' | 'gpc_rate' | 'gpt',
  index: number,
  alone: boolean,
): Place | null {
  const array = table.column(DATA[kind]!);
  if (array !== null) return index < array.length ? { column: array, element: index } : null;
  if (!alone) return null;
  const type = kind === 'gpc_rate' ? `gpc${index}_rate` : `${kind}${index}`;
  const column = Object.hasOwn(DATA, type) ? table.column(DATA[type]!) : null;
  return column === null ? null : { column, element: 0 };
}

/** Adds to a general purpose counter and to its rate, as far as the table keeps them; says whether it keeps any. */
export function countPurpose(
  table: TableSource,
  entry: number,
  index: number,
  n: number,
  now: number,
  alone: boolean,
): boolean {
  const count = placeOf(table, 'gpc', index, alone);
  const rate = placeOf(table, 'gpc_rate', index, alone);
  if (rate !== null) table.add(entry, rate.column, rate.element, n, now);
  if (count !== null) table.add(entry, count.column, count.element, n, now);
  if (rate === null && count === null) return false;
  table.touch(entry, now);
  return true;
}
