import type { PatternReferenceConfig } from '../../config/types.ts';
import { readPatterns } from './read-patterns.ts';
import type { LivePatterns } from './references.ts';

/** What took the place of all entries of a reference: values by key; `many` are not remembered. */
export type PatternBase = ReadonlyMap<string, readonly string[]> | 'many';

/** Entries that are remembered, at most. */
export const REMEMBERED_AT_MOST = 20_000;

/** Entries as a base. `count`: how many there are. */
export function baseOf(
  entries: Iterable<{ readonly key: string; readonly value: string }>,
  count: number,
): PatternBase {
  if (count > REMEMBERED_AT_MOST) return 'many';
  const base = new Map<string, string[]>();
  for (const { key, value } of entries) {
    const values = base.get(key);
    if (values) values.push(value);
    else base.set(key, [value]);
  }
  return base;
}

/** The values that a key had before it was edited: in what replaced all entries, else in the file; null when that is not known. */
export function valuesBefore({ base, config }: LivePatterns, key: string): readonly string[] | null {
  if (base === 'many') return null;
  return base === null ? valuesInSource(config, key) : (base.get(key) ?? []);
}

const BLANKS = new Set([0x09, 0x0a, 0x0d, 0x20]);
const NEWLINE = 10;

/** The values of a key in the file or text of a reference. A file of 30 MB is looked through in some 10 ms. */
function valuesInSource({ source, keyed }: PatternReferenceConfig, key: string): readonly string[] {
  if (source === null) return [];
  if (!(source instanceof Uint8Array)) return source.filter((one) => one === key).map(() => '');
  const bytes = Buffer.from(source.buffer, source.byteOffset, source.length);
  const wanted = Buffer.from(key, 'latin1');
  const found: string[] = [];
  for (let at = bytes.indexOf(wanted); at >= 0; ) {
    const next = bytes.indexOf(NEWLINE, at);
    const end = next < 0 ? bytes.length : next;
    if (isBlank(bytes, at - 1) && isBlank(bytes, at + wanted.length)) {
      const start = at === 0 ? 0 : bytes.lastIndexOf(NEWLINE, at - 1) + 1;
      const line = bytes.subarray(start, end);
      for (const one of readPatterns({ source: line, keyed })) if (one.key === key) found.push(one.value);
      at = bytes.indexOf(wanted, end);
    } else at = bytes.indexOf(wanted, at + 1);
  }
  return found;
}

/** Also outside the file. */
function isBlank(bytes: Buffer, at: number): boolean {
  return at < 0 || at >= bytes.length || BLANKS.has(bytes[at]!);
}
