import { parseSize, parseTime } from '../../../config/units.ts';
import type { ExprError } from '../../../expr/sample.ts';
import { parseVarName, writeVar } from '../../../expr/vars.ts';
import { C } from '../../../model/counters.ts';
import { countDenied } from '../../counting.ts';
import { replyError } from '../../http/ending.ts';
import { onBodyLate } from '../../http/failures.ts';
import { collectBody, drainBody, hasBufferedBody, isBodyAtHand } from '../../http/held-body.ts';
import { collectResponse, setLate } from '../../http/held-response.ts';
import { setCause } from '../../log.ts';
import { resolveName } from '../../resolving.ts';
import type { Stream } from '../../stream.ts';
import { countTracked, Event } from '../../tracking.ts';
import { type ActionRow, type RuleEnv, type Run, Verdict, type Words } from '../types.ts';
import { compileValue } from '../value.ts';
import { compileDenial } from './final.ts';
import { REQUEST } from './kinds.ts';
import { compileTime } from './settings.ts';

/** Waits for `timeout tarpit`, then denies. */
function compileTarpit(words: Words, env: RuleEnv): Run | ExprError {
  const deny = compileDenial(words, env, 500);
  if ('error' in deny) return deny;
  const tarpitted = (stream: Stream): void => {
    stream.log.queueEnd = stream.env.now();
    deny(stream, stream.clientBroken);
  };
  return (stream) => {
    const timeout = stream.timeouts.tarpit ?? stream.frontend.tarpitTimeout;
    countDenied(stream, C.deniedReq);
    countTracked(stream, Event.error);
    setCause(stream, 'P', 'T');
    // The time spent is logged as that in a queue, as HAProxy does.
    if (!hasBufferedBody(stream)) stream.log.requestEnd = 0;
    stream.waitUntil = stream.env.now() + timeout;
    stream.onWaited = tarpitted;
    drainBody(stream);
    return Verdict.wait;
  };
}

/** `pause { <time> | <expr> }`: goes on after that. */
function compilePause(words: Words, env: RuleEnv): Run | ExprError {
  if (words.peek() === '0') return { error: "null value is not valid for a 'pause' rule" };
  const time = compileTime(words, env, 'pause');
  if (typeof time !== 'function') return time;
  return (stream) => {
    const ms = Number(time(stream) ?? 0);
    if (ms <= 0) return Verdict.next;
    stream.waitUntil = stream.env.now() + ms;
    return Verdict.wait;
  };
}

const BODY_EXPECTED = 'expects time <time> [ at-least <bytes> ]';

/** `wait-for-body time <time> [at-least <bytes>]`: until that much of the body is there, or all of it, or the buffer is full. */
function compileBody(words: Words, env: RuleEnv): Run | ExprError {
  let time = -1;
  let least = 0;
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    words.take();
    const text = words.peek() === undefined ? '' : words.take()!;
    const value = word === 'time' ? parseTime(text) : word === 'at-least' ? parseSize(text) : null;
    if (value === null || text === '') return { error: BODY_EXPECTED };
    if (typeof value !== 'number')
      return {
        error: value.error === 'overflow' ? `'${text}' is too large` : `unexpected character '${value.character}'`,
      };
    if (word === 'time') time = value;
    else least = value;
  }
  if (time < 0) return { error: BODY_EXPECTED };
  const limitOf = (stream: Stream) => {
    const { bufsize, maxrewrite } = stream.env.global.tune;
    return least === 0 ? bufsize - maxrewrite : Math.min(least, bufsize - maxrewrite);
  };
  return env.kind === 'http-request' ? waitForRequest(time, limitOf) : waitForResponse(time, limitOf);
}

function waitForRequest(time: number, limitOf: (stream: Stream) => number): Run {
  return (stream) => {
    const limit = limitOf(stream);
    if (isBodyAtHand(stream, limit)) return Verdict.next;
    stream.waitUntil = stream.env.now() + time;
    stream.onWaited = onBodyLate;
    stream.holdForRule();
    collectBody(stream, limit, () => stream.ruleWaitOver());
    return Verdict.done;
  };
}

function waitForResponse(time: number, limitOf: (stream: Stream) => number): Run {
  return (stream) => {
    const limit = limitOf(stream);
    if (!collectResponse(stream, limit, () => stream.ruleWaitOver())) return Verdict.next;
    stream.waitUntil = stream.env.now() + time;
    stream.onWaited = (late) => {
      setLate(late);
      replyError(late, 504);
    };
    return Verdict.wait;
  };
}

/** `do-resolve(<var>,<resolvers>[,ipv4|ipv6]) <expr>`: asks name servers; the variable stays as it is when there is no address. */
function compileResolve(words: Words, env: RuleEnv, action: string): Run | ExprError {
  const [variable = '', section = '', family, more] = action.slice('do-resolve('.length, -1).split(',');
  if (section === '' || more !== undefined || ![undefined, 'ipv4', 'ipv6'].includes(family))
    return {
      error: `Can't parse '${action}'. Expects 'do-resolve(<varname>,<resolvers>[,<options>]) <expr>'. Available options are 'ipv4' and 'ipv6'`,
    };
  const name = parseVarName(variable);
  if ('error' in name) return name;
  if (!env.hasResolvers(section)) return { error: `Can't find resolvers section '${section}' for do-resolve action` };
  const host = compileValue(words, env, 'str');
  if (typeof host !== 'function') return host;
  const prefer = family === 'ipv4' ? 4 : 6;
  return (stream) => {
    const asked = host(stream);
    if (typeof asked !== 'string' || asked === '') return Verdict.next;
    resolveName(stream, section, asked, prefer, (address) => {
      if (address !== null) writeVar(stream, name, address, address.includes(':') ? 'ipv6' : 'ipv4');
      stream.ruleWaitOver();
    });
    // Among `tcp-request content` rules it is one of the things that `inspect-delay` is the time for.
    if (stream.inspecting && stream.inspectUntil > 0)
      stream.waitUntil = Math.min(stream.waitUntil, stream.inspectUntil);
    return Verdict.wait;
  };
}

/** Actions that wait. */
export const waitingActions: readonly ActionRow[] = [
  { name: 'tarpit', kinds: ['http-request'], compile: compileTarpit },
  { name: 'pause', kinds: ['http-request', 'http-response'], compile: compilePause },
  { name: 'wait-for-body', kinds: ['http-request', 'http-response'], compile: compileBody },
  // A request is read when its handshake is over: there is no early data.
  { name: 'wait-for-handshake', kinds: ['http-request'], compile: () => () => Verdict.next },
  { name: 'do-resolve', prefix: true, kinds: REQUEST, compile: compileResolve },
];
