import { RuntimeClientError } from './failures.ts';

/** Most words that a command line may have (HAProxy 3.2 refuses more, older ones ignore them). */
const MAX_WORDS = 64;

/** A command as one line, without its end. Throws a RuntimeClientError (EINVAL) on what no command line can hold. */
export function commandLine(words: readonly string[]): string {
  if (words.length === 0) throw new RuntimeClientError('EINVAL', 'a command has at least one word');
  if (words.length > MAX_WORDS)
    throw new RuntimeClientError('EINVAL', `a command has at most ${MAX_WORDS} words, this one has ${words.length}`);
  return words.map(quoteWord).join(' ');
}

/**
 * A word that HAProxy splits back to itself. A backslash makes the next character an ordinary one, there are no quotes (management
 * manual, section 9.3), so that an empty word cannot be written, nor one with a line end or a NUL.
 */
function quoteWord(word: string): string {
  if (word === '' || /[\n\r\0]/.test(word))
    throw new RuntimeClientError(
      'EINVAL',
      `a word of a command may not be empty and holds neither line ends nor NUL: ${JSON.stringify(word)}`,
    );
  // A word that begins with `<<` would announce a payload.
  return word.replace(/[\\ \t;]|^</g, '\\$&');
}

/** A command with its payload, as sent on a connection that stays open. */
export function commandBytes(words: readonly string[], payload: string | undefined): Buffer {
  const line = commandLine(words);
  if (payload === undefined) return Buffer.from(`${line}\n`);
  const { announce, lines } = payloadBlock(payload);
  return Buffer.from(`${line} ${announce}\n${lines}`);
}

/**
 * The words that announce a payload and the lines of it up to its end. One without empty lines is written as all versions take it; empty
 * lines need a terminator of one's own (HAProxy 2.9 and later). Lines are raw: nothing in them is special.
 */
export function payloadBlock(payload: string): { readonly announce: string; readonly lines: string } {
  if (payload.includes('\0')) throw new RuntimeClientError('EINVAL', 'a payload holds no NUL');
  const lines = payload.replace(/(\r?\n)+$/, '');
  const end = terminator(lines);
  return { announce: `<<${end}`, lines: `${lines}\n${end}\n` };
}

/** True when the payload has an empty line within, which HAProxy before 2.9 takes for its end. */
export function hasEmptyLine(payload: string): boolean {
  return /^\r?$/m.test(payload.replace(/(\r?\n)+$/, ''));
}

/** `` when no line of the payload is empty, else a word of at most 7 characters that no line equals. */
function terminator(payload: string): string {
  if (!hasEmptyLine(payload)) return '';
  const lines = new Set(payload.split(/\r?\n/));
  for (let i = 0; ; i++) {
    const word = `E${i.toString(36)}`;
    if (!lines.has(word)) return word;
  }
}
