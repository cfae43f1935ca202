import { objectOf } from '../../change/journal/object-of.ts';
import type { Emit, OperationEvent } from '../../ops/events.ts';
import type { View } from '../../ops/operation.ts';
import { durationText } from '../../ops/text.ts';
import { shown, shownJson } from '../../util/shown.ts';
import { planLines } from './plan-lines.ts';
import type { Output, Terminal } from './terminal.ts';

/** Where what an operation tells goes. */
export interface Printer {
  readonly emit: Emit;
  show(view: View): void;
}

/** Events as NDJSON. */
export function jsonPrinter({ out }: Terminal): Printer {
  const emit: Emit = (event) => out.write(`${shownJson(event)}\n`);
  return {
    emit,
    show: ({ records }) => {
      for (const record of records) emit({ event: 'record', record });
    },
  };
}

const CODES = { red: 31, yellow: 33, green: 32 } as const;

export function paint({ hasColours }: Output, colour: keyof typeof CODES, text: string): string {
  return hasColours ? `\x1b[${CODES[colour]}m${text}\x1b[0m` : text;
}

export interface TextOptions {
  /** Errors only, and what was asked for. */
  readonly quiet: boolean;
  /** The plan is shown before it is done: someone is asked. */
  readonly plan: boolean;
}

/**
 * Events for people: what is done on stdout, why something is not on stderr. On a terminal progress stays on one line. Everything that
 * comes from elsewhere is made visible: nothing of it is obeyed by the terminal.
 */
export function textPrinter({ out, err }: Terminal, { quiet, plan }: TextOptions): Printer {
  let dryRun = false;
  let progress = false;
  let changed = false;
  const endProgress = () => {
    if (progress) out.write('\n');
    progress = false;
  };
  const line = (text: string) => {
    endProgress();
    out.write(`${text}\n`);
  };
  const tell = (event: OperationEvent) => {
    const text = eventText(event);
    if (text !== null) line(isWarning(event) ? paint(out, 'yellow', shown(text)) : shown(text));
  };
  const end = ({ ok, ended, text, operation }: OperationEvent & { event: 'end' }) => {
    const undo = operation === null ? '' : `; sluice undo ${operation} takes it back`;
    endProgress();
    const told = shown(`${text.startsWith(ended) ? text.slice(ended.length) : text === '' ? '' : `: ${text}`}${undo}`);
    if (!ok) err.write(`${paint(err, 'red', ended)}${told}\n`);
    else if (!quiet && (changed || text !== '' || ended === 'unchanged')) line(`${paint(out, 'green', ended)}${told}`);
  };
  const emit: Emit = (event) => {
    if (event.event === 'end') return end(event);
    if (quiet) return;
    if (event.event === 'change' || event.event === 'act') changed = true;
    if (event.event === 'start') dryRun = event.dryRun;
    else if (event.event === 'plan') {
      if (dryRun || plan) for (const text of planLines(event.steps)) line(text);
    } else if (event.event === 'progress' && out.isTerminal) {
      out.write(`${progress ? '\r\x1b[K' : ''}${shown(progressText(event))}`);
      progress = true;
    } else tell(event);
  };
  return { emit, show: ({ lines }) => lines.forEach(line) };
}

export function isWarning(event: OperationEvent): boolean {
  return event.event === 'guard' || (event.event === 'check' && !event.ok);
}

function progressText({ left, elapsed }: OperationEvent & { event: 'progress' }): string {
  return `  ${left} (${durationText(elapsed)})`;
}

/** An event as a line; null for those that are not told. */
export function eventText(event: OperationEvent): string | null {
  switch (event.event) {
    case 'note':
      return `note: ${event.text}`;
    case 'guard':
      // One that refuses is told at the end.
      return event.forced ? `overruled ${event.guard}: ${event.text}` : null;
    case 'change':
      return changeText(event);
    case 'unchanged':
      return `${objectOf(event.change)} ${attribute(event.change)}: ${event.value} already`.trim();
    case 'lease':
      return `${event.lease.kind === 'confirm' ? `taken back unless confirmed (sluice confirm ${event.lease.id})` : 'taken back by itself'} at ${new Date(event.lease.until).toISOString()}`;
    case 'wait':
      return `waiting for ${event.what}, at most ${durationText(event.timeout)}`;
    case 'progress':
      return progressText(event);
    case 'pause':
      return `pause of ${durationText(event.time)}`;
    case 'check':
      return `${event.ok ? 'check passed' : 'check failed'}: ${event.text}`;
    case 'act':
      return event.text === '' ? event.what : `${event.what}: ${event.text}`;
    case 'revert':
      return event.ok ? 'taken back' : `could not be taken back: ${event.text}`;
    default:
      return null;
  }
}

function changeText({ change, ok, before, after, text }: OperationEvent & { event: 'change' }): string {
  const value = ok ? `${before === '' ? '' : `${before} -> `}${after}` : 'refused';
  return `${objectOf(change)} ${attribute(change)}: ${value}${ok || text === '' ? '' : ` (${text})`}`.trim();
}

/** `server.weight` -> `weight`. */
function attribute({ kind }: { readonly kind: string }): string {
  return kind.slice(kind.indexOf('.') + 1);
}
