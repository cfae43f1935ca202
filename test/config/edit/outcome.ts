import type { Document } from '../../../src/config/document.ts';
import type { Edited } from '../../../src/config/edit/apply-edits.ts';
import { problemText } from '../../../src/config/edit/edit.ts';

/**
 * What edits came to, as golden cases write it: the lines that differ between the texts before and after, found by comparing the
 * texts and not by asking what was edited; or the problems.
 */
export function outcomeText(before: readonly Document[], edited: Edited): string {
  if ('problems' in edited) return edited.problems.map((problem) => `${problemText(problem)}\n`).join('');
  return differenceText(before, edited.documents);
}

/** The lines that differ between documents. */
export function differenceText(before: readonly Document[], after: readonly Document[]): string {
  return before.map((document, i) => differingLines(document.name, document.print(), after[i]!.print())).join('');
}

/** `NAME:LINE` and the lines taken away and put in there; ends of lines other than a newline are shown. */
function differingLines(name: string, before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')];
  const kept = longestCommon(a, b);
  let text = '';
  for (let i = 0, j = 0; i < a.length || j < b.length; ) {
    if (kept.get(i) === j) {
      i++;
      j++;
      continue;
    }
    text += `${name}:${i + 1}\n`;
    while (i < a.length && !kept.has(i)) text += `-${shown(a[i++]!)}\n`;
    const until = kept.get(i) ?? b.length;
    while (j < until) text += `+${shown(b[j++]!)}\n`;
  }
  return text;
}

function shown(line: string): string {
  return line.replaceAll('\r', '\\r');
}

/** Which line of `b` each line of `a` is, where both have it in the same order (longest common subsequence). */
function longestCommon(a: readonly string[], b: readonly string[]): Map<number, number> {
  const lengths = Array.from({ length: a.length + 1 }, () => new Array<number>(b.length + 1).fill(0));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i]![j] = a[i] === b[j] ? lengths[i + 1]![j + 1]! + 1 : Math.max(lengths[i + 1]![j]!, lengths[i]![j + 1]!);
    }
  }
  const kept = new Map<number, number>();
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) kept.set(i++, j++);
    else if (lengths[i + 1]![j]! >= lengths[i]![j + 1]!) i++;
    else j++;
  }
  return kept;
}
