/** Tables of the options that follow an address on `bind`, `server`, `default-server` and `stats socket` lines. */

import { didYouMean } from '../suggest.ts';
import type { KeywordStatus } from './table.ts';

/** What an option's handler may look at. */
export interface OptionInput<D> {
  /** The word after the option, or an empty string. */
  readonly value: string;
  /** All words of the line and the index of the option in them, for options with many words. */
  readonly words: readonly string[];
  readonly index: number;
  readonly draft: D;
  /** Reports something that does not stop the start. */
  readonly warn: (text: string) => void;
}

/** An error text, or the number of words read beyond the option and its `takes`, or nothing. */
export type OptionResult = string | number | undefined;

export interface Option<D> {
  readonly name: string;
  /** Words after the option: 0 or 1. */
  readonly takes: 0 | 1;
  /** The argument in the manual's notation. */
  readonly args: string;
  readonly status: KeywordStatus;
  readonly why?: string;
  /** Not allowed on `default-server` lines. */
  readonly notDefault?: true;
  /** Not accepted by `add server`. */
  readonly notDynamic?: true;
  /** It is written `name(parameter)`. */
  readonly parameter?: true;
  /** Belongs to TLS: listed after `ssl` by -dKcfg. */
  readonly tls?: true;
  readonly parse?: (input: OptionInput<D>) => OptionResult;
}

export class OptionTable<D> {
  readonly rows: readonly Option<D>[];
  readonly #byName: Map<string, Option<D>>;

  constructor(rows: readonly Option<D>[]) {
    this.rows = rows;
    this.#byName = new Map(rows.map((row) => [row.name, row]));
    if (this.#byName.size !== rows.length) throw new Error('an option has two rows');
  }

  /** The row of a word; that of `name(...)` is named `name`, and says that it has a parameter. */
  find(word: string): Option<D> | undefined {
    const parenthesis = word.indexOf('(');
    if (parenthesis < 0) return this.#byName.get(word);
    const row = this.#byName.get(word.slice(0, parenthesis));
    return row?.parameter === true ? row : undefined;
  }

  names(): string[] {
    return this.rows.map((row) => row.name);
  }
}

/** What happened to the options of one line. */
export interface OptionReport {
  /** The first mistake, in HAProxy's words: an unknown option, one that this kind of line may not have, or a bad value. */
  readonly error: { readonly text: string; readonly kind: 'unknown' | 'refused' | 'value' } | null;
  readonly remarks: readonly {
    readonly option: string;
    readonly status: 'noticed' | 'refused';
    readonly why: string;
  }[];
  readonly warnings: readonly string[];
}

/**
 * Applies the options in `words` from `start` on to `draft`. `admit` may refuse an option for this kind of line.
 * Stops at the first mistake.
 */
export function applyOptions<D>(
  table: OptionTable<D>,
  words: readonly string[],
  start: number,
  draft: D,
  admit: (row: Option<D>) => string | null = () => null,
): OptionReport {
  const remarks: { option: string; status: 'noticed' | 'refused'; why: string }[] = [];
  const warnings: string[] = [];
  const warn = (text: string) => warnings.push(text);
  for (let index = start; index < words.length; ) {
    const row = table.find(words[index]!);
    if (row === undefined) {
      const word = words[index]!;
      return {
        error: { text: `unknown keyword '${word}'${didYouMean(word, table.names())}`, kind: 'unknown' },
        remarks,
        warnings,
      };
    }
    const refusal = admit(row);
    if (refusal !== null) return { error: { text: refusal, kind: 'refused' }, remarks, warnings };
    if (row.takes === 1 && words[index + 1] === undefined && row.status !== 'works') {
      return { error: { text: `'${row.name}' : missing value`, kind: 'value' }, remarks, warnings };
    }
    let used = 1 + row.takes;
    if (row.status === 'works') {
      const result = row.parse!({ value: words[index + 1] ?? '', words, index, draft, warn });
      if (typeof result === 'string') return { error: { text: result, kind: 'value' }, remarks, warnings };
      used += result ?? 0;
    } else remarks.push({ option: row.name, status: row.status, why: row.why ?? '' });
    index += used;
  }
  return { error: null, remarks, warnings };
}

/** Rows without effect or refused, for a list of `name` or `name <arg>`. */
export function inertOptions<D>(
  status: 'noticed' | 'refused',
  why: string,
  names: readonly string[],
  more: Partial<Option<D>> = {},
): Option<D>[] {
  return names.map((text) => {
    const [name, args = ''] = text.split(/ (.*)/s) as [string, string?];
    return { name, args, takes: args === '' ? (0 as const) : (1 as const), status, why, ...more };
  });
}
