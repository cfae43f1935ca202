/** `stick-table` lines, and `table` lines of peers sections (manual, sections 4.2 and 3.5). */

import { resolve } from 'node:path';
import type { Draft } from '../draft.ts';
import type { Line } from '../line.ts';
import { configuredPath } from '../paths.ts';
import type { StickTableConfig, StickTableType } from '../types.ts';
import { parseSize, parseTime } from '../units.ts';
import { parseStore } from './store.ts';

/** How often tables are saved that do not say it, and at most, ms. */
const STATE_INTERVAL = 60_000;
const MIN_INTERVAL = 100;

type TableDraft = Draft<StickTableConfig>;

/** Bytes of a key of each type when `len` does not say. */
const KEY_LENGTHS: Readonly<Record<StickTableType, number>> = { integer: 4, ip: 4, ipv6: 16, string: 32, binary: 32 };

/** brates-factor, at most. */
const MAX_FACTOR = 1024;

/** Reads the words from `first` on. `section`: the peers section of the line, null in a proxy. null after a mistake, which is reported. */
export function parseStickTable(line: Line, first: number, name: string, section: string | null): TableDraft | null {
  const table = newTable(line, name, section);
  const words = new TableWords(line, first);
  let hasType = false;
  for (let word = words.take(); word !== ''; word = words.take()) {
    const read = OPTIONS[word];
    if (read === undefined || (word === 'peers' && section !== null)) {
      words.fail(`unknown argument '${word}'.`);
      return null;
    }
    if (!read(words, table, word)) return null;
    hasType ||= word === 'type';
  }
  if (table.size > 0 && hasType) return table;
  words.fail(table.size === 0 ? 'missing size.' : 'missing type.');
  return null;
}

function newTable(line: Line, name: string, section: string | null): TableDraft {
  return {
    ...{ name, section, at: line.at, type: 'ip', keyLength: 4, size: 0, expire: 0 },
    ...{ nopurge: false, recvOnly: false, writeTo: null, peers: section, shards: 0, srvkey: 'name', bratesFactor: 1 },
    ...{ stateFile: null, stateInterval: STATE_INTERVAL, data: [] },
  };
}

/** The words of the line, and its mistakes. */
class TableWords {
  readonly line: Line;
  #at: number;

  constructor(line: Line, first: number) {
    this.line = line;
    this.#at = first;
  }

  /** The next word; empty at the end. */
  take(): string {
    return this.line.word(this.#at++);
  }

  /** Takes the next word when it is `word`. */
  skip(word: string): boolean {
    if (this.line.word(this.#at) !== word) return false;
    this.#at++;
    return true;
  }

  /** The argument of an option; null, with a message, when there is none. */
  argument(option: string): string | null {
    const word = this.take();
    if (word !== '') return word;
    this.fail(`missing argument after '${option}'.`);
    return null;
  }

  /** Reports a mistake; returns false. */
  fail(text: string): false {
    this.line.alert(`${this.line.word(0)}: ${text}`);
    return false;
  }
}

/** Reads the arguments of an option into the table; false after a mistake. */
type ReadOption = (words: TableWords, table: TableDraft, option: string) => boolean;

const OPTIONS: Readonly<Record<string, ReadOption>> = {
  type(words, table) {
    const type = words.take();
    if (!Object.hasOwn(KEY_LENGTHS, type)) return words.fail(`unknown type '${type}'.`);
    table.type = type as StickTableType;
    table.keyLength = KEY_LENGTHS[table.type];
    if ((type !== 'string' && type !== 'binary') || !words.skip('len')) return true;
    const length = words.take();
    if (!/^\+?\d+$/.test(length) || Number(length) === 0 || Number(length) > MAX_KEY_LENGTH) {
      words.line.alert(
        Number(length) > MAX_KEY_LENGTH
          ? `'len' expects at most ${MAX_KEY_LENGTH} bytes.`
          : "'len' expects a positive integer argument.",
      );
      return false;
    }
    table.keyLength = Number(length);
    return true;
  },
  size: (words, table, option) => {
    const size = sizeOf(words, option);
    if (size !== null) table.size = size;
    return size !== null;
  },
  expire(words, table, option) {
    const text = words.argument(option);
    if (text === null) return false;
    const time = parseTime(text);
    if (typeof time === 'number') table.expire = time;
    else if (time.error === 'character')
      return words.fail(`unexpected character '${time.character}' in argument of '${option}'.`);
    else {
      const limit = 'maximum value is 2147483647 ms (~24.8 days)';
      words.line.alert(
        `${words.line.word(0)}: timer overflow in argument <${text}> to <${option}>, ${limit}.`,
        'reader',
      );
      return false;
    }
    return true;
  },
  nopurge: (_, table) => {
    table.nopurge = true;
    return true;
  },
  'recv-only': (_, table) => {
    table.recvOnly = true;
    return true;
  },
  peers(words, table, option) {
    table.peers = words.argument(option);
    return table.peers !== null;
  },
  store(words, table) {
    const { error, warnings } = parseStore(words.take(), table.data);
    for (const text of warnings) words.line.warning(`${words.line.word(0)}: ${text}`, 'reader');
    return error === null || words.fail(error);
  },
  srvkey(words, table) {
    const key = words.take();
    if (key !== 'name' && key !== 'addr') {
      words.line.alert(`${words.line.word(0)} : unknown server key type '${key}'.`);
      return false;
    }
    table.srvkey = key;
    return true;
  },
  'write-to'(words, table) {
    table.writeTo = words.take();
    if (table.writeTo !== '') return true;
    words.line.alert(`${words.line.word(0)} : write-to requires table name.`);
    return false;
  },
  'brates-factor'(words, table, option) {
    const factor = sizeOf(words, option);
    if (factor === null) return false;
    if (factor < 1 || factor > MAX_FACTOR)
      return words.fail(`argument '${option}' must be greater than 0 and lower or equal than ${MAX_FACTOR}.`);
    table.bratesFactor = factor;
    return true;
  },
  // Ours: what the table has is saved there.
  'state-file'(words, table, option) {
    const { defaultPath } = words.line.context.config.global;
    const path = words.argument(option);
    if (path !== null) table.stateFile = resolve(configuredPath(path, words.line.at.file, defaultPath));
    return path !== null;
  },
  // Ours: how often.
  'state-interval'(words, table, option) {
    const text = words.argument(option);
    if (text === null) return false;
    const time = parseTime(text);
    if (typeof time !== 'number' || time < MIN_INTERVAL)
      return words.fail(`'${option}' expects a time of at least ${MIN_INTERVAL} ms, got '${text}'.`);
    table.stateInterval = time;
    return true;
  },
};

/** Longest key, bytes: what is looked up comes from a buffer of this order. */
const MAX_KEY_LENGTH = 16_384;

/** A number that may end in k, m or g; null after a mistake. */
function sizeOf(words: TableWords, option: string): number | null {
  const text = words.argument(option);
  if (text === null) return null;
  const size = parseSize(text);
  if (typeof size === 'number') return size;
  const character = size.error === 'overflow' ? text.at(-1) : size.character;
  words.fail(`unexpected character '${character}' in argument of '${option}'.`);
  return null;
}
