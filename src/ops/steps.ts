import { setTimeout as sleep } from 'node:timers/promises';
import type { Change } from '../change/change.ts';
import { keptChange } from '../change/journal/kept-change.ts';
import { objectOf } from '../change/journal/object-of.ts';
import { isMemoryOnly } from '../change/memory-only.ts';
import { newOperationId } from '../change/operation-id.ts';
import { ERRORS, OperationError } from './errors.ts';
import type { Ending } from './events.ts';
import type { ActStep, ChangeStep, CheckStep, LedgerStep, Plan, Step } from './operation.ts';
import { refusal, refusalError } from './refusal.ts';
import type { Surroundings } from './runner.ts';
import type { TargetState } from './state.ts';
import type { Meta, Previewed } from './target.ts';
import { durationText } from './text.ts';
import { waitFor } from './wait.ts';

/** How the steps of an operation ended. */
export type StepsEnd = Pick<Ending, 'ok' | 'ended' | 'status' | 'text'> & {
  /** What takes it back, where that is not the operation itself; null: nothing does. */
  readonly operation?: string | null;
};

/** What was changed, for people, in order. */
export interface Made extends Array<string> {
  /** Some of it has a way back. */
  undoable?: boolean;
  /** What of it has none. */
  lasting?: string[];
  /** What was done beside Changes, in order, once all steps are taken. */
  acts?: readonly ActStep[];
}

/** What the steps know of each other. */
interface Course {
  readonly meta: Meta;
  readonly around: Surroundings;
  /** What was changed, for people; the caller sees it whatever happens. */
  readonly made: Made;
  /** The state before the last change. */
  before: TargetState;
  /** What was done beside Changes, in order. */
  readonly acts: ActStep[];
  /** How it ends when nothing else comes: the last that was waited for. */
  end: StepsEnd;
}

/** Takes the steps in order. Throws OperationError when the operation cannot go on; what was made stays made then. */
export async function takeSteps(
  plan: Plan,
  meta: Meta,
  state: TargetState,
  around: Surroundings,
  made: Made,
): Promise<StepsEnd> {
  const course: Course = {
    meta,
    around,
    made,
    acts: [],
    before: state,
    end: { ok: true, ended: 'unchanged', status: 0, text: '' },
  };
  try {
    for (const step of plan.steps) {
      if (around.signal.aborted) throw interruption();
      const stop = await take(step, course);
      if (stop) return stop;
    }
  } catch (error) {
    await putBack(course);
    throw error;
  }
  made.acts = course.acts;
  return course.end;
}

/** Puts back what was done beside Changes, last first. */
export async function putBack({ acts, around }: Pick<Course, 'acts'> & { around: Pick<Surroundings, 'emit'> }) {
  for (const { what, back } of acts.toReversed())
    if (back) around.emit({ event: 'act', what: `put back: ${what}`, text: await back() });
}

async function act(step: ActStep, course: Course): Promise<null> {
  const { emit, signal } = course.around;
  const text = await step.perform({ signal, note: (text) => emit({ event: 'note', text }) });
  emit({ event: 'act', what: step.what, text });
  course.acts.push(step);
  course.end = { ok: true, ended: 'done', status: 0, text: '' };
  return null;
}

function interruption(): OperationError {
  return new OperationError('interrupted', 'interrupted');
}

/** Takes a step; a result ends the operation there. */
async function take(step: Step, course: Course): Promise<StepsEnd | null> {
  switch (step.do) {
    case 'change':
      return change(step, course);
    case 'wait':
      return wait(step, course);
    case 'pause':
      course.around.emit({ event: 'pause', time: step.time });
      await pause(step.time, course.around.signal);
      return null;
    case 'check':
      return check(step, course);
    case 'act':
      return act(step, course);
    default:
      return ledger(step, course);
  }
}

async function pause(time: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(time, undefined, { signal });
  } catch {
    throw interruption();
  }
}

