import type { ChangeContext } from './context.ts';

/** Where what an operator set and something else did not agree. */
export interface Conflict {
  /** ms. */
  readonly date: number;
  /**
   * `file`: the configuration has another value than when it was overridden, and won; `gone`: the configuration has the object no more;
   * `failed`: an override could not be put in force; `lease`: what was to be taken back was not as it was left, and stays.
   */
  readonly kind: 'file' | 'gone' | 'failed' | 'lease';
  readonly object: string;
  readonly attribute: string;
  /** For operators, in one line. */
  readonly text: string;
}

/** How many are remembered. */
const KEPT = 1000;

/** Notes a conflict, in the log and on the console too. */
export function noteConflict(
  conflicts: Conflict[],
  conflict: Conflict,
  ctx: Pick<ChangeContext, 'states' | 'logs'>,
): void {
  conflicts.push(conflict);
  if (conflicts.length > KEPT) conflicts.shift();
  const text = `Conflict: ${conflict.text}.`;
  ctx.states.console('WARNING', text);
  ctx.logs.send(null, 4, text);
}
