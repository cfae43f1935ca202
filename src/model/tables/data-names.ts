import { dataTypeOf } from '../../config/tables/data-types.ts';
import type { Column } from './layout.ts';
import type { StickTable } from './table.ts';

/** A value of an entry. */
export interface DataPlace {
  readonly column: Column;
  readonly element: number;
}

/** The value that `gpc0` or `gpc[2]` names, or why a table has none: HAProxy's texts. */
export function dataPlace(table: StickTable, name: string): DataPlace | string {
  const [, word, index] = /^(\w+)(?:\[(\d{1,9})\])?$/.exec(name) ?? [];
  const type = word === undefined ? undefined : dataTypeOf(word);
  if (type === undefined || (index !== undefined && !type.array)) return 'Unknown data type';
  const column = table.column(type.id);
  if (column === null) return 'Data type not stored in this table';
  const element = Number(index ?? 0);
  return element < column.length ? { column, element } : 'index out of range in this data array';
}

/** A value's name as `show table` prints it: `conn_rate(10000)`, and `gpc2`, `gpc2_rate(60000)` of arrays. */
export function dataLabel({ type, kind, period }: Column, element: number): string {
  const name = dataTypeOf(type)!.array ? type.replace(/^gp[ct]/, `$&${element}`) : type;
  return kind === 'rate' ? `${name}(${period})` : name;
}

/** A whole number of at most 64 bits as it is written; null for other words. */
export function wholeNumber(word: string): number | null {
  if (!/^-?\d{1,19}$/.test(word)) return null;
  const value = BigInt(word);
  return BigInt.asIntN(64, value) === value ? Number(value) : null;
}

/** Comparisons of filters. */
export const OPERATORS = ['eq', 'ne', 'le', 'ge', 'lt', 'gt'] as const;
export type Operator = (typeof OPERATORS)[number];

/** Whether a value compares so to another. */
export function compares(value: number, operator: Operator, other: number): boolean {
  switch (operator) {
    case 'eq':
      return value === other;
    case 'ne':
      return value !== other;
    case 'le':
      return value <= other;
    case 'ge':
      return value >= other;
    case 'lt':
      return value < other;
    default:
      return value > other;
  }
}