async function change(step: ChangeStep, course: Course): Promise<null> {
  const { target, emit } = course.around;
  const previews = await target.preview(step.changes);
  const changes: Change[] = [];
  for (const { change, before, after } of previews) {
    if (isSetting(change) && before === after && before !== '') emit({ event: 'unchanged', change, value: after });
    else changes.push(change);
  }
  if (changes.length === 0) return null;
  course.before = await target.state();
  const applied = await target.apply(changes, course.meta);
  for (const [i, { ok, text, inverse }] of applied.outcomes.entries()) {
    const { change, before, after, effect } = previews.find((preview) => preview.change === changes[i])!;
    emit({ event: 'change', change: keptChange(change), ok, before, after, effect, text });
    if (!applied.ok) continue;
    const now = `${objectOf(change)} ${after}`.trim();
    course.made.push(now);
    if (inverse !== null) course.made.undoable ??= true;
    else (course.made.lasting ??= []).push(now);
    // A server that is gone cannot be given the state of before, either.
    if (inverse === null && change.kind === 'server.del') course.made.undoable = false;
  }
  if (!applied.ok) throw refusalError(refusal(applied, changes), course.meta);
  if (applied.lease) emit({ event: 'lease', lease: applied.lease });
  for (const text of inMemory(previews.filter(({ change }) => changes.includes(change)))) emit({ event: 'note', text });
  if (course.end.ended === 'unchanged') course.end = { ok: true, ended: 'done', status: 0, text: '' };
  return null;
}

/** What of it is gone with the process, each thing once. */
function inMemory(previews: readonly Previewed[]): ReadonlySet<string> {
  const told = previews.flatMap(({ change, warnings }) =>
    warnings.filter(isMemoryOnly).map((text) => `${objectOf(change)} is ${text}`),
  );
  return new Set(told);
}

/** What it sets stays: making it again changes nothing. */
function isSetting(change: Change): boolean {
  return /^(server\.(state|weight|maxconn|addr|fqdn|checks)|frontend\.(state|maxconn)|map\.set)$/.test(change.kind);
}

async function wait(step: Extract<Step, { do: 'wait' }>, course: Course): Promise<StepsEnd | null> {
  const { emit } = course.around;
  emit({ event: 'wait', what: step.what, timeout: step.timeout });
  const { progress, timedOut } = await waitFor(step, course.around);
  if (progress.overtaken !== null) throw new OperationError('overtaken', progress.overtaken);
  if (!timedOut) {
    course.end = { ok: true, ended: step.done, status: 0, text: '' };
    return null;
  }
  const text = `timeout after ${durationText(step.timeout)}: ${progress.left}`;
  if (step.atTimeout === 'stay') throw new OperationError('timeout', text);
  if (step.atTimeout === 'go-on') {
    emit({ event: 'note', text: `${text}; goes on as asked` });
    course.end = { ok: true, ended: 'timeout', status: 0, text };
    return null;
  }
  return { ...(await revert(course, text)), ended: 'timeout', status: ERRORS.timeout.status };
}

async function check(step: CheckStep, course: Course): Promise<StepsEnd | null> {
  const { target, emit } = course.around;
  const { ok, text } = await step.verdict(course.before, await target.state());
  emit({ event: 'check', what: step.what, ok, text });
  return ok ? null : revert(course, text);
}

/** Takes back all that the operation has changed. */
async function revert({ around, meta, made }: Course, why: string): Promise<StepsEnd> {
  const { target, emit } = around;
  const undone =
    made.length === 0
      ? null
      : await target.ledger.undo(meta.operation, {
          operation: newOperationId(),
          title: `${meta.title} (taken back)`,
          reason: why,
          undoes: meta.operation,
        });
  const text =
    undone === null ? 'nothing had been changed' : undone.ok ? 'what was changed is taken back' : undone.text;
  emit({ event: 'revert', ok: undone?.ok !== false, text });
  if (undone?.ok === false)
    throw new OperationError('failed', `${why}; and it could not be taken back: ${undone.text || 'refused'}`);
  // Nothing is left to be taken back.
  made.length = 0;
  made.undoable = false;
  return { ok: false, ended: 'reverted', status: ERRORS.reverted.status, text: `${why}; ${text}` };
}

async function ledger(step: LedgerStep, { around, meta, ...course }: Course): Promise<StepsEnd> {
  const { undo, confirm, approve } = around.target.ledger;
  const { operation: id } = step;
  const applied =
    step.do === 'undo'
      ? await undo(id, { ...meta, undoes: id })
      : await (step.do === 'confirm' ? confirm(id, meta) : approve(id, meta));
  if (!applied.ok) throw refusalError(applied.text || refusal(applied, []), meta);
  for (const { text } of applied.outcomes) if (text !== '') around.emit({ event: 'note', text });
  course.made.push(`${step.do} ${id}`);
  return {
    ok: true,
    ended: LEDGER_ENDS[step.do],
    status: 0,
    text: id,
    operation: step.do === 'undo' ? (applied.operation ?? meta.operation) : step.do === 'approve' ? id : null,
  };
}

const LEDGER_ENDS = { undo: 'undone', confirm: 'confirmed', approve: 'approved' } as const;
