/** Numbers and ranges that integers are matched against (HAProxy manual, section 7.1.2). */

import { type ExprError, type Sint, wrap } from '../sample.ts';

export interface Range {
  /** null: from the least number, or up to the greatest. */
  readonly from: Sint | null;
  readonly to: Sint | null;
}

const MOST = 2n ** 63n - 1n;

/** Reads `5`, `-5`, `1:10`, `:5`, `7:`; an error when it is none of them, or more than 64 bits hold. */
export function parseRange(text: string): Range | ExprError {
  const match = /^(-?[0-9]+)?(?:(:)(-?[0-9]+)?)?$/.exec(text);
  const ranged = text.includes(':');
  const problem = { error: `'${text}' is not a ${ranged ? 'valid number range' : 'number'}` };
  if (match === null || (match[1] === undefined && match[3] === undefined)) return problem;
  const [from, to] = [boundOf(match[1]), boundOf(match[3])];
  if (from === undefined || to === undefined) return problem;
  if (!ranged) return { from, to: from };
  return from !== null && to !== null && from > to ? problem : { from, to };
}

/** undefined: it does not fit. */
function boundOf(text: string | undefined): Sint | null | undefined {
  if (text === undefined) return null;
  const value = BigInt(text);
  return value > MOST || value < -MOST ? undefined : wrap(value);
}
