import type { PlannedChange, PlannedStep } from '../../ops/events.ts';
import { count, durationText, table } from '../../ops/text.ts';
import { shown } from '../../util/shown.ts';

const AT_TIMEOUT: Readonly<Record<string, string>> = {
  stay: 'then stop and leave it so',
  revert: 'then take everything back',
  'go-on': 'then go on all the same',
};

/** The steps of a plan, numbered; under a step each change with its effect, and the commands that a HAProxy is sent. */
export function planLines(steps: readonly PlannedStep[]): string[] {
  if (steps.length === 0) return ['nothing is to be done'];
  return steps.flatMap((step, i) => stepLines(step, `${String(i + 1).padStart(String(steps.length).length)}. `));
}

function stepLines(step: PlannedStep, number: string): string[] {
  const indent = number.length + 2;
  switch (step.do) {
    case 'change':
      return [`${number}change`, ...changeLines(step.changes, indent)];
    case 'wait':
      return [
        shown(`${number}wait for ${step.what}, at most ${durationText(step.timeout)}, ${AT_TIMEOUT[step.atTimeout]}`),
      ];
    case 'pause':
      return [`${number}pause of ${durationText(step.time)}`];
    case 'check':
      return [shown(`${number}check: ${step.what}; take everything back when not`)];
    case 'act':
      return [shown(`${number}${step.what}`)];
    default:
      return [shown(`${number}${step.do} ${step.operation}`)];
  }
}

function changeLines(changes: readonly PlannedChange[], indent: number): string[] {
  const rows = table(changes.map(changeRow), indent);
  return changes.flatMap(({ commands, warnings }, i) => [
    rows[i]!,
    ...warnings.map((text) => `${' '.repeat(indent + 2)}warning: ${shown(text)}`),
    ...commands.map((command) => `${' '.repeat(indent + 2)}> ${shown(command)}`),
  ]);
}

function changeRow({ change, object, before, after, effect, sessions }: PlannedChange): string[] {
  const attribute = change.kind.slice(change.kind.indexOf('.') + 1);
  return [
    `${object} ${attribute}`.trim(),
    before === after ? `${after} already` : before === '' ? after : `${before} -> ${after}`,
    effect,
    sessions === null ? '' : count(sessions, 'session'),
  ].map(shown);
}
