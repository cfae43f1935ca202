import { verdict } from '../../client/verdicts.ts';
import type { Change } from '../change.ts';
import { remoteRow } from './commands.ts';
import type { Live } from './live.ts';
import { failure, type Looked, look, type Made, prove } from './make.ts';
import { UNTOLD } from './preview.ts';
import type { WireAnswer } from './wire.ts';

/** A Change that a typed command stands for, looked at before the command is sent. */
export interface TypedChange {
  readonly change: Change;
  /** Null where it cannot be looked at: then HAProxy's answer is all that tells of it. */
  readonly looked: Looked | null;
  /** What is seen against it: HAProxy is asked all the same, and its answer counts. */
  readonly problem: string | null;
}

/** More Changes of one command than these are not looked at one by one. */
const MOST_LOOKED_AT = 50;

/** Looks at the Changes of a command. Changes nothing. */
export async function lookAt(changes: readonly Change[], live: Live): Promise<readonly TypedChange[]> {
  const all: TypedChange[] = [];
  for (const change of changes) {
    if (changes.length > MOST_LOOKED_AT) all.push({ change, looked: null, problem: null });
    else all.push(await lookAtOne(change, live));
  }
  return all;
}

async function lookAtOne(change: Change, live: Live): Promise<TypedChange> {
  try {
    const problem = await remoteRow(change)!.problem(change, live);
    return { change, problem, looked: problem === null ? await look(change, live) : null };
  } catch {
    // This version does not tell what is asked: it tells what it thinks of the command.
    return { change, problem: null, looked: null };
  }
}

/** What came of a typed command, and of each Change that it stands for. */
export interface TypedMade {
  /** Null when no answer came. */
  readonly answer: WireAnswer | null;
  /** Why no answer came. */
  readonly broken: string;
  readonly made: readonly Made[];
}

/** Sends a typed command by `ask`, judges what is answered, and proves it by reading back where that can be done. Never rejects. */
export async function makeTyped(
  words: readonly string[],
  changes: readonly TypedChange[],
  live: Live,
  ask: () => Promise<WireAnswer>,
): Promise<TypedMade> {
  let answer: WireAnswer | null = null;
  let broken = '';
  try {
    answer = await ask();
  } catch (error) {
    broken = error instanceof Error ? error.message : String(error);
  }
  const told = answer === null ? { broken } : judged(words, answer);
  live.forget();
  const overtaken = await live.current().catch(() => false);
  const made: Made[] = [];
  for (const { looked } of changes)
    made.push(looked === null ? unseen(told) : await prove({ ...looked, answer: told }, live, overtaken));
  return { answer, broken, made };
}

const ERR = 3;
const INFO = 6;

function judged(words: readonly string[], answer: WireAnswer) {
  const isRefused = verdict(words, answer) !== null;
  const severity = answer.severity ?? (isRefused ? ERR : INFO);
  return { made: isRefused ? ('no' as const) : ('yes' as const), severity, text: answer.text.trim() };
}

/** Of a Change that could not be looked at. */
function unseen(told: ReturnType<typeof judged> | { readonly broken: string }): Made {
  if ('broken' in told) return { ...failure(`${told.broken}; whether it was made is unknown`, '', ''), unknown: true };
  if (told.made === 'no') return failure(told.text || 'refused without a word', '', '');
  const outcome = { ok: true, severity: told.severity, text: told.text, inverse: null };
  return { outcome, before: UNTOLD, after: '', durable: null, unknown: false };
}
