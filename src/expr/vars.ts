/** Variables: `txn.name` and the like (HAProxy manual, section 2.8). */

import { castBetween, dynamic, type ExprError, textOf, type ValueType } from './sample.ts';
import type { ExprContext, SampleType, SampleValue } from './types.ts';
import { fitsLimits, NO_ROOM } from './var-limits.ts';

type VarScope = 'proc' | 'sess' | 'txn' | 'req' | 'res' | 'check';

/** A parsed name: its scope, and the name inside of it. */
export interface VarName {
  readonly scope: VarScope;
  readonly name: string;
}

const SCOPES: readonly string[] = ['proc', 'sess', 'txn', 'req', 'res', 'check'];
/** Those of a parent stream: there never is one, and its variables can only be read. */
const PARENT_SCOPES: readonly string[] = ['psess', 'ptxn', 'preq', 'pres'];

/** A name that is only read. */
type ReadName = VarName | { readonly scope: 'parent' };

/** Parses `scope.name`; the reason is in HAProxy's words. */
export function parseVarName(text: string): VarName | ExprError;
export function parseVarName(text: string, use: 'read'): ReadName | ExprError;
export function parseVarName(text: string, use?: 'read'): ReadName | ExprError {
  if (text === '') return { error: 'Empty variable name cannot be accepted' };
  const dot = text.indexOf('.');
  const scope = text.slice(0, dot);
  const name = text.slice(dot + 1);
  const ofParent = use === 'read' && PARENT_SCOPES.includes(scope);
  if (dot === -1 || name === '' || !(ofParent || SCOPES.includes(scope))) {
    return {
      error:
        `invalid variable name '${text}'. A variable name must start with its scope. ` +
        "The scope can be 'proc', '(p)sess', '(p)txn', '(p)req', '(p)res' or 'check'",
    };
  }
  const bad = /[^A-Za-z0-9_.]/.exec(name);
  if (bad !== null) return { error: `invalid syntax at char '${bad[0]}'` };
  if (ofParent) return { scope: 'parent' };
  return { scope: scope as VarScope, name };
}

/** A variable of a stream, or undefined while it is not set. */
export function readVar(ctx: ExprContext, { scope, name }: VarName) {
  return ctx.vars(scope).get(name);
}

/** Sets a variable of a stream. Where there is no room for it, one that is not set yet stays so, and one that is becomes false, as in HAProxy. */
export function writeVar(ctx: ExprContext, target: VarName, value: SampleValue, type: SampleType): void {
  const { scope, name } = target;
  const vars = ctx.vars(scope);
  const limits = ctx.varLimits ?? null;
  if (limits === null || fitsLimits(ctx, limits, target, value)) vars.set(name, { type, value });
  else if (vars.has(name)) vars.set(name, NO_ROOM);
}

/** An integer argument that may name a variable, as a function of the stream; undefined while the variable is not set. */
export function sintOrVar(
  text: string,
  constant: SampleValue | null,
): ((ctx: ExprContext) => SampleValue | undefined) | ExprError {
  if (constant !== null) return () => constant;
  const name = parseVarName(text);
  if ('error' in name) return { error: 'expects an integer or a variable name' };
  return (ctx) => readVarAs(ctx, name, 'sint');
}

/** A variable cast to a type, or undefined when it is not set or cannot be cast. */
export function readVarAs(ctx: ExprContext, name: VarName, type: ValueType): SampleValue | undefined {
  const variable = readVar(ctx, name);
  if (variable === undefined) return undefined;
  const cast = castBetween(variable.type, type);
  if (cast === undefined) return undefined;
  return cast === null ? variable.value : cast(variable.value);
}

/** A variable as text, or undefined when it is not set. */
export function readVarText(ctx: ExprContext, name: VarName): string | undefined {
  const variable = readVar(ctx, name);
  return variable === undefined ? undefined : textOf(variable.value, variable.type);
}

/** A variable as `get var` shows it: `type=sint value=<42>`. */
export function describeVar(variable: { readonly type: SampleType; readonly value: SampleValue }): string {
  return `type=${variable.type} value=<${textOf(variable.value, variable.type)}>`;
}

/** Gives a variable's value as the result of a step of type `any`. */
export function asDynamic(variable: { readonly type: SampleType; readonly value: SampleValue }): SampleValue {
  dynamic.type = variable.type;
  return variable.value;
}
