import { OperationError } from '../errors.ts';
import { contentOf } from '../file-content.ts';

/** A key whose value in a map is not that of a file; null: it is not there. */
export interface MapDiff {
  readonly key: string;
  readonly live: string | null;
  readonly file: string | null;
}

/**
 * The entries of a file in HAProxy's form: a key, blanks, the value; empty lines and those that begin with `#` are nothing (configuration
 * manual, converter `map`). Throws OperationError with the line that is wrong.
 */
export function readMapFile(path: string): [key: string, value: string][] {
  return contentOf(path)
    .split(/\r?\n/)
    .flatMap((line, i): [string, string][] => {
      const text = line.trim();
      if (text === '' || text.startsWith('#')) return [];
      const [, key, value] = /^(\S+)\s+(.+)$/.exec(text) ?? [];
      if (key === undefined || value === undefined || text.includes('\0'))
        throw new OperationError(
          'refused',
          `${path}:${i + 1}: a key without a value: ${JSON.stringify(text.slice(0, 80))}`,
        );
      return [[key, value]];
    });
}

/** What tells entries in force from those of a file; of a key that is there several times the first counts, as in a look-up. */
export function diffOf(
  live: readonly { readonly key: string; readonly value: string }[],
  file: readonly (readonly [string, string])[],
): readonly MapDiff[] {
  const old = firstOf(live.map(({ key, value }) => [key, value]));
  const now = firstOf(file);
  const keys = new Set([...old.keys(), ...now.keys()]);
  return [...keys]
    .map((key) => ({ key, live: old.get(key) ?? null, file: now.get(key) ?? null }))
    .filter(({ live, file }) => live !== file);
}

function firstOf(entries: readonly (readonly [string, string])[]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of entries) if (!found.has(key)) found.set(key, value);
  return found;
}
