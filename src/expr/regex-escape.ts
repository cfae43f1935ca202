import { ESCAPED_CHARS } from './regex-classes.ts';
import { RegexProblem } from './regex-problem.ts';

/** Code of the escaped char at `at` of a pattern, and how long its spelling is. Throws a RegexProblem. */
export function escapedChar(source: string, at: number): { readonly code: number; readonly length: number } {
  const rest = source.slice(at);
  const hex = /^\\x(?:\{([0-9A-Fa-f]{1,2})\}|([0-9A-Fa-f]{0,2}))/.exec(rest);
  if (hex !== null) return { code: Number.parseInt(hex[1] ?? (hex[2] || '0'), 16), length: hex[0].length };
  const octal = /^\\0[0-7]{0,2}/.exec(rest);
  if (octal !== null) return { code: Number.parseInt(octal[0].slice(1), 8) & 0xff, length: octal[0].length };
  const char = rest[1]!;
  const control = ESCAPED_CHARS[char];
  if (control !== undefined) return { code: control, length: 2 };
  if (/[A-Za-z0-9]/.test(char)) throw new RegexProblem('unrecognized character follows \\', at + 1);
  return { code: char.charCodeAt(0) & 0xff, length: 2 };
}
