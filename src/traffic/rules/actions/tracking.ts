import type { Compiled } from '../../../expr/chain.ts';
import { checkAvailable, compileExpression } from '../../../expr/compile.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { countPurpose, KEY_SAMPLES, placeOf, useKeyOf } from '../../../expr/tables.ts';
import type { StickTable } from '../../../model/tables/table.ts';
import type { Env } from '../../env.ts';
import type { Stream } from '../../stream.ts';
import { Event, type EventTypes, Tracking } from '../../tracking.ts';
import { waitsFor } from '../inspect.ts';
import { type ActionRow, type RuleEnv, type RuleKind, type Run, Verdict, type Words } from '../types.ts';
import { EVERYWHERE } from './kinds.ts';

const SESSION_KINDS: readonly RuleKind[] = ['tcp-request connection', 'tcp-request session'];

/** `track-sc<N> <key> [table <name>]`: the entry of a key is tracked until the session, or the stream, ends. */
export const trackAction: ActionRow = {
  name: 'track-sc',
  kinds: [...SESSION_KINDS, 'tcp-request content', 'http-request', 'http-response'],
  compile(words, env, action) {
    const counter = counterOf(action, env);
    if (typeof counter !== 'number') return counter;
    const parsed = compileExpression(words.left, env.expr);
    if ('error' in parsed) return parsed;
    words.at += parsed.next;
    const { compiled } = parsed;
    const unavailable = checkAvailable(compiled, env.expr, words.words[words.at - parsed.next] ?? '');
    if (unavailable !== null) return unavailable;
    const name = words.skip('table') ? (words.take() ?? '') : (env.expr.proxy ?? '');
    const table = (env.expr.table?.(name) ?? null) as StickTable | null;
    if (table === null) return { error: `unable to find table '${name}' referenced by ${action}` };
    const cast = compiled.castTo(KEY_SAMPLES[table.config.type]);
    if (cast === undefined)
      return { error: `stick-table '${name}' uses a type incompatible with the '${action}' rule` };
    return track(compiled, cast, table, counter, env.kind);
  },
};

/** The number at the end of an action's word. */
function counterOf(action: string, { stickCounters }: RuleEnv): number | ExprError {
  const text = action.slice('track-sc'.length);
  if (!/^\d+$/.test(text)) return { error: `Wrong track-sc number '${text}'` };
  return Number(text) < stickCounters
    ? Number(text)
    : { error: `${text} track-sc number exceeding ${stickCounters - 1} (tune.stick-counters-1) value` };
}

function track(
  compiled: Compiled,
  cast: ReturnType<Compiled['castTo']>,
  table: StickTable,
  counter: number,
  kind: RuleKind,
): Run {
  const ofSession = SESSION_KINDS.includes(kind);
  return (stream) => {
    if (stream.tracked(counter) !== null) return Verdict.next;
    const value = compiled.evaluate(stream);
    if (kind === 'tcp-request content' && waitsFor(stream, compiled)) return Verdict.more;
    const key = value === undefined || cast == null ? value : cast(value);
    if (key === undefined) return Verdict.next;
    const now = stream.env.now();
    useKeyOf(table, key);
    const { base } = stream.client!;
    const tracking = ofSession ? (base.tracking ??= new Tracking()) : (stream.tracking ??= new Tracking());
    tracking.start(stream.env.tables.ledger, counter, table, now, eventsBefore(stream, kind));
    return Verdict.next;
  };
}

const NOTHING: readonly EventTypes[] = [];
const REQUEST: readonly EventTypes[] = [Event.request];

/** What is counted of a request that was there before the entry was tracked. */
function eventsBefore(stream: Stream, kind: RuleKind): readonly EventTypes[] {
  switch (kind) {
    case 'tcp-request connection':
    case 'tcp-request session':
      return NOTHING;
    case 'tcp-request content':
      // Of a backend's rules the request was there before; a frontend's content is inspected before it is counted.
      return stream.backend !== null && !stream.raw ? REQUEST : NOTHING;
    case 'http-response': {
      const { status } = stream.res;
      const error = isClientError(stream.env, status) ? [Event.error] : NOTHING;
      const failure = isServerFailure(stream.env, status) ? [Event.failure] : NOTHING;
      return [Event.request, ...error, ...failure];
    }
    default:
      return REQUEST;
  }
}

/** Statuses of servers that count as errors of clients. */
export function isClientError({ errCodes }: Env, status: number): boolean {
  return errCodes.has(status);
}

