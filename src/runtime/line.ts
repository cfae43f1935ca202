/** Words that a command may have at most; more are an error. */
export const MAX_WORDS = 64;

/** Longest terminator of a payload, in characters. */
const MAX_PATTERN = 64;

/** One command of a line, not yet split into words. */
export interface Part {
  readonly text: string;
  /** Terminator of the payload that follows the line (`<<END` -> `END`, `<<` -> ``), null without payload. */
  readonly pattern: string | null;
}

/**
 * Splits a command line (without its LF) at unescaped `;`. There is always at least one part. Only the last one may announce a
 * payload: by a last word `<<` or `<<PATTERN`. A NUL byte ends what counts of the line.
 */
export function splitLine(line: string): Part[] {
  const nul = line.indexOf('\0');
  const text = nul === -1 ? line : line.slice(0, nul);
  const parts: Part[] = [];
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '\\') i++;
    else if (text[i] === ';') {
      parts.push({ text: text.slice(start, i), pattern: null });
      start = i + 1;
    }
  }
  parts.push(withPattern(text.slice(start)));
  return parts;
}

function withPattern(text: string): Part {
  const trimmed = text.replace(/\r$/, '');
  // The blank before it must not be escaped itself.
  const lastWord = /(?:^|(?<=(?:^|[^\\])(?:\\\\)*)[ \t])<<([^ \t]*)$/.exec(trimmed);
  if (!lastWord || lastWord[1]!.length > MAX_PATTERN) return { text: trimmed, pattern: null };
  return { text: trimmed.slice(0, lastWord.index), pattern: lastWord[1]! };
}

/**
 * Splits a command into words at spaces and tabs. A backslash makes the next character an ordinary one; there are no quotes.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let inWord = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (c === ' ' || c === '\t') {
      if (inWord) words.push(word);
      word = '';
      inWord = false;
    } else {
      inWord = true;
      if (c !== '\\') word += c;
      else if (++i < text.length) word += text[i]!;
    }
  }
  if (inWord) words.push(word);
  return words;
}
