/** Reading of arguments that many keywords share; each reports its own mistake and returns null then. */

import type { Line } from '../line.ts';
import { parseInteger, parseSize, parseTime } from '../units.ts';

const MAX_INT = 2_147_483_647;

export interface IntegerRange {
  readonly min?: number;
  readonly max?: number;
}

/** The whole number after the keyword's `first` words. */
export function integerArgument(line: Line, range: IntegerRange = {}, first = 1): number | null {
  const keyword = line.words.slice(0, first).join(' ');
  const text = line.word(first);
  const value = parseInteger(text);
  const { min = 0, max = MAX_INT } = range;
  if (value === null) {
    line.alert(
      text === ''
        ? `'${keyword}' expects an integer argument.`
        : `'${keyword}' expects an integer argument (got '${text}').`,
    );
    return null;
  }
  if (value < min || value > max) {
    line.alert(`'${keyword}' expects a value between ${min} and ${max} (was ${value}).`);
    return null;
  }
  return line.atMost(1, first) ? value : null;
}

/** The time after the keyword's `first` words, in ms. */
export function timeArgument(line: Line, first = 1): number | null {
  const keyword = line.words.slice(0, first).join(' ');
  const text = line.word(first);
  if (text === '') {
    line.alert(`'${keyword}' expects a time (in milliseconds) as argument.`);
    return null;
  }
  const value = timeText(line, text, `'${keyword}'`);
  return value !== null && line.atMost(1, first) ? value : null;
}

/** `text` as a time in ms; `what` names the keyword in messages. */
export function timeText(line: Line, text: string, what: string): number | null {
  const value = parseTime(text);
  if (typeof value === 'number') return value;
  if (value.error === 'overflow') {
    line.alert(`timer overflow in argument '${text}' to ${what} (maximum value is 2147483647 ms or ~24.8 days)`);
  } else line.alert(`unexpected character '${value.character}' in ${what}`);
  return null;
}

/** The size after the keyword's `first` words, in bytes. */
export function sizeArgument(line: Line, range: IntegerRange = {}, first = 1): number | null {
  const keyword = line.words.slice(0, first).join(' ');
  const text = line.word(first);
  const { min = 0, max = MAX_INT } = range;
  if (text === '') {
    line.alert(`'${keyword}' expects a size as argument.`);
    return null;
  }
  const value = parseSize(text);
  if (typeof value !== 'number') {
    const character = value.error === 'overflow' ? '' : ` '${value.character}'`;
    line.alert(
      `'${keyword}' : ${value.error === 'overflow' ? 'size overflow' : `unexpected character${character}`} in '${text}'`,
    );
    return null;
  }
  if (value < min || value > max) {
    line.alert(`'${keyword}' expects a size between ${min} and ${max} bytes (was ${value}).`);
    return null;
  }
  return line.atMost(1, first) ? value : null;
}

/** `on` or `off` after the keyword's `first` words. */
export function switchArgument(line: Line, first = 1): boolean | null {
  const keyword = line.words.slice(0, first).join(' ');
  const text = line.word(first);
  if (text !== 'on' && text !== 'off') {
    line.alert(`'${keyword}' expects either 'on' or 'off' but got '${text}'.`);
    return null;
  }
  return line.atMost(1, first) ? text === 'on' : null;
}

/** The one word after the keyword; `expects` ends the message when there is none. */
export function wordArgument(line: Line, expects: string, first = 1): string | null {
  const text = line.word(first);
  if (text === '') {
    line.alert(`'${line.words.slice(0, first).join(' ')}' expects ${expects}.`);
    return null;
  }
  return line.atMost(1, first) ? text : null;
}

/** The first character of `name` that may not be in a section's or a server's name, or null. */
export function strangeNameCharacter(name: string): string | null {
  return /[^A-Za-z0-9_.:-]/.exec(name)?.[0] ?? null;
}
