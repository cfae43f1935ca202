/** What an operation tells while it runs. With `--json` each is a line of NDJSON; docs/reference/operations.md lists them from EVENTS. */
import type { Change } from '../change/change.ts';
import type { Lease } from '../change/journal/journal.ts';
import type { EffectClass } from '../change/kinds.ts';
import type { Objection } from './guards/judge.ts';

export type OperationEvent = Told & {
  /** The load balancer that it is about, where the operation is on several. */
  readonly target?: string;
};

type Told =
  | {
      readonly event: 'fleet';
      readonly operation: string;
      readonly title: string;
      readonly waves: readonly (readonly string[])[];
      readonly dryRun: boolean;
      readonly date: string;
    }
  | { readonly event: 'wave'; readonly wave: number; readonly of: number; readonly targets: readonly string[] }
  | ({ readonly event: 'result' } & FleetResult)
  | {
      readonly event: 'start';
      readonly operation: string;
      readonly title: string;
      readonly target: string;
      readonly product: string;
      readonly version: string;
      readonly dryRun: boolean;
      readonly date: string;
    }
  | { readonly event: 'note'; readonly text: string }
  | ({ readonly event: 'guard'; readonly forced: boolean } & Objection)
  | { readonly event: 'plan'; readonly steps: readonly PlannedStep[] }
  | {
      readonly event: 'change';
      readonly change: Change;
      readonly ok: boolean;
      readonly before: string;
      readonly after: string;
      readonly effect: EffectClass;
      readonly text: string;
    }
  | { readonly event: 'unchanged'; readonly change: Change; readonly value: string }
  | { readonly event: 'lease'; readonly lease: Lease }
  | { readonly event: 'wait'; readonly what: string; readonly timeout: number }
  | { readonly event: 'progress'; readonly left: string; readonly count: number; readonly elapsed: number }
  | { readonly event: 'pause'; readonly time: number }
  | { readonly event: 'check'; readonly what: string; readonly ok: boolean; readonly text: string }
  | { readonly event: 'revert'; readonly ok: boolean; readonly text: string }
  | { readonly event: 'act'; readonly what: string; readonly text: string }
  | { readonly event: 'record'; readonly record: Readonly<Record<string, unknown>> }
  | ({ readonly event: 'end' } & Ending);

/** How an operation ended on one of several load balancers. */
export interface FleetResult {
  readonly target: string;
  readonly ok: boolean;
  /** As of an ending; `untouched`: it was not that far yet. */
  readonly ended: string;
  readonly text: string;
}

/** How an operation ended. */
export interface Ending {
  readonly ok: boolean;
  /** `done`, `unchanged`, `dry-run`, what was waited for (`drained`), or the code of an error. */
  readonly ended: string;
  /** Exit status. */
  readonly status: number;
  readonly text: string;
  /** Its id, when something was changed that can be taken back. */
  readonly operation: string | null;
  /** ms. */
  readonly duration: number;
}

/** A step as a dry run shows it. */
export type PlannedStep =
  | { readonly do: 'change'; readonly changes: readonly PlannedChange[] }
  | { readonly do: 'wait'; readonly what: string; readonly timeout: number; readonly atTimeout: string }
  | { readonly do: 'pause'; readonly time: number }
  | { readonly do: 'check' | 'act'; readonly what: string }
  | { readonly do: 'undo' | 'confirm' | 'approve'; readonly operation: string };

export interface PlannedChange {
  readonly change: Change;
  readonly object: string;
  readonly before: string;
  readonly after: string;
  readonly effect: EffectClass;
  /** Sessions on the object now; null where that has no meaning. */
  readonly sessions: number | null;
  readonly commands: readonly string[];
  readonly warnings: readonly string[];
}

/** Event -> its fields and what they mean, for the reference page. A test ties it to what is told. */
export const EVENTS: Readonly<
  Record<OperationEvent['event'], { readonly fields: readonly string[]; readonly means: string }>
> = {
  fleet: {
    fields: ['operation', 'title', 'waves', 'dryRun', 'date'],
    means:
      'First, where the operation is on several load balancers: their names, wave by wave. All events but those of the whole have `target` then.',
  },
  wave: { fields: ['wave', 'of', 'targets'], means: 'A wave begins; `wave` counts from 1.' },
  result: {
    fields: ['target', 'ok', 'ended', 'text'],
    means: 'How it ended on one of several load balancers; `untouched`: nothing was begun there.',
  },
  start: {
    fields: ['operation', 'title', 'target', 'product', 'version', 'dryRun', 'date'],
    means: 'The command was understood and the load balancer answers.',
  },
  note: { fields: ['text'], means: 'Something to know; it hinders nothing.' },
  guard: {
    fields: ['guard', 'text', 'forced'],
    means: 'A guard objects; `forced`: it was overruled with `--force`.',
  },
  plan: {
    fields: ['steps'],
    means:
      'What is done, in order: changes (`change`, `object`, `before`, `after`, `effect`, `sessions`, `commands`, `warnings`), waits, pauses, checks.',
  },
  change: { fields: ['change', 'ok', 'before', 'after', 'effect', 'text'], means: 'A change was made, or refused.' },
  unchanged: { fields: ['change', 'value'], means: 'It is so already; no change is made.' },
  lease: {
    fields: ['lease'],
    means: 'The operation is taken back at `until` (ms): `expire`, or `confirm` unless it is confirmed.',
  },
  wait: { fields: ['what', 'timeout'], means: 'Waiting begins; `timeout` in ms.' },
  progress: {
    fields: ['left', 'count', 'elapsed'],
    means: 'What is left: at each change of `count`, and every 10 s; `elapsed` in ms.',
  },
  pause: { fields: ['time'], means: 'A pause of so many ms begins.' },
  check: { fields: ['what', 'ok', 'text'], means: 'What a check between steps saw.' },
  act: { fields: ['what', 'text'], means: 'Something else than a change was done: a file written, a program run.' },
  revert: { fields: ['ok', 'text'], means: 'What was changed is taken back.' },
  record: { fields: ['record'], means: 'One row of what a reading operation shows.' },
  end: {
    fields: ['ok', 'ended', 'status', 'text', 'operation', 'duration'],
    means: 'The last line, always: how it ended.',
  },
};

/** Takes what is told. */
export type Emit = (event: OperationEvent) => void;
