import { bytesOf } from '../../config/bytes.ts';
import { checkAvailable, compileExpression } from '../../expr/compile.ts';
import { compileLogFormat } from '../../expr/log/format.ts';
import { type CompileEnv, place } from '../../expr/row.ts';
import { isError } from '../../expr/sample.ts';
import type { SampleType, SampleValue } from '../../expr/types.ts';
import { describeVar } from '../../expr/vars.ts';
import { findProxy, findServer } from '../../model/model.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import type { Call, Command } from '../registry.ts';
import { commandContext } from '../vars/context.ts';

function getVar({ args, control }: Call): Answer {
  const [name] = args;
  if (!name) return error('Missing process-wide variable identifier.');
  const variable = name.startsWith('proc.') ? control.model.procVars.get(name.slice(5)) : undefined;
  if (!variable) return error('Variable not found.');
  return dump(`${name}: ${describeVar(variable as { type: SampleType; value: SampleValue })}\n`);
}

function setVar(call: Call): Answer | Promise<Answer> {
  const [name, ...words] = call.args;
  if (!name) return error('Missing process-wide variable identifier.');
  if (!name.startsWith('proc.') || name.length === 5) {
    return error(`'set var': cannot set variable '${name}', only scope 'proc' is permitted here.`);
  }
  const kind = words[0] === 'expr' || words[0] === 'fmt' ? words.shift()! : '';
  if (words.length === 0) return error("Missing either 'expr', 'fmt' or expression.");
  const made = kind === 'fmt' ? evaluateFormat(call, words.join(' ')) : evaluateExpression(call, words);
  if (typeof made === 'string') return error(made);
  return apply(call, { kind: 'var.set', name: name.slice(5), value: made });
}

type Value = { readonly type: SampleType; readonly value: string | number | boolean };

function environment({ control }: Call): CompileEnv {
  const { model } = control;
  return {
    places: place.cli,
    hasProxy: (name, side) => findProxy(model, name, side) !== null,
    hasServer: (backend, server) => {
      const proxy = findProxy(model, backend, 'backend');
      return proxy !== null && findServer(proxy, server) !== null;
    },
  };
}

/** The value of an expression, or why it has none. */
function evaluateExpression(call: Call, words: readonly string[]): Value | string {
  const env = environment(call);
  const parsed = compileExpression(words.map(bytesOf), env);
  if (isError(parsed)) return parsed.error;
  const misplaced = checkAvailable(parsed.compiled, env, words[0]!);
  if (misplaced) return misplaced.error;
  const value = parsed.compiled.evaluate(commandContext(call.control.model));
  if (value === undefined) return 'The expression has no value now.';
  return { type: parsed.compiled.typeOf(value), value: typeof value === 'bigint' ? Number(value) : value };
}

function evaluateFormat(call: Call, text: string): Value | string {
  const compiled = compileLogFormat(bytesOf(text), environment(call), { raw: true });
  return isError(compiled)
    ? compiled.error
    : { type: 'str', value: compiled.format(commandContext(call.control.model)) };
}

/** Process-wide variables. */
export const varCommands: readonly Command[] = [
  {
    words: 'get var',
    args: '<name>',
    help: 'retrieve contents of a process-wide variable',
    level: 'operator',
    where: 'worker',
    run: getVar,
  },
  {
    words: 'set var',
    args: '<name> [fmt|expr] {<fmt>|<expr>}',
    help: 'set variable from an expression/format',
    level: 'operator',
    where: 'worker',
    changes: true,
    mode: 'experimental',
    about: 'Only variables of scope `proc`; the expression may use what needs no stream.',
    run: setVar,
  },
];
