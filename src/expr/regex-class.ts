import { complement, ESCAPED_CLASSES, POSIX_CLASSES, spellRange } from './regex-classes.ts';
import { escapedChar } from './regex-escape.ts';
import { RegexProblem } from './regex-problem.ts';

/** The class (`[...]`) that begins at `start` of a pattern, in JavaScript's spelling, and the offset behind it. Throws a RegexProblem. */
export function readClass(
  source: string,
  start: number,
  ignoreCase: boolean,
): { readonly text: string; readonly end: number } {
  let members = '';
  let at = start + 1;
  const negated = source[at] === '^';
  if (negated) at++;
  const first = at;
  while (at < source.length && (source[at] !== ']' || at === first)) {
    const member = readSet(source, at, ignoreCase) ?? readRange(source, at, ignoreCase);
    members += member.text;
    at = member.end;
  }
  if (at >= source.length) throw new RegexProblem('missing terminating ] for character class', source.length);
  return { text: `[${negated ? '^' : ''}${members}]`, end: at + 1 };
}

/** A set by its name, `[:alpha:]` or `\\d`; null when there is none at `at`. */
function readSet(source: string, at: number, ignoreCase: boolean): { text: string; end: number } | null {
  const rest = source.slice(at);
  const posix = /^\[:(\^?)([a-z]+):\]/.exec(rest);
  if (posix !== null) {
    const [whole, not, name] = posix;
    return { text: posixClass(not === '^', name!, at, ignoreCase), end: at + whole.length };
  }
  const set = /^\\([dwshvDWSHV])/.exec(rest);
  if (set === null) return null;
  const letter = set[1]!;
  const members = ESCAPED_CLASSES[letter.toLowerCase()]!;
  return { text: letter === letter.toLowerCase() ? members : complement(members), end: at + 2 };
}

function posixClass(negated: boolean, name: string, at: number, ignoreCase: boolean): string {
  let members = POSIX_CLASSES[name];
  if (members === undefined) throw new RegexProblem('unknown POSIX class name', at);
  if (ignoreCase && (name === 'upper' || name === 'lower')) members = POSIX_CLASSES['alpha']!;
  return negated ? complement(members) : members;
}

/** A char, or a range of chars. */
function readRange(source: string, start: number, ignoreCase: boolean): { text: string; end: number } {
  const from = readMember(source, start);
  const at = start + from.length;
  if (source[at] !== '-' || at + 1 >= source.length || source[at + 1] === ']')
    return { text: spellRange(from.code, from.code, ignoreCase), end: at };
  const to = readMember(source, at + 1);
  const end = at + 1 + to.length;
  if (to.code < from.code) throw new RegexProblem('range out of order in character class', end - 1);
  return { text: spellRange(from.code, to.code, ignoreCase), end };
}

function readMember(source: string, at: number): { code: number; length: number } {
  if (source[at] !== '\\') return { code: source.charCodeAt(at) & 0xff, length: 1 };
  if (at + 1 >= source.length) throw new RegexProblem('\\ at end of pattern', source.length);
  if (source[at + 1] === 'b') return { code: 8, length: 2 };
  return escapedChar(source, at);
}
