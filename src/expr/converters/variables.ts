/** Converters that use variables (HAProxy manual, section 7.3.1). */

import { timingSafeEqual } from 'node:crypto';
import type { Arg } from '../args.ts';
import type { Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, parseSint } from '../sample.ts';
import { compileSetConditions } from '../set-conditions.ts';
import type { ExprContext, SampleValue } from '../types.ts';
import { parseVarName, readVarAs, readVarText, type VarName, writeVar } from '../vars.ts';

const unregistered = (name: Arg): ExprError => ({ error: `failed to register variable name '${name}'` });

/** Reads the middle argument of `concat` and `add_item`: a variable, or nothing. */
function optionalVar(arg: Arg): VarName | null | ExprError {
  if (arg === undefined || arg === '') return null;
  const name = parseVarName(arg as string);
  return 'error' in name ? unregistered(arg) : name;
}

function compileConcat([start, variable, end]: readonly Arg[]): Convert | ExprError {
  const name = optionalVar(variable);
  if (name !== null && 'error' in name) return name;
  const before = (start as string | undefined) ?? '';
  const after = (end as string | undefined) ?? '';
  return (text, ctx) => (text as string) + before + (name === null ? '' : (readVarText(ctx, name) ?? '')) + after;
}

function compileAddItem([delimiter, variable, suffix]: readonly Arg[]): Convert | ExprError {
  const name = optionalVar(variable);
  if (name !== null && 'error' in name) return name;
  const after = (suffix as string | undefined) ?? '';
  if (name === null && after === '') return { error: 'one of the optional arguments has to be nonempty' };
  return (value, ctx) => {
    const text = value as string;
    const item = (name === null ? '' : (readVarText(ctx, name) ?? '')) + after;
    return item === '' ? text : text === '' ? item : text + (delimiter as string) + item;
  };
}

function compileSetVar([variable, ...words]: readonly Arg[]): Convert | ExprError {
  const name = parseVarName(variable as string);
  if ('error' in name) return name;
  const conditions = compileSetConditions(words.filter((word) => word !== undefined && word !== '').map(String));
  if (!Array.isArray(conditions)) return conditions;
  return (value, ctx, type) => {
    for (let i = 0; i < conditions.length; i++) {
      if (!conditions[i]!(ctx, name, value, type)) return undefined;
    }
    writeVar(ctx, name, value, type);
    dynamic.type = type;
    return value;
  };
}

/** Of texts of which one is the beginning of the other, the shorter one is less, by 1; else by how far the first bytes that differ are apart. */
function compareTexts(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const difference = a.charCodeAt(i) - b.charCodeAt(i);
    if (difference !== 0) return difference;
  }
  return Math.sign(a.length - b.length);
}

/** A converter that compares its text with a variable, taken as one of that type. */
function compileComparison(
  variable: Arg,
  type: 'str' | 'bin',
  compare: (a: string, b: string) => SampleValue,
): Convert | ExprError {
  const name = parseVarName(variable as string);
  if ('error' in name) return unregistered(variable);
  return (text, ctx) => {
    const other = readVarAs(ctx, name, type);
    return other === undefined ? undefined : compare(text as string, other as string);
  };
}

export const variableConverters: readonly ConverterRow[] = [
  { name: 'concat', args: 'string[,string,string]', in: 'str', out: 'str', compile: compileConcat },
  { name: 'add_item', args: 'string,string[,string]', in: 'str', out: 'str', compile: compileAddItem },
  { name: 'set-var', args: 'string[,string,string,string,string]', in: 'any', out: 'any', compile: compileSetVar },
  {
    name: 'unset-var',
    args: 'string',
    in: 'any',
    out: 'any',
    compile: ([variable]) => {
      const name = parseVarName(variable as string);
      if ('error' in name) return name;
      return (value, ctx, type) => {
        ctx.vars(name.scope).delete(name.name);
        dynamic.type = type;
        return value;
      };
    },
  },
  {
    name: 'strcmp',
    args: 'string',
    in: 'str',
    out: 'sint',
    compile: ([variable]) => compileComparison(variable, 'str', compareTexts),
  },
  {
    name: 'secure_memcmp',
    args: 'string',
    in: 'bin',
    out: 'bool',
    compile: ([variable]) =>
      compileComparison(
        variable,
        'bin',
        (a, b) => a.length === b.length && timingSafeEqual(Buffer.from(a, 'latin1'), Buffer.from(b, 'latin1')),
      ),
  },
  {
    name: 'bytes',
    args: 'string[,string]',
    in: 'bin',
    out: 'bin',
    compile: ([offsetText, lengthText]) => {
      const offset = positionOf(offsetText, 0);
      if ('error' in offset) return offset;
      const length = lengthText === undefined ? null : positionOf(lengthText, 1);
      if (length !== null && 'error' in length) return length;
      return (value, ctx) => {
        const start = offset(ctx);
        const count = length === null ? Number.POSITIVE_INFINITY : length(ctx);
        if (start === undefined || count === undefined) return undefined;
        return start < 0 || count < 0 ? undefined : (value as string).slice(start, start + count);
      };
    },
  },
];

/** A position given as a number, from `least` on, or as a variable. */
function positionOf(arg: Arg, least: number): ((ctx: ExprContext) => number | undefined) | ExprError {
  const text = arg as string;
  const constant = parseSint(text);
  if (constant !== null) {
    if (Number(constant) < least) return { error: `expects a ${least === 0 ? 'non-negative' : 'positive'} integer` };
    return () => Number(constant);
  }
  const name = parseVarName(text);
  if ('error' in name) return { error: 'expects an integer or a variable name' };
  return (ctx) => {
    const value = readVarAs(ctx, name, 'sint');
    return value === undefined ? undefined : Number(value);
  };
}
