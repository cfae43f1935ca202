import type { Emit, OperationEvent } from '../../ops/events.ts';
import type { View } from '../../ops/operation.ts';
import { durationText, table } from '../../ops/text.ts';
import { shown, shownJson } from '../../util/shown.ts';
import { planLines } from './plan-lines.ts';
import { eventText, isWarning, paint, type TextOptions } from './print.ts';
import type { Terminal } from './terminal.ts';

/** Where what an operation on several load balancers tells goes. */
export interface FleetPrinter {
  readonly emit: Emit;
  /** `target` null: of the whole. */
  show(view: View, target: string | null): void;
}

/** Events as NDJSON. */
export function fleetJson({ out }: Terminal): FleetPrinter {
  const line = (event: OperationEvent) => `${shownJson(event)}\n`;
  return {
    emit: (event) => out.write(line(event)),
    show({ records }, target) {
      out.write(
        records.map((record) => line({ event: 'record', record, ...(target === null ? {} : { target }) })).join(''),
      );
    },
  };
}

/** How often progress of one load balancer is told, ms. */
const PROGRESS_MS = 10_000;

/** Events for people: each line begins with the load balancer that it is about; at the end a table of how it ended where. */
export function fleetText(
  { out, err }: Terminal,
  names: readonly string[],
  { quiet, plan, reads }: TextOptions & { readonly reads: boolean },
): FleetPrinter {
  const width = Math.max(...names.map((name) => shown(name).length));
  const about = (target: string | undefined, text: string) =>
    target === undefined ? text : text === '' ? '' : `${shown(target).padEnd(width)}  ${text}`;
  const results: (OperationEvent & { event: 'result' })[] = [];
  const told = new Map<string, number>();
  let dryRun = false;

  const isDue = ({ target = '', elapsed }: OperationEvent & { event: 'progress' }) => {
    const last = told.get(target);
    if (last !== undefined && elapsed - last < PROGRESS_MS) return false;
    told.set(target, elapsed);
    return true;
  };
  const end = ({ ok, ended, text, operation }: OperationEvent & { event: 'end' }) => {
    const undo = operation === null ? '' : `; sluice undo ${operation} takes it back`;
    const line = shown(`${text === '' ? '' : `: ${text}`}${undo}`);
    const rows = table(results.map((result) => [result.target, result.ended, result.text].map(shown)));
    if (!quiet && !reads) out.write(`\n${rows.join('\n')}\n`);
    if (!ok) err.write(`${paint(err, 'red', ended)}${line}\n`);
    else if (!quiet && !reads) out.write(`${paint(out, 'green', ended)}${line}\n`);
  };
  const emit: Emit = (event) => {
    if (event.event === 'result') return void results.push(event);
    if (event.event === 'end') return end(event);
    if (event.event === 'fleet') dryRun = event.dryRun;
    if (quiet || (event.event === 'progress' && !isDue(event))) return;
    if (event.event === 'plan' && (dryRun || plan))
      out.write(
        `${planLines(event.steps)
          .map((line) => about(event.target, line))
          .join('\n')}\n`,
      );
    const text = fleetEventText(event);
    if (text === null) return;
    const line = about(event.target, shown(text));
    out.write(`${isWarning(event) ? paint(out, 'yellow', line) : line}\n`);
  };
  return {
    emit,
    show: ({ lines }, target) => out.write(lines.map((line) => `${about(target ?? undefined, line)}\n`).join('')),
  };
}

function fleetEventText(event: OperationEvent): string | null {
  if (event.event === 'wave') return `wave ${event.wave} of ${event.of}: ${event.targets.join(', ')}`;
  if (event.event === 'pause') return `pause of ${durationText(event.time)}`;
  if (event.event === 'revert') return event.text;
  return eventText(event);
}
