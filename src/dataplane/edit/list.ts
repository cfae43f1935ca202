/** A list of resources in place of another: what stays the same keeps its line. */

import { isDeepStrictEqual } from 'node:util';

export type Step =
  | { readonly keep: number; readonly with: number }
  | { readonly drop: number }
  | { readonly add: number };

/**
 * How one list becomes another: items that are in both, in order, are kept; of the others those at one place are written over one
 * another, the rest dropped or added. Indexes into `before` (`keep`, `drop`) and `after` (`with`, `add`).
 */
export function listSteps(before: readonly unknown[], after: readonly unknown[]): Step[] {
  const steps: Step[] = [];
  let [i, j] = [0, 0];
  for (const [a, b] of [...common(before, after), [before.length, after.length] as const]) {
    const paired = Math.min(a - i, b - j);
    for (let n = 0; n < paired; n++) steps.push({ keep: i++, with: j++ });
    while (i < a) steps.push({ drop: i++ });
    while (j < b) steps.push({ add: j++ });
    if (a < before.length) steps.push({ keep: i++, with: j++ });
  }
  return steps;
}

/** Longer lists are compared by what is the same at their ends only. */
const LONGEST = 400;

/** Pairs of indexes of equal items, ascending: a longest common subsequence. */
function common(before: readonly unknown[], after: readonly unknown[]): (readonly [number, number])[] {
  let start = 0;
  const least = Math.min(before.length, after.length);
  while (start < least && isDeepStrictEqual(before[start], after[start])) start++;
  let end = 0;
  while (end < least - start && isDeepStrictEqual(before.at(-1 - end), after.at(-1 - end))) end++;
  const head = Array.from({ length: start }, (_, k) => [k, k] as const);
  const tail = Array.from({ length: end }, (_, k) => [before.length - end + k, after.length - end + k] as const);
  const [m, n] = [before.length - start - end, after.length - start - end];
  if (m > LONGEST || n > LONGEST) return [...head, ...tail];
  const [a, b] = [before.slice(start, start + m).map(key), after.slice(start, start + n).map(key)];
  const lengths = Array.from({ length: m + 1 }, () => new Uint16Array(n + 1));
  for (let x = m - 1; x >= 0; x--)
    for (let y = n - 1; y >= 0; y--)
      lengths[x]![y] = a[x] === b[y] ? lengths[x + 1]![y + 1]! + 1 : Math.max(lengths[x + 1]![y]!, lengths[x]![y + 1]!);
  const middle: [number, number][] = [];
  for (let [x, y] = [0, 0]; x < m && y < n; ) {
    if (a[x] === b[y]) middle.push([start + x++, start + y++]);
    else if (lengths[x + 1]![y]! >= lengths[x]![y + 1]!) x++;
    else y++;
  }
  return [...head, ...middle, ...tail];
}

/** The same for equal values: members in order of their names. */
function key(value: unknown): string {
  return JSON.stringify(value, (_name, member: unknown) =>
    member !== null && typeof member === 'object' && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([p], [q]) => (p < q ? -1 : 1)))
      : member,
  );
}
