import { compileExpression } from '../../../expr/compile.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { C } from '../../../model/counters.ts';
import { replyError } from '../../http/ending.ts';
import { setCause } from '../../log.ts';
import { render } from '../../services.ts';
import type { Stream } from '../../stream.ts';
import { compileText } from '../text.ts';
import { type ActionRow, type RuleKind, type Run, Verdict, type Words } from '../types.ts';

const ANY_HTTP: readonly RuleKind[] = ['http-request', 'http-response', 'http-after-response'];
const ANY: readonly RuleKind[] = [
  ...ANY_HTTP,
  'tcp-request connection',
  'tcp-request session',
  'tcp-request content',
  'tcp-response content',
];
const REQUEST: readonly RuleKind[] = ['http-request', 'tcp-request content'];

const LEVELS: readonly string[] = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug'];

type Scope = 'proc' | 'sess' | 'txn' | 'req' | 'res';

interface VarName {
  readonly scope: Scope;
  readonly name: string;
}

/** `set-var(txn.name)`: the name inside the parentheses. */
function parseVarName(action: string): VarName | ExprError {
  const match = /^[a-z-]+\((proc|sess|txn|req|res)\.([A-Za-z0-9_.]+)(?:,[a-z,]*)?\)$/.exec(action);
  if (match === null)
    return {
      error: `invalid variable '${action.slice(action.indexOf('(') + 1).replace(/\)$/, '')}': expects a scope ('proc', 'sess', 'txn', 'req' or 'res'), a dot and a name of letters, digits, '_' and '.'`,
    };
  return { scope: match[1] as Scope, name: match[2]! };
}

/** Sets a variable; those of the process are told to the other threads. */
function store(
  stream: Stream,
  { scope, name }: VarName,
  value: { readonly type: string; readonly value: unknown } | null,
): void {
  const vars = stream.vars(scope) as Map<string, unknown>;
  if (value === null) vars.delete(name);
  else vars.set(name, value);
  if (scope === 'proc') stream.env.post({ kind: 'proc-var', name, value: value as never });
}

/** Actions whose name carries a variable: `compile` is given the name. */
export function variableAction(name: string): ActionRow | null {
  const plain = name.slice(0, name.indexOf('('));
  if (!['set-var', 'set-var-fmt', 'unset-var'].includes(plain)) return null;
  return { name: plain, kinds: ANY, compile: (words, env) => compileVariable(plain, name, words, env) };
}

function compileVariable(
  plain: string,
  action: string,
  words: Words,
  env: Parameters<ActionRow['compile']>[1],
): Run | ExprError {
  const variable = parseVarName(action);
  if ('error' in variable) return variable;
  if (plain === 'unset-var') {
    return (stream) => {
      store(stream, variable, null);
      return Verdict.next;
    };
  }
  if (plain === 'set-var-fmt') {
    const text = compileText(words.take(), env);
    if ('error' in text) return text;
    return (stream) => {
      store(stream, variable, { type: 'str', value: text(stream) });
      return Verdict.next;
    };
  }
  const parsed = compileExpression(words.left, env.expr);
  if ('error' in parsed) return parsed;
  words.at += parsed.next;
  const { compiled } = parsed;
  return (stream) => {
    const value = compiled.evaluate(stream);
    if (value !== undefined) store(stream, variable, { type: compiled.typeOf(value), value });
    return Verdict.next;
  };
}

/** A whole number argument in a range. */
function integer(words: Words, low: number, high: number): number | ExprError {
  const value = Number(words.take());
  return Number.isInteger(value) && value >= low && value <= high
    ? value
    : { error: `expects an integer between ${low} and ${high}` };
}

