import { checkAvailable, compileExpression } from '../../expr/compile.ts';
import type { ExprError, ValueType } from '../../expr/sample.ts';
import type { ExprContext, SampleValue } from '../../expr/types.ts';
import type { RuleEnv, Words } from './types.ts';

/** A value made for each stream; undefined where there is none. */
export type ValueOf = (ctx: ExprContext) => SampleValue | undefined;

/** Takes the expression at the head of `words` and compiles it to values of a type. */
export function compileValue(words: Words, env: RuleEnv, type: ValueType): ValueOf | ExprError {
  const first = words.peek() ?? '';
  const parsed = compileExpression(first === '' ? [] : words.left, env.expr);
  if ('error' in parsed) return parsed;
  words.at += parsed.next;
  const { compiled } = parsed;
  const unavailable = checkAvailable(compiled, env.expr, first);
  if (unavailable !== null) return unavailable;
  const cast = compiled.castTo(type);
  if (cast === undefined) return { error: `fetch method '${first}' gives no value of type '${type}'` };
  if (cast === null) return compiled.evaluate;
  return (ctx) => {
    const value = compiled.evaluate(ctx);
    return value === undefined ? undefined : cast(value);
  };
}

/** Takes an integer as it is, or the expression at the head of `words`. */
export function compileNumber(words: Words, env: RuleEnv): ValueOf | ExprError {
  const word = words.peek() ?? '';
  if (!/^[+-]?(?:0x[0-9a-f]+|\d+)$/i.test(word)) return compileValue(words, env, 'sint');
  words.take();
  const value = Number(word);
  return () => value;
}
