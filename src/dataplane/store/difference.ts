import { listSteps } from '../edit/list.ts';
import type { Documents } from '../edit/sections.ts';

/** Lines that are told at most. */
const MOST = 200;

/** What two states of the files say differently: a line each, `FILE:LINE` before a group of `-` and `+` lines. '' when nothing does. */
export function differenceText(before: Documents, after: Documents): string {
  const told: string[] = [];
  for (const [i, document] of after.entries()) {
    const [old, now] = [before[i]?.lines ?? [], document.lines];
    let open = false;
    for (const step of listSteps(
      old.map(({ raw }) => raw),
      now.map(({ raw }) => raw),
    )) {
      const [a, b] =
        'keep' in step
          ? [old[step.keep]!, now[step.with]!]
          : 'drop' in step
            ? [old[step.drop]!, null]
            : [null, now[step.add]!];
      if (a?.raw === b?.raw) {
        open = false;
        continue;
      }
      if (!open) told.push(`${document.name}:${(a ?? b)!.number}`);
      open = true;
      if (a !== null) told.push(`-${a.raw}`);
      if (b !== null) told.push(`+${b.raw}`);
    }
  }
  if (told.length > MOST) told.splice(MOST, told.length, `... and ${told.length - MOST} more lines`);
  return told.join('\n');
}
