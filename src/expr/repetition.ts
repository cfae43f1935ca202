/**
 * Counted repetitions. V8's engine without backtracking takes patterns only whose repetitions, one in the other, come to 16 copies at most
 * (`kMaxReplicationFactor`): larger ones are written out, so that it can take over there, too.
 */

/** Copies that the engine makes by itself. */
export const OWN_COPIES = 16;

/** Longest text of what is written out. */
const LONGEST = 32_768;

const CAPTURE = /\\.|\[(?:\\.|[^\]\\])*\]|\((?!\?)/gs;

/** Makes the groups of a pattern (in JavaScript's spelling) capture nothing. */
function withoutCaptures(pattern: string): string {
  return pattern.replace(CAPTURE, (found) => (found === '(' ? '(?:' : found));
}

/** How often an item that is repeated so is copied. */
export function copiesOf(least: number, most: number): number {
  return most === Number.POSITIVE_INFINITY ? least + 1 : most;
}

/**
 * `item` repeated `least` to `most` times, written out; `lazy`: as few times as possible. The error is for the end of "...: ": a group that
 * captures cannot be written out when the number of its copies varies, as what it captures is that of the last one.
 */
export function writtenOut(
  item: string,
  least: number,
  most: number,
  lazy: boolean,
): string | { readonly error: string } {
  const silent = withoutCaptures(item);
  const question = lazy ? '??' : '?';
  if (silent !== item && least !== most)
    return { error: 'a group that captures is repeated more than 16 times; use (?:...) in its place' };
  if (item.length * copiesOf(least, most) > LONGEST) return { error: 'the repetitions are too many' };
  if (least === most) return silent.repeat(least - 1) + item;
  if (most === Number.POSITIVE_INFINITY) return `${item.repeat(least)}${item}*${lazy ? '?' : ''}`;
  const optional = most - least;
  return item.repeat(least) + `(?:${item}`.repeat(optional) + `)${question}`.repeat(optional);
}
