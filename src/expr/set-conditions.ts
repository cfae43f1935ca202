/** Conditions under which a variable is set (HAProxy manual, converter `set-var`). */

import type { ExprError, Sint } from './sample.ts';
import type { ExprContext, SampleType, SampleValue } from './types.ts';
import { readVar, type VarName } from './vars.ts';

type SetCondition = (ctx: ExprContext, name: VarName, value: SampleValue, type: SampleType) => boolean;

const isEmpty = (value: SampleValue): boolean => value === '';

/** Compares the variable with the input; true unless both are integers. */
function compares(holds: (current: Sint, value: Sint) => boolean): SetCondition {
  return (ctx, name, value, type) => {
    const current = readVar(ctx, name);
    return type !== 'sint' || current?.type !== 'sint' || holds(current.value as Sint, value as Sint);
  };
}

const SET_CONDITIONS: Readonly<Record<string, SetCondition>> = {
  ifexists: (ctx, name) => name.scope === 'proc' || readVar(ctx, name) !== undefined,
  ifnotexists: (ctx, name) => name.scope !== 'proc' && readVar(ctx, name) === undefined,
  ifempty: (_ctx, _name, value) => isEmpty(value),
  ifnotempty: (_ctx, _name, value) => !isEmpty(value),
  ifset: (ctx, name) => readVar(ctx, name) !== undefined,
  ifnotset: (ctx, name) => readVar(ctx, name) === undefined,
  ifgt: compares((current, value) => current > value),
  iflt: compares((current, value) => current < value),
};

/** The conditions of `set-var(name,cond,...)`, all of which must hold: of the converter and of `http-request set-var(name,cond,...)` takes. */
export function compileSetConditions(words: readonly string[]): SetCondition[] | ExprError {
  const conditions: SetCondition[] = [];
  for (const word of words) {
    const condition = SET_CONDITIONS[word];
    if (condition === undefined) return { error: `unknown condition "${word}"` };
    conditions.push(condition);
  }
  return conditions;
}
