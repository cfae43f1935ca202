/** Converters that pass their value on: into captures, to whoever looks for mistakes, or only under a condition (manual, section 7.3.1). */

import type { Arg } from '../args.ts';
import type { CompileEnv, Convert, ConverterRow } from '../row.ts';
import { dynamic, type ExprError, textOf } from '../sample.ts';
import type { ExprContext } from '../types.ts';

const captureRow = (name: string, side: 'request' | 'response'): ConverterRow => ({
  ...{ name, args: 'integer', in: 'str', out: 'str' },
  compile:
    ([slot]) =>
    (value, ctx) =>
      ctx.capture?.(side, Number(slot), value as string) === false ? undefined : value,
});

/** `debug([<prefix>[,<ring>]])`: tells type and value of what goes through. */
function compileDebug([prefixArg, ringArg]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const prefix = (prefixArg as string | undefined) ?? '';
  const ring = (ringArg as string | undefined) ?? '';
  if (ring !== '' && env.hasRing?.(ring) === false) return { error: `No such sink '${ring}'` };
  return (value, ctx, type) => {
    ctx.debug?.(ring, `[debug]${prefix === '' ? '' : ` ${prefix}`}: type=${type} <${textOf(value, type)}>`);
    dynamic.type = type;
    return value;
  };
}

/** Ended for a reason of its own, not by an answer made here. */
function isError(ctx: ExprContext): boolean {
  const cause = ctx.log.termination[0];
  return cause !== '-' && cause !== 'L';
}

const isForwarded = (ctx: ExprContext): boolean => ctx.server !== null && ctx.log.connectTime >= 0;

const CONDITIONS: Readonly<Record<string, (ctx: ExprContext) => boolean>> = {
  error: isError,
  normal: (ctx) => !isError(ctx),
  forwarded: isForwarded,
  processed: (ctx) => isForwarded(ctx) || ctx.served === true,
  stopping: (ctx) => ctx.process?.stopping === true,
  toapplet: (ctx) => ctx.served === true,
};

/** `when(<condition>)`: the value where the condition holds (`!`: where it does not), else none. */
function compileWhen([conditionArg, aclArg]: readonly Arg[], env: CompileEnv): Convert | ExprError {
  const word = conditionArg as string;
  const negated = word.startsWith('!');
  const name = negated ? word.slice(1) : word;
  const test = name === 'acl' ? (env.acl?.((aclArg as string | undefined) ?? '') ?? null) : CONDITIONS[name];
  if (test === undefined)
    return { error: `unsupported condition '${name}', expects 'acl', '${Object.keys(CONDITIONS).join("', '")}'` };
  if (test === null) return { error: `ACL '${aclArg ?? ''}' not found` };
  if (typeof test !== 'function') return test;
  return (value, ctx, type) => {
    if (test(ctx) === negated) return undefined;
    dynamic.type = type;
    return value;
  };
}

export const passingConverters: readonly ConverterRow[] = [
  captureRow('capture-req', 'request'),
  captureRow('capture-res', 'response'),
  { ...{ name: 'debug', args: '[string,string]', in: 'any', out: 'any', same: true }, compile: compileDebug },
  { ...{ name: 'when', args: 'string[,string,string]', in: 'any', out: 'any' }, compile: compileWhen },
];
