/** Arguments of keywords that are accepted without effect: a mistake in them is one all the same. */

import type { Line } from '../line.ts';
import { parseInteger } from '../units.ts';

/**
 * Checks what `args`, the manual's notation, says: one argument or a choice of words. False, with an alert, for a mistake; other
 * notations are not looked at.
 */
export function checkInertArguments(line: Line, args: string, first: number): boolean {
  if (!/^(?:<[^<>]+>|\{[^{}<>]+\})$/.test(args)) return true;
  const keyword = line.words.slice(0, first).join(' ');
  const value = line.word(first);
  const problem = valueProblem(value, args);
  if (problem === null) return line.atMost(1, first);
  line.alert(`'${keyword}' expects ${problem}${value === '' ? '' : ` (got '${value}')`}.`);
  return false;
}

function valueProblem(value: string, args: string): string | null {
  if (args.startsWith('{')) {
    const choices = args.slice(1, -1).split('|');
    return choices.includes(value) ? null : `one of '${choices.join("', '")}'`;
  }
  if (args === '<number>') return parseInteger(value.replace(/^[-+]/, '')) === null ? 'an integer argument' : null;
  return value === '' ? `${args} as argument` : null;
}