/** Statuses that count as failures of servers. */
export function isServerFailure({ failCodes }: Env, status: number): boolean {
  return failCodes.has(status);
}

/** `(<index>,<counter>)` or `(<counter>)` of an action's word. */
function numbersOf(action: string, many: number, { stickCounters }: RuleEnv): readonly number[] | ExprError {
  const texts = action.slice(action.indexOf('(') + 1, -1).split(',');
  const name = action.slice(0, action.indexOf('('));
  const bad = texts.find((text) => !/^\d+$/.test(text));
  if (texts.length !== many || bad !== undefined) {
    const expected = many === 2 ? '<GP ID>,<Track ID>' : '<Track ID>';
    return { error: `invalid stick table track ID: expects '${name}(${expected})', but got '${action}'` };
  }
  const numbers = texts.map(Number);
  if (numbers.at(-1)! >= stickCounters)
    return { error: `invalid stick table track ID. The max allowed ID is ${stickCounters - 1}` };
  if (many === 2 && numbers[0]! >= 100) return { error: 'invalid index. The max allowed index is 99' };
  return many === 2 ? numbers : [0, ...numbers];
}

/** What an action does to a tracked entry, which is open. `value`: undefined in those without. */
type Act = (table: StickTable, entry: number, index: number, value: number, now: number) => void;

/** `sc-inc-gpc0(<counter>)`, `sc-set-gpt(<index>,<counter>) <value>`, ... `fixed`: the index of those without. */
function entryAction(name: string, fixed: number | null, valued: boolean, act: Act): ActionRow {
  return {
    name,
    prefix: true,
    kinds: EVERYWHERE,
    compile(words, env, action) {
      const numbers = numbersOf(action, fixed === null ? 2 : 1, env);
      if ('error' in numbers) return numbers;
      const [first = 0, counter = 0] = numbers;
      const index = fixed ?? first;
      const value = valued ? compileValue(words, env) : () => 0;
      if (typeof value !== 'function') return value;
      return (stream) => {
        const tracked = stream.tracked(counter);
        if (tracked === null) return Verdict.next;
        const n = value(stream);
        if (n === undefined) return Verdict.next;
        const table = tracked.table as StickTable;
        table.openEntry(tracked.entry);
        act(table, tracked.entry, index, n, stream.env.now());
        table.close();
        return Verdict.next;
      };
    },
  };
}

/** An integer, written or made by an expression. */
function compileValue(words: Words, env: RuleEnv): ((stream: Stream) => number | undefined) | ExprError {
  const word = words.peek() ?? '';
  if (/^\d+$/.test(word) && Number(word) < 2 ** 32) {
    words.take();
    return () => Number(word);
  }
  const parsed = compileExpression(words.left, env.expr);
  if ('error' in parsed) return { error: `invalid expression '${word}' for '${env.kind}': ${parsed.error}` };
  words.at += parsed.next;
  const { compiled } = parsed;
  const cast = compiled.castTo('sint');
  if (cast === undefined) return { error: `expression '${word}' gives no integer` };
  return (stream) => {
    const value = compiled.evaluate(stream);
    const number = value === undefined || cast === null ? value : cast(value);
    return number === undefined ? undefined : Number(number);
  };
}

/** `alone`: also where the table keeps `gpc0`, `gpc1` or `gpt0` in place of arrays. */
const increment =
  (alone: boolean): Act =>
  (table, entry, index, _value, now) => {
    countPurpose(table, entry, index, 1, now, alone);
  };

const setTag =
  (alone: boolean): Act =>
  (table, entry, index, value, now) => {
    const place = placeOf(table, 'gpt', index, alone);
    if (place === null) return;
    table.set(entry, place.column as never, place.element, value);
    table.touch(entry, now);
  };

/** Actions on what is tracked. */
export const trackedActions: readonly ActionRow[] = [
  entryAction('sc-inc-gpc', null, false, increment(false)),
  entryAction('sc-inc-gpc0', 0, false, increment(true)),
  entryAction('sc-inc-gpc1', 1, false, increment(true)),
  entryAction('sc-add-gpc', null, true, (table, entry, index, value, now) => {
    countPurpose(table, entry, index, value, now, false);
  }),
  entryAction('sc-set-gpt', null, true, setTag(false)),
  entryAction('sc-set-gpt0', 0, true, setTag(true)),
];
