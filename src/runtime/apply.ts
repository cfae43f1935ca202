import type { Change } from '../change/change.ts';
import type { Answer } from './answer.ts';
import type { Call } from './registry.ts';

/** Makes a Change in the name of the session; its outcome is the answer. */
export async function apply(call: Call, change: Change): Promise<Answer> {
  const { severity, text } = await call.control.apply(change, call.session.origin);
  return { kind: 'message', severity, text };
}
