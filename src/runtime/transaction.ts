import { MAX_CHANGES } from '../change/apply.ts';
import type { Change } from '../change/change.ts';
import type { Rehearsal } from '../change/rehearsal.ts';
import type { Control } from '../control/types.ts';
import { type Answer, error, notice } from './answer.ts';

/** The Changes that a connection has collected since `begin`. Nothing of them is made yet. */
export interface Transaction {
  readonly title: string;
  readonly changes: Change[];
  readonly rehearsal: Rehearsal;
  /** The control thread with the model as the Changes so far would leave it. */
  readonly control: Control;
  /** The first command that was to change something and was refused: then nothing of the transaction can be made. */
  refused: { readonly command: string; readonly text: string } | null;
}

/** An empty transaction. */
export function beginTransaction(control: Control, title: string): Transaction {
  const rehearsal = control.operations.rehearsal();
  return {
    title,
    changes: [],
    refused: null,
    rehearsal,
    control: Object.create(control, { model: { value: rehearsal.model } }),
  };
}

/** Adds a Change to a transaction, if it can be made on top of those before it. */
export async function collect(transaction: Transaction, change: Change): Promise<Answer> {
  const { changes, rehearsal } = transaction;
  if (changes.length >= MAX_CHANGES)
    return error(
      `A transaction takes ${MAX_CHANGES} changes; 'commit' makes those collected so far, 'abort' drops them.`,
    );
  const { problems } = await rehearsal.judge(change);
  if (problems[0]) return { kind: 'message', ...problems[0] };
  changes.push(change);
  return notice(
    `Collected as change ${changes.length}; 'commit' makes ${changes.length === 1 ? 'it' : 'all of them'}.`,
  );
}
