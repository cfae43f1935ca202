/** How much memory variables may take (`tune.vars.*-max-size`; HAProxy manual, section 3.2). */

import type { Tunables } from '../config/types.ts';
import type { ExprContext, SampleType, SampleValue, Vars } from './types.ts';
import type { VarName } from './vars.ts';

/** Bytes for the variables of each scope, with those of the scopes inside of it; 0: as much as they need. */
export interface VarLimits {
  readonly proc: number;
  readonly sess: number;
  readonly txn: number;
  readonly reqres: number;
  readonly check: number;
}

/** Bytes that a variable counts for beside the text that it may have: what it takes in HAProxy. */
const VARIABLE = 80;

/**
 * Whether a variable may have a value. A limit is for its scope and the narrower ones: `proc` includes `sess`, that includes `txn`, and that
 * `req` and `res`. Of those only the variables of this stream count, not what other connections have.
 */
export function fitsLimits(ctx: ExprContext, limits: VarLimits, { scope, name }: VarName, value: SampleValue): boolean {
  const before = ctx.vars(scope).get(name);
  let size = bytesOf(value) - (before === undefined ? 0 : bytesOf(before.value));
  if (scope === 'check') return within(limits.check, (size += sizeOf(ctx.vars('check'))));
  if (scope === 'req' || scope === 'res') {
    if (!within(limits.reqres, size + sizeOf(ctx.vars(scope)))) return false;
  }
  size += sizeOf(ctx.vars('req')) + sizeOf(ctx.vars('res')) + sizeOf(ctx.vars('txn'));
  if (scope !== 'sess' && scope !== 'proc' && !within(limits.txn, size)) return false;
  size += sizeOf(ctx.vars('sess'));
  return (scope === 'proc' || within(limits.sess, size)) && within(limits.proc, size + sizeOf(ctx.vars('proc')));
}

/** What a variable becomes for whose value there is no room, as in HAProxy. */
export const NO_ROOM: { readonly type: SampleType; readonly value: SampleValue } = { type: 'bool', value: false };

const within = (limit: number, size: number): boolean => limit === 0 || size <= limit;

const bytesOf = (value: SampleValue): number => VARIABLE + (typeof value === 'string' ? value.length : 0);

function sizeOf(vars: Vars): number {
  let size = 0;
  for (const { value } of vars.values()) size += bytesOf(value);
  return size;
}

/** The limits that the global section sets, null when there are none. */
export function varLimitsOf({ varsProc, varsSess, varsTxn, varsReqres, varsCheck }: Tunables): VarLimits | null {
  if (Math.max(varsProc, varsSess, varsTxn, varsReqres, varsCheck) === 0) return null;
  return { proc: varsProc, sess: varsSess, txn: varsTxn, reqres: varsReqres, check: varsCheck };
}
