/** Forms that keywords of the `global` section have. */

import type { ConfigDraft, Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { GlobalConfig } from '../types.ts';
import { parseTime } from '../units.ts';
import { integerArgument, wordArgument } from './arguments.ts';
import { type Keyword, works } from './table.ts';

export type Row = Keyword<ConfigDraft>;

type Global = Draft<GlobalConfig>;

/** Keys of `GlobalConfig` whose value is a `T`. */
type KeysOf<T> = { [K in keyof Global]-?: T extends Global[K] ? K : never }[keyof Global];

function set<K extends keyof Global>(global: Global, key: K, value: Global[K]): void {
  global[key] = value;
}

/** A keyword with one number. */
export function number(name: string, key: KeysOf<number>, min = 0, max?: number): Row {
  return works<ConfigDraft>(name, '<number>', (line, { global }) => {
    const value = integerArgument(line, max === undefined ? { min } : { min, max });
    if (value !== null) set(global, key, value as Global[typeof key]);
  });
}

/** A keyword with one word. */
export function text(name: string, args: string, key: KeysOf<string>, expects: string, more: Partial<Row> = {}): Row {
  const parse = (line: Line, { global }: ConfigDraft) => {
    const value = wordArgument(line, expects);
    if (value !== null) set(global, key, value as Global[typeof key]);
  };
  return works<ConfigDraft>(name, args, parse, more);
}

/** A switch without argument. */
export function flag(name: string, key: KeysOf<boolean>, more: Partial<Row> = {}): Row {
  return works<ConfigDraft>(
    name,
    '',
    (line, { global }) => {
      if (line.atMost(0)) set(global, key, (line.prefix === '') as Global[typeof key]);
    },
    more,
  );
}

/** Refuses a second value for something that cannot have two. True when this is the first. */
export function once(line: Line, config: ConfigDraft, key: string, what: string): boolean {
  if (config.seen.has(key)) {
    line.alert(`${what} already specified. Continuing.`);
    return false;
  }
  config.seen.set(key, line.at);
  return true;
}

export function delay(line: Line, keyword: string): number | null {
  const word = line.word(1);
  if (word === '') {
    line.alert(`'${keyword}' expects <time> as argument.`);
    return null;
  }
  const value = parseTime(word);
  if (typeof value === 'number') return line.atMost(1) ? value : null;
  if (value.error === 'character') line.alert(`unexpected character '${value.character}' in argument to <${keyword}>.`);
  else line.alert(`timer overflow in argument <${word}> to <${keyword}>, maximum value is 2147483647 ms (~24.8 days).`);
  return null;
}

/** Kept as words for the room that reads it by name. */
export function kept(name: string, args: string, min: number, expects: string): Row {
  return works<ConfigDraft>(name, args, (line, { global }) => {
    if (line.words.length <= min) return line.alert(`'${name}' expects ${expects}.`);
    global.other[name] = [...(global.other[name] ?? []), { words: line.words.slice(1), at: line.at }];
    return undefined;
  });
}