/** An action with one integer, given by an expression or as it is. */
function integerAction(
  name: string,
  low: number,
  high: number,
  set: (stream: Stream, value: number) => void,
): ActionRow {
  return {
    name,
    kinds: REQUEST,
    compile(words, env) {
      const parsed = compileExpression(
        /^-?\d+$/.test(words.peek() ?? '') ? [`int(${words.peek()})`] : words.left,
        env.expr,
      );
      if ('error' in parsed) return parsed;
      words.at += parsed.next;
      const { compiled } = parsed;
      return (stream) => {
        const value = compiled.evaluate(stream);
        if (typeof value === 'number') set(stream, Math.min(high, Math.max(low, value)));
        return Verdict.next;
      };
    },
  };
}

/** Waits for `timeout tarpit`, then denies. */
const tarpit: ActionRow = {
  name: 'tarpit',
  kinds: ['http-request'],
  compile(words) {
    const status = words.skip('deny_status') || words.skip('status') ? integer(words, 200, 599) : 500;
    if (typeof status !== 'number') return status;
    return (stream) => {
      const { tarpitTimeout } = stream.frontend;
      stream.frontend.c[C.deniedReq]!++;
      setCause(stream, 'P', 'T');
      stream.keepAlive = false;
      stream.waitUntil = stream.env.now() + tarpitTimeout;
      stream.onWaited = (late) => replyError(late, status);
      return Verdict.wait;
    };
  },
};

/** `capture <sample> {len <length>|id <slot>}`: puts a value into the captures of the log. */
const capture: ActionRow = {
  name: 'capture',
  kinds: ['http-request', 'http-response', 'tcp-request content'],
  compile(words, env) {
    const side = env.kind === 'http-response' ? 'response' : 'request';
    const parsed = compileExpression(words.left, env.expr);
    if ('error' in parsed) return parsed;
    words.at += parsed.next;
    const { compiled } = parsed;
    const how = words.take();
    const number = Number(words.take());
    if (!Number.isInteger(number) || number < 0 || (how !== 'len' && how !== 'id'))
      return { error: "expects 'len <length>' or 'id <slot>'" };
    if (how === 'len' && (env.slots === null || side === 'response'))
      return { error: "expects 'id': only requests of frontends may take 'len'" };
    if (how === 'id' && env.slots !== null && env.slots[side].length <= number) {
      return { error: `unable to find capture id '${number}' referenced by ${env.kind} capture rule` };
    }
    const id = how === 'id' ? number : env.slots![side].push({ name: null, length: number }) - 1;
    return (stream) => {
      const slots = stream.frontend.rules?.slots?.[side];
      const value = slots === undefined || id >= slots.length ? undefined : compiled.evaluate(stream);
      if (value === undefined) return Verdict.next;
      const key = side === 'request' ? 'requestCaptures' : 'responseCaptures';
      const captures = slots!.map((_slot, i) => stream.log[key][i] ?? null);
      captures[id] = String(value).slice(0, slots![id]!.length);
      stream.log[key] = captures;
      return Verdict.next;
    };
  },
};

/** Actions that neither edit the message nor end the exchange, and services. */
export const miscActions: readonly ActionRow[] = [
  tarpit,
  capture,
  {
    name: 'set-log-level',
    kinds: [...ANY_HTTP, 'tcp-request content', 'tcp-response content'],
    compile(words) {
      const name = words.take() ?? '';
      const level = LEVELS.indexOf(name);
      if (level < 0 && name !== 'silent') return { error: `expects exactly 1 argument (log level name or 'silent')` };
      return (stream) => {
        if (level < 0) stream.silentLog = true;
        else stream.logLevel = level;
        return Verdict.next;
      };
    },
  },
  integerAction('set-priority-class', -2047, 2047, (stream, value) => {
    stream.priorityClass = value;
  }),
  integerAction('set-priority-offset', -524287, 524287, (stream, value) => {
    stream.priorityOffset = value;
  }),
  {
    name: 'use-service',
    kinds: ['http-request'],
    compile(words) {
      const name = words.take() ?? '';
      if (name !== 'prometheus-exporter')
        return { error: `'${name}' is not a known service; 'prometheus-exporter' is` };
      return (stream) => {
        stream.log.service = '<PROMEX>';
        render(stream, 'prometheus', stream.frontend.id, false);
        return Verdict.done;
      };
    },
  },
];
