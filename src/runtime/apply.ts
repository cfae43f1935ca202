import type { Change } from '../change/change.ts';
import { keptChange } from '../change/journal/kept-change.ts';
import type { Answer } from './answer.ts';
import type { Call } from './registry.ts';
import { trace } from './trace/trace.ts';
import { collect } from './transaction.ts';

/** Makes a Change in the name of the session; its outcome is the answer. In a transaction it is collected. */
export async function apply(call: Call, change: Change): Promise<Answer> {
  const { transaction } = call.session;
  if (transaction) return collect(transaction, change);
  trace('change', 'apply', () => `${JSON.stringify(keptChange(change))} by ${call.session.from}`);
  const { ok, severity, text } = await call.control.apply(change, call.session.origin);
  trace('change', ok ? 'done' : 'failed', () => `${change.kind} ${text}`);
  return { kind: 'message', severity, text };
}
