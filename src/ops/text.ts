/** Text for people: aligned, and without anything that a terminal would obey. */

/** Rows as lines whose columns stand under each other, two blanks between them. `indent`: blanks before each. */
export function table(rows: readonly (readonly string[])[], indent = 0): string[] {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  return rows.map((row) => (' '.repeat(indent) + row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')).trimEnd());
}

/** A time in ms as people write it, two units at most: `1d4h`, `2m30s`, `500ms`. */
export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  const seconds = Math.round(ms / 1000);
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3_600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'm'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([number]) => number > 0);
  return parts
    .slice(first, first + 2)
    .filter(([number]) => number > 0)
    .map(([number, unit]) => `${number}${unit}`)
    .join('');
}

/** `1 session`, `3 sessions`. */
export function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
