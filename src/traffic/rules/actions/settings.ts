import { parseTime } from '../../../config/units.ts';
import type { ExprError } from '../../../expr/sample.ts';
import type { TimeoutName } from '../../../expr/types.ts';
import type { Stream } from '../../stream.ts';
import { type ActionRow, type RuleEnv, type Run, Verdict, type Words } from '../types.ts';
import { compileNumber, compileValue, type ValueOf } from '../value.ts';
import { ALL_HTTP, REQUEST } from './kinds.ts';

/** HAProxy takes a number alone for some actions, and for others not. */
const byExpression: typeof compileNumber = (words, env) => compileValue(words, env, 'sint');

/** An action with one integer, given by an expression or as it is. Beyond its limits it is brought back to them, or (`strict`) means nothing. */
function integerAction(
  name: string,
  low: number,
  high: number,
  set: (stream: Stream, value: number) => void,
  read: typeof compileNumber = compileNumber,
  strict = false,
): ActionRow {
  return {
    name,
    kinds: REQUEST,
    compile(words, env) {
      const first = words.peek() ?? '';
      const number = read(words, env);
      if (typeof number !== 'function') return number;
      const fixed = strict && /^[+-]?\d/.test(first) ? Number(first) : low;
      if (fixed < low || fixed > high)
        return { error: `expects an expression or an integer between ${low} and ${high}` };
      return (stream) => {
        const value = number(stream);
        if (value === undefined) return Verdict.next;
        const inRange = Math.min(high, Math.max(low, Number(value)));
        if (!strict || inRange === Number(value)) set(stream, inRange);
        return Verdict.next;
      };
    },
  };
}

const TIMEOUTS: readonly TimeoutName[] = ['client', 'connect', 'queue', 'server', 'tarpit', 'tunnel'];

/** Timeouts of the client's side; the others are those of a backend. */
const FRONT: readonly TimeoutName[] = ['client', 'tarpit'];

/** Takes a time as configurations write it, or the expression at the head of `words`: ms. */
export function compileTime(words: Words, env: RuleEnv, rule: string): ValueOf | ExprError {
  const word = words.peek() ?? '';
  if (!/^\d/.test(word)) {
    const value = compileValue(words, env, 'sint');
    return typeof value === 'function' ? value : { error: `${rule} expects a time or an expression: ${value.error}` };
  }
  words.take();
  const ms = parseTime(word);
  if (typeof ms === 'number') return () => ms;
  if (ms.error === 'overflow') return { error: `timer overflow in rule '${rule}', maximum value is 2147483647 ms` };
  return { error: `unexpected character '${ms.character}' in rule '${rule}'` };
}

/** `set-timeout <name> { <time> | <expr> }`: for this stream alone. */
function compileTimeout(words: Words, env: RuleEnv): Run | ExprError {
  const word = words.take() ?? '';
  const name = TIMEOUTS.find((one) => one === word);
  if (name === undefined) return { error: `'set-timeout' rule supports '${TIMEOUTS.join("'/'")}' (got '${word}')` };
  const side = FRONT.includes(name) ? 'frontend' : 'backend';
  if (name !== 'tarpit' && env.proxyKind !== 'listen' && env.proxyKind !== side)
    return { error: `proxy '${env.proxy}' has no ${side} capability` };
  const rule = `set-timeout ${name}`;
  if (words.peek() === '0') return { error: `null value is not valid for a '${rule}' rule` };
  const time = compileTime(words, env, rule);
  if (typeof time !== 'function') return time;
  return (stream) => {
    const ms = Number(time(stream) ?? 0);
    if (ms > 0) setTimeouts(stream, name, ms);
    return Verdict.next;
  };
}

function setTimeouts(stream: Stream, name: TimeoutName, ms: number): void {
  stream.timeouts = { ...stream.timeouts, [name]: ms };
  if (name === 'client') stream.clientTimeout = ms;
  if (name === 'server') stream.serverTimeout = ms;
}

/**
 * `set-nice <nice>`: a value that makes no difference, as the connections of a thread take turns; told as such where the
 * configuration is read. HAProxy takes -1024 to 1024, and what is outside as the nearest.
 */
const niceAction: ActionRow = {
  name: 'set-nice',
  inert: true,
  kinds: ['http-request', 'http-response', 'tcp-request content', 'tcp-response content'],
  compile(words) {
    const value = words.take();
    if (value === undefined) return { error: 'expects exactly 1 argument (integer value)' };
    return () => Verdict.next;
  },
};

/** Actions that settle how the stream goes on. */
export const settingActions: readonly ActionRow[] = [
  niceAction,
  { name: 'set-timeout', kinds: ['http-request', 'http-response'], compile: compileTimeout },
  integerAction(
    'set-priority-class',
    -2047,
    2047,
    (stream, value) => {
      stream.priorityClass = value;
    },
    byExpression,
  ),
  integerAction(
    'set-priority-offset',
    -524287,
    524287,
    (stream, value) => {
      stream.priorityOffset = value;
    },
    byExpression,
  ),
  integerAction(
    'set-retries',
    0,
    100,
    (stream, value) => {
      stream.maxRetries = value;
      stream.retriesLeft = value;
    },
    compileNumber,
    true,
  ),
  {
    name: 'disable-l7-retry',
    kinds: ['http-request'],
    compile: () => (stream) => {
      stream.noRetryOn = true;
      return Verdict.next;
    },
  },
  {
    // Rewriting does not fail here, as heads have no fixed size: there is nothing to be strict about.
    name: 'strict-mode',
    kinds: ALL_HTTP,
    compile(words) {
      const mode = words.take();
      if (mode === undefined) return { error: 'expects exactly 1 arguments' };
      if (mode !== 'on' && mode !== 'off')
        return { error: `Unexpected value '${mode}'. Only 'on' and 'off' are supported` };
      return () => Verdict.next;
    },
  },
];
