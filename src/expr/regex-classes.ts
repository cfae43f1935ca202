/** Classes and escapes of regular expressions, in JavaScript's spelling; texts are latin1 bytes. */

export const POSIX_CLASSES: Readonly<Record<string, string>> = {
  alpha: 'A-Za-z',
  digit: '0-9',
  alnum: 'A-Za-z0-9',
  upper: 'A-Z',
  lower: 'a-z',
  space: '\\t-\\r ',
  blank: ' \\t',
  punct: '!-\\/:-@\\[-`{-~',
  xdigit: '0-9A-Fa-f',
  word: 'A-Za-z0-9_',
  cntrl: '\\x00-\\x1f\\x7f',
  print: ' -~',
  graph: '!-~',
  ascii: '\\x00-\\x7f',
};

export const ESCAPED_CLASSES: Readonly<Record<string, string>> = {
  d: '0-9',
  w: 'A-Za-z0-9_',
  s: '\\t-\\r ',
  h: '\\t \\xa0',
  v: '\\n-\\r\\x85',
};

/** Escapes outside of classes that are neither a char nor a class. */
export const ESCAPES: Readonly<Record<string, string>> = {
  b: '\\b',
  B: '\\B',
  A: '^',
  z: '(?:$)',
  Z: '(?:$)',
  N: '[^\\n]',
  R: '(?:\\r\\n|[\\n-\\r\\x85])',
};

export const ESCAPED_CHARS: Readonly<Record<string, number>> = { a: 7, e: 27, f: 12, n: 10, r: 13, t: 9 };

/** `\d`, `\W`, ... as a class, or undefined for other letters. */
export function escapedClass(letter: string): string | undefined {
  const members = ESCAPED_CLASSES[letter.toLowerCase()];
  if (members === undefined) return undefined;
  return letter === letter.toLowerCase() ? `[${members}]` : `[^${members}]`;
}

/** Char code as it may stand in a class or outside of one. */
export function spell(code: number): string {
  const char = String.fromCharCode(code);
  if (/[A-Za-z0-9_]/.test(char)) return char;
  return `\\x${code.toString(16).padStart(2, '0')}`;
}

/** Members of a class for a range of codes, in both cases when asked for. */
export function spellRange(from: number, to: number, ignoreCase: boolean): string {
  const plain = from === to ? spell(from) : `${spell(from)}-${spell(to)}`;
  if (!ignoreCase) return plain;
  let members = plain;
  const lower = [Math.max(from, 0x61), Math.min(to, 0x7a)] as const;
  if (lower[0] <= lower[1]) members += `${spell(lower[0] - 32)}-${spell(lower[1] - 32)}`;
  const upper = [Math.max(from, 0x41), Math.min(to, 0x5a)] as const;
  if (upper[0] <= upper[1]) members += `${spell(upper[0] + 32)}-${spell(upper[1] + 32)}`;
  return members;
}

/** All bytes that are not in a set, as members of a class. */
export function complement(members: string): string {
  const set = new RegExp(`[${members}]`);
  let text = '';
  for (let code = 0; code < 256; code++) if (!set.test(String.fromCharCode(code))) text += spell(code);
  return text;
}
