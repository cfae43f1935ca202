import type { Change } from '../change/change.ts';
import { objectOf } from '../change/journal/object-of.ts';
import { APPROVAL_NEEDED, GUARDED, NOT_ALLOWED } from '../change/policy/decide.ts';
import { OperationError } from './errors.ts';
import type { Applied, Meta } from './target.ts';

/** Why Changes were not made, with the object of the one that is at fault. */
export function refusal(applied: Applied, changes: readonly Change[]): string {
  const failed = changes[applied.failedAt];
  const text = applied.outcomes[applied.failedAt]?.text || applied.text;
  return failed === undefined ? text : `${text} (${objectOf(failed)})`;
}

/** A refusal as the end of an operation: by the load balancer, or by the policy. */
export function refusalError(text: string, { operation }: Meta): OperationError {
  if (text.startsWith(NOT_ALLOWED)) return new OperationError('denied', text);
  if (text.startsWith(GUARDED)) return new OperationError('guarded', text);
  if (!text.startsWith(APPROVAL_NEEDED)) return new OperationError('refused', text);
  return new OperationError('waiting', `${text}; it waits for 'sluice approve ${operation}' by one of them`);
}
