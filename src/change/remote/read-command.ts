import type { Change } from '../change.ts';
import { frontendReaders, oneShotReaders, processReaders } from './read/process.ts';
import type { Reader, Words } from './read/reader.ts';
import { dynamicReaders, serverReaders } from './read/servers.ts';
import { storeReaders } from './read/stores.ts';
import { subjectOf } from './read/subject.ts';

/** A command of the Runtime API as somebody typed it, its words unquoted. */
export interface TypedCommand {
  readonly words: readonly string[];
  readonly payload: string | null;
  /** The mode that was switched on before it. */
  readonly mode: 'experimental' | 'expert' | null;
}

/** By their first words; of several that fit the longest counts. */
const READERS: Readonly<Record<string, Reader>> = {
  ...serverReaders,
  ...dynamicReaders,
  ...frontendReaders,
  ...processReaders,
  ...oneShotReaders,
  ...storeReaders,
};

/** Words in the key of a reader at most. */
const MOST_WORDS = 3;

/**
 * The Changes that a command makes; null when it only reads, or is about its own connection. What no kind of Change stands for is a
 * `runtime.command`, so that nothing which may change something is taken for reading.
 */
export function readCommand({ words, payload, mode }: TypedCommand): readonly Change[] | null {
  if (onlyReads(words)) return null;
  return read(words, payload) ?? [{ kind: 'runtime.command', words, payload, mode, on: subjectOf(words) }];
}

function read(words: Words, payload: string | null): readonly Change[] | null {
  for (let count = Math.min(MOST_WORDS, words.length); count > 0; count--) {
    const key = words.slice(0, count).join(' ');
    if (!Object.hasOwn(READERS, key)) continue;
    const found = READERS[key]!(words.slice(count), payload);
    if (found === null) return null;
    return Array.isArray(found) ? found : [found as Change];
  }
  return null;
}

/** First words of commands that change nothing but their own connection (management.txt, section 9.3). */
const READING: readonly string[] = [
  ...['show', 'get', 'help', 'echo', 'wait', 'dump', 'acme status'],
  ...['prompt', 'quit', 'operator', 'user', 'expert-mode', 'experimental-mode'],
  ...['set timeout', 'set severity-output', 'set anon on', 'set anon off'],
];

function onlyReads(words: Words): boolean {
  // Without a word behind it, the sources and their states are listed.
  if (words.length === 0 || (words.length === 1 && words[0] === 'trace')) return true;
  return READING.some((row) => row.split(' ').every((word, i) => words[i] === word));
}
