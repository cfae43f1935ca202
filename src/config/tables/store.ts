/** `store <data>[,<data>...]` of a stick table. */

import { parseTime } from '../units.ts';
import { type DATA_TYPES, dataTypeOf, MAX_ELEMENTS } from './data-types.ts';

/** A data type as a table has it. */
export interface StoredData {
  /** Name in the table of data types. */
  readonly type: string;
  /** Elements of an array; 1 for what is none. */
  readonly length: number;
  /** Rates: what they are told for, ms; else 0. */
  readonly period: number;
}

/** A mistake, or something to be told. */
export interface StoreReport {
  readonly error: string | null;
  readonly warnings: readonly string[];
}

/** Adds what `text` names to `data`, which stays in the order of the types' numbers. Messages are HAProxy's, without the place. */
export function parseStore(text: string, data: StoredData[]): StoreReport {
  const warnings: string[] = [];
  for (const item of splitItems(text)) {
    const open = item.indexOf('(');
    const name = open < 0 ? item : item.slice(0, open);
    if (open >= 0 && !item.includes(')', open))
      return { error: `missing closing parenthesis after store option '${name}'.`, warnings };
    const row = dataTypeOf(name);
    if (row === undefined) return { error: `unknown store option '${name}'.`, warnings };
    if (data.some(({ type }) => type === row.name)) {
      warnings.push(`store option '${name}' already enabled, ignored.`);
      continue;
    }
    const args = open < 0 ? [] : item.slice(open + 1, item.indexOf(')', open)).split(',');
    const stored = readArguments(row, name, args);
    if (typeof stored === 'string') return { error: stored, warnings };
    addStored(data, stored);
  }
  return { error: clashIn(data), warnings };
}

/** Adds a data type where its number says. */
export function addStored(data: StoredData[], stored: StoredData): void {
  data.push(stored);
  data.sort((a, b) => dataTypeOf(a.type)!.id - dataTypeOf(b.type)!.id);
}

/** Items between commas that stand outside of parentheses; nothing after the last comma is no item. */
function splitItems(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '(') depth = 1;
    else if (text[at] === ')') depth = 0;
    else if (text[at] === ',' && depth === 0) {
      items.push(text.slice(start, at));
      start = at + 1;
    }
  }
  if (start < text.length) items.push(text.slice(start));
  return items;
}

function readArguments(row: (typeof DATA_TYPES)[number], name: string, args: readonly string[]): StoredData | string {
  const [first, second] = args;
  let period = row.array ? second : first;
  let length = 1;
  if (row.array) {
    if (first === undefined) return `missing argument to store option '${name}'.`;
    length = Number.parseInt(first, 10) || 0;
    if (length < 1 || length > MAX_ELEMENTS)
      return `array size is out of allowed range (1-${MAX_ELEMENTS}) for store option '${name}'.`;
  }
  if (row.kind !== 'rate') {
    if (period !== undefined) return `unexpected argument to store option '${name}'.`;
    return { type: row.name, length, period: 0 };
  }
  period ??= '';
  if (period === '') return `missing argument to store option '${name}'.`;
  const ms = parseTime(period);
  // HAProxy takes a period of 0 and divides by it later.
  if (typeof ms !== 'number' || ms === 0) return `error when processing store option '${name}'.`;
  return { type: row.name, length, period: ms };
}

/** Arrays stand in for the counters of old, so that one table has only either. */
function clashIn(data: readonly StoredData[]): string | null {
  const has = (type: string) => data.some((stored) => stored.type === type);
  const clash = (a: string, b: string) =>
    `simultaneous usage of '${a}' and '${b}' in a same table is not permitted as '${a}' overrides '${b}'.`;
  if (has('gpt') && has('gpt0')) return clash('gpt', 'gpt0');
  if (has('gpc') && (has('gpc0') || has('gpc1'))) return clash('gpc', 'gpc[0/1]');
  if (has('gpc_rate') && (has('gpc0_rate') || has('gpc1_rate'))) return clash('gpc_rate', 'gpc[0/1]_rate');
  return null;
}
