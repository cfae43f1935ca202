/** Keyword tables: one row for each keyword, looked up by its first words. */

import type { Line } from '../line.ts';
import { checkInertArguments } from './inert-arguments.ts';

/**
 * `works`: does what the manual says. `noticed`: only tunes a process like HAProxy's; accepted, told under `-V`.
 * `refused`: an alert at start. Every keyword of HAProxy 3.4 has a row with one of the three.
 */
export type KeywordStatus = 'works' | 'noticed' | 'refused';

export interface Keyword<D> {
  /** One or more words, with a blank between (`stats socket`). */
  readonly name: string;
  /** The arguments in the manual's notation (`<time>`, `[on|off]`, ...); empty when there are none. */
  readonly args: string;
  readonly status: KeywordStatus;
  /** For `noticed` why it has no effect here; for `refused` what to do instead. */
  readonly why?: string;
  /** HAProxy refuses it, too: it is of an older version. */
  readonly gone?: true;
  /** Sections where the keyword may be used; tables of one kind of section leave it out. */
  readonly sections?: readonly string[];
  /** May be used after `no` / `default`. */
  readonly negatable?: true;
  /** Not in a `defaults` section without a name. */
  readonly named?: true;
  /** In the wrong kind of proxy: an alert instead of a warning. */
  readonly strict?: true;
  /** An `option` without effect in a TCP proxy: a warning. */
  readonly needsHttp?: true;
  /** Said after the warning that the keyword is in the wrong kind of proxy. */
  readonly hint?: string;
  /** Listed nowhere: only there to give a good message for the words that follow (`timeout foo`). */
  readonly group?: true;
  readonly parse?: (line: Line, draft: D) => void;
}

/** A row that works. */
export function works<D>(
  name: string,
  args: string,
  parse: (line: Line, draft: D) => void,
  more: Partial<Keyword<D>> = {},
): Keyword<D> {
  return { name, args, status: 'works', parse, ...more };
}

/** Rows that are accepted and have no effect. */
export function noticed<D>(why: string, names: readonly string[], more: Partial<Keyword<D>> = {}): Keyword<D>[] {
  return names.map((name) => ({ ...splitArgs(name), status: 'noticed' as const, why, ...more }));
}

/** Rows that are refused. `why` says what to do instead. */
export function refused<D>(why: string, names: readonly string[], more: Partial<Keyword<D>> = {}): Keyword<D>[] {
  return names.map((name) => ({ ...splitArgs(name), status: 'refused' as const, why, ...more }));
}

/** Rows that HAProxy refuses, too, since it has them no more. `why` says what to do instead. */
export function gone<D>(why: string, names: readonly string[], more: Partial<Keyword<D>> = {}): Keyword<D>[] {
  return refused(why, names, { ...more, gone: true });
}

/** `tune.foo <number>` -> name and arguments: these begin at the first word in brackets. */
function splitArgs(text: string): { name: string; args: string } {
  const at = text.search(/ [<[{(]/);
  return at < 0 ? { name: text, args: '' } : { name: text.slice(0, at), args: text.slice(at + 1) };
}

export class KeywordTable<D> {
  readonly rows: readonly Keyword<D>[];
  readonly #byName: Map<string, Keyword<D>>;
  /** Words of the longest name that starts with this word. */
  readonly #depth: Map<string, number>;

  constructor(rows: readonly Keyword<D>[]) {
    this.rows = rows;
    this.#byName = new Map();
    this.#depth = new Map();
    for (const row of rows) {
      if (this.#byName.has(row.name)) throw new Error(`keyword '${row.name}' has two rows`);
      this.#byName.set(row.name, row);
      const words = row.name.split(' ');
      this.#depth.set(words[0]!, Math.max(words.length, this.#depth.get(words[0]!) ?? 0));
    }
  }

  /** The row whose name is the longest beginning of `words`. */
  find(words: readonly string[]): Keyword<D> | undefined {
    for (let n = Math.min(this.#depth.get(words[0] ?? '') ?? 0, words.length); n > 0; n--) {
      const row = this.#byName.get(words.slice(0, n).join(' '));
      if (row !== undefined) return row;
    }
    return undefined;
  }

  get(name: string): Keyword<D> | undefined {
    return this.#byName.get(name);
  }

  /** First words of the keywords that may be used in `section` (all of them without one). */
  firstWords(section?: string): string[] {
    const words = new Set<string>();
    for (const row of this.rows) {
      if (section === undefined || row.sections === undefined || row.sections.includes(section))
        words.add(row.name.split(' ')[0]!);
    }
    return [...words];
  }
}

/** Carries out a row's status: works -> its handler; noticed -> its handler if any, told under `-V`; refused -> an alert. */
export function applyRow<D>(row: Keyword<D>, line: Line, draft: D): void {
  if (row.status !== 'refused') row.parse?.(line, draft);
  if (row.status === 'noticed' && row.parse === undefined && !isRight(row, line)) return;
  if (row.status !== 'works') remark(line, row.name, row.status, row.why ?? '');
}

/** Options stand behind the word `option`. */
function isRight<D>(row: Keyword<D>, line: Line): boolean {
  const first = (line.word(0) === 'option' ? 1 : 0) + row.name.split(' ').length;
  return checkInertArguments(line, row.args, first);
}

/** Reports a keyword or an option that has no effect, or is refused. */
export function remark(line: Line, keyword: string, status: 'noticed' | 'refused', why: string): void {
  line.context.remarks.push({ at: line.at, keyword, status, why });
  if (status === 'refused') line.alert(`'${keyword}' is not supported.${why === '' ? '' : ` ${why}`}`);
  else line.context.diagnostics.verbose(line.at, `'${keyword}' has no effect here: ${why}`);
}

/** The words that may follow `no` and `default`. */
export function checkPrefix(line: Line, negatable: boolean): boolean {
  if (line.prefix === '' || negatable) return true;
  line.alert(
    'negation/default currently supported only for options, log, busy-polling, set-dumpable, strict-limits, insecure-fork-wanted and numa-cpu-mapping.',
    'reader',
  );
  return false;
}
