import { checkAvailable, compileExpression } from '../../../expr/compile.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { compileSetConditions } from '../../../expr/set-conditions.ts';
import type { SampleType, SampleValue } from '../../../expr/types.ts';
import { parseVarName, type VarName, writeVar } from '../../../expr/vars.ts';
import type { Stream } from '../../stream.ts';
import { compileText } from '../text.ts';
import { type ActionRow, type RuleEnv, type Run, Verdict, type Words } from '../types.ts';
import { EVERYWHERE } from './kinds.ts';

/** What a rule does with the value that it has. */
type Set = (stream: Stream, value: SampleValue, type: SampleType) => void;

/** `(name[,cond,...])` of an action's word. `check` variables are those of health checks. */
function parseTarget(action: string): { readonly name: VarName; readonly set: Set } | ExprError {
  const [text = '', ...words] = action.slice(action.indexOf('(') + 1, -1).split(',');
  const name = parseVarName(text);
  if ('error' in name) return name;
  if (name.scope === 'check') return { error: `variable '${text}' is of health checks` };
  const conditions = compileSetConditions(words);
  if (!Array.isArray(conditions)) return conditions;
  const set: Set = (stream, value, type) => {
    for (let i = 0; i < conditions.length; i++) if (!conditions[i]!(stream, name, value, type)) return;
    writeVar(stream, name, value, type);
  };
  return { name, set };
}

function compileSet(words: Words, env: RuleEnv, action: string): Run | ExprError {
  const target = parseTarget(action);
  if ('error' in target) return target;
  const parsed = compileExpression(words.left, env.expr);
  if ('error' in parsed) return parsed;
  words.at += parsed.next;
  const { compiled } = parsed;
  const unavailable = checkAvailable(compiled, env.expr, action);
  if (unavailable !== null) return unavailable;
  const { set } = target;
  return (stream) => {
    const value = compiled.evaluate(stream);
    if (value !== undefined) set(stream, value, compiled.typeOf(value));
    return Verdict.next;
  };
}

function compileSetFormat(words: Words, env: RuleEnv, action: string): Run | ExprError {
  const target = parseTarget(action);
  if ('error' in target) return target;
  const text = compileText(words.take(), env, true);
  if ('error' in text) return text;
  const { set } = target;
  return (stream) => {
    set(stream, text(stream), 'str');
    return Verdict.next;
  };
}

function compileUnset(_words: Words, _env: RuleEnv, action: string): Run | ExprError {
  const target = parseTarget(action);
  if ('error' in target) return target;
  const { scope, name } = target.name;
  return (stream) => {
    stream.vars(scope).delete(name);
    return Verdict.next;
  };
}

/** Actions that set variables (HAProxy manual, `set-var`). */
export const variableActions: readonly ActionRow[] = [
  { name: 'set-var', prefix: true, kinds: EVERYWHERE, compile: compileSet },
  { name: 'set-var-fmt', prefix: true, kinds: EVERYWHERE, compile: compileSetFormat },
  { name: 'unset-var', prefix: true, kinds: EVERYWHERE, compile: compileUnset },
];
