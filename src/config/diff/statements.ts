/** Which statements of two sections differ: the order counts among those of one keyword, not between keywords. */

import type { Line } from './configuration.ts';

/** A statement before and after; null where it is not there. */
export interface Pair {
  readonly before: Line | null;
  readonly after: Line | null;
}

/** Statements whose order among each other has no meaning: the second word tells which setting it is. */
const NAMED_BY_TWO = new Set([
  'acl',
  'bind',
  'errorfile',
  'errorloc',
  'errorloc302',
  'errorloc303',
  'group',
  'hold',
  'log',
  'mailer',
  'nameserver',
  'option',
  'peer',
  'rate-limit',
  'setenv',
  'presetenv',
  'set-var',
  'set-var-fmt',
  'server',
  'server-template',
  'stats',
  'timeout',
  'user',
]);

/** What a statement sets: those with the same are compared in their order. */
export function settingOf(line: Pick<Line, 'words'>): string {
  const words = line.words.map(({ text }) => text);
  const rest = words[0] === 'no' || words[0] === 'default' ? words.slice(1) : words;
  const [first = '', second = ''] = rest;
  if (first === 'enabled') return 'disabled';
  return NAMED_BY_TWO.has(first) ? `${first} ${second}` : first;
}

/** What is set more than once in one of these lists of statements. */
export function repeatedSettings(...lists: readonly (readonly Line[])[]): ReadonlySet<string> {
  const repeated = new Set<string>();
  for (const lines of lists) {
    const seen = new Set<string>();
    for (const setting of lines.map(settingOf)) (seen.has(setting) ? repeated : seen).add(setting);
  }
  return repeated;
}

/** The statements that differ. Moved ones do not where the move changes nothing. */
export function compareStatements(before: readonly Line[], after: readonly Line[]): Pair[] {
  const groups = new Map<string, { before: Line[]; after: Line[] }>();
  const groupOf = (line: Line) => {
    const setting = settingOf(line);
    const group = groups.get(setting) ?? { before: [], after: [] };
    groups.set(setting, group);
    return group;
  };
  for (const line of before) groupOf(line).before.push(line);
  for (const line of after) groupOf(line).after.push(line);
  return [...groups.values()].flatMap((group) => pairUp(group.before, group.after));
}

/** Beyond this many pairs of lines to look at, lines are compared by their place and not for the least difference. */
const MAX_CELLS = 4_000_000;

/** Pairs of the lines that are not the same in both lists, in order; one that is gone goes with one that is new at the same place. */
function pairUp(before: readonly Line[], after: readonly Line[]): Pair[] {
  let start = 0;
  while (start < before.length && before[start]!.identity === after[start]?.identity) start++;
  let end = 0;
  const most = Math.min(before.length, after.length) - start;
  while (end < most && before.at(-1 - end)!.identity === after.at(-1 - end)!.identity) end++;
  const a = before.slice(start, before.length - end);
  const b = after.slice(start, after.length - end);
  const same = a.length * b.length > MAX_CELLS ? [] : commonLines(a, b);
  const pairs: Pair[] = [];
  let [i, j] = [0, 0];
  for (const [nextA, nextB] of [...same, [a.length, b.length] as const]) {
    for (; i < nextA || j < nextB; i++, j++) {
      pairs.push({ before: i < nextA ? a[i]! : null, after: j < nextB ? b[j]! : null });
    }
    [i, j] = [nextA + 1, nextB + 1];
  }
  return pairs;
}

/** Indexes of a longest common subsequence. */
function commonLines(a: readonly Line[], b: readonly Line[]): (readonly [number, number])[] {
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] =
        a[i]!.identity === b[j]!.identity
          ? lengths[(i + 1) * width + j + 1]! + 1
          : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
    }
  }
  const found: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i]!.identity === b[j]!.identity) found.push([i++, j++]);
    else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
    else j++;
  }
  return found;
}
