/** The parameters of a `server`, `default-server` or `server-template` line, as words. */

import { newServer } from '../draft-server.ts';
import { applyOptions } from '../keywords/option.ts';
import { SERVER_OPTIONS } from '../keywords/server.ts';
import { didYouMean } from '../suggest.ts';
import type { Word } from './words.ts';

export interface Parameter {
  readonly keyword: string;
  /** Index of the keyword among the words, and how many words belong to it, itself included. */
  readonly index: number;
  readonly count: number;
  /**
   * False directly after a word that is not known, as it may be that word's value; but a keyword with what can only be its value
   * is one in any file that is right.
   */
  readonly certain: boolean;
}

/** Parameters from word `start` on. Words that are no known keyword are parameters of one word. */
export function parametersOf(words: readonly Pick<Word, 'text' | 'variable'>[], start: number): Parameter[] {
  const found: Parameter[] = [];
  let certain = true;
  for (let index = start; index < words.length; ) {
    const { text, variable } = words[index]!;
    const values = variable === '' ? valuesOf(text, words, index) : null;
    const count = Math.min(1 + (values ?? 0), words.length - index);
    const hasOwnValue = count === 2 && SERVER_OPTIONS.find(words[index + 1]!.text) === undefined;
    found.push({ keyword: text, index, count, certain: certain || hasOwnValue });
    certain = values !== null || variable === 'list';
    index += count;
  }
  return found;
}

/** Whether a parameter is one that servers are known to have. */
export function isKnown({ keyword, count }: Parameter): boolean {
  return notAParameter(keyword, 0) === null || count > 1;
}

/** How many words follow a keyword as its values; null for an unknown one. */
function valuesOf(keyword: string, words: readonly Pick<Word, 'text'>[], index: number): number | null {
  const row = SERVER_OPTIONS.find(keyword);
  if (row === undefined) return null;
  if (keyword !== 'source') return row.takes;
  let count = 1;
  while (['usesrc', 'interface'].includes(words[index + count + 1]?.text ?? '')) count += 2;
  return count;
}

/** The keyword that says the contrary (`disabled`: `enabled`, `check`: `no-check`), or null when there is none. */
export function oppositeOf(keyword: string): string | null {
  const pair = OPPOSITES.find((two) => two.includes(keyword));
  if (pair !== undefined) return pair[0] === keyword ? pair[1] : pair[0];
  const other = keyword.startsWith('no-') ? keyword.slice(3) : `no-${keyword}`;
  return SERVER_OPTIONS.find(other) === undefined ? null : other;
}

const OPPOSITES: readonly (readonly [string, string])[] = [
  ['disabled', 'enabled'],
  ['stick', 'non-stick'],
];

/** Why `keyword` is not a server parameter with (`takes` 1) or without (0) a value, or null. */
export function notAParameter(keyword: string, takes: 0 | 1): string | null {
  const row = SERVER_OPTIONS.find(keyword);
  if (row === undefined) return `unknown server parameter '${keyword}'${didYouMean(keyword, SERVER_OPTIONS.names())}`;
  if (keyword === 'source') return "'source' has several values: edit it by hand";
  if (row.takes === takes) return null;
  return takes === 1 ? `server parameter '${keyword}' has no value` : `server parameter '${keyword}' needs a value`;
}

/** Parameters whose values any HAProxy judges as Sluice does. */
const JUDGED = new Set(
  'addr agent-addr agent-inter agent-port downinter error-limit fall fastinter inter maxconn maxqueue minconn port rise slowstart weight'.split(
    ' ',
  ),
);

/** Why a value cannot be that of a parameter, in HAProxy's words; null where it can, or where that is left to the program that reads it. */
export function valueProblem(server: string, keyword: string, value: string): string | null {
  if (!JUDGED.has(keyword)) return null;
  const draft = { ...newServer({ file: '', line: 0 }), name: server };
  return applyOptions(SERVER_OPTIONS, [keyword, value], 0, draft).error?.text ?? null;
}

/** Whether a flag is in effect where no line says anything of it; null for those whose default differs between versions. */
export function flagAtFirst(keyword: string, opposite: string | null): boolean | null {
  if (opposite === null || OFF_AT_FIRST.has(keyword)) return false;
  return OFF_AT_FIRST.has(opposite) ? true : null;
}

const OFF_AT_FIRST = new Set([
  'agent-check',
  'backup',
  'check',
  'check-send-proxy',
  'check-ssl',
  'disabled',
  'non-stick',
  'send-proxy',
  'send-proxy-v2',
  'send-proxy-v2-ssl',
  'send-proxy-v2-ssl-cn',
  'ssl',
]);
