import type { EditedLine } from '../../config/edit/apply-edits.ts';

/** Lines that are gone, and lines that are new, with their numbers in the old and the new text. */
export function lineDifference(file: string, old: string, now: string): readonly EditedLine[] {
  const count = (text: string) => {
    const lines = new Map<string, number>();
    for (const line of text.split('\n')) lines.set(line, (lines.get(line) ?? 0) + 1);
    return lines;
  };
  const only = (text: string, other: string) => {
    const left = count(other);
    return text.split('\n').flatMap((line, i) => {
      const times = left.get(line) ?? 0;
      left.set(line, times - 1);
      return times > 0 || line === '' ? [] : [{ line: i + 1, text: line }];
    });
  };
  return [
    ...only(old, now).map(({ line, text }) => ({ file, line, before: text, after: null })),
    ...only(now, old).map(({ line, text }) => ({ file, line, before: null, after: text })),
  ];
}
