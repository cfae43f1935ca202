import type { ExprError } from '../../../expr/sample.ts';
import { C } from '../../../model/counters.ts';
import { endUnnoticed } from '../../../net/sockets.ts';
import { countDenied, countFront, countIntercepted } from '../../counting.ts';
import { cutOff, errorPage, reply, replyError } from '../../http/ending.ts';
import { countResponseFailure } from '../../http/failures.ts';
import { setCause } from '../../log.ts';
import { logDeniedCookies } from '../../persistence.ts';
import type { Stream } from '../../stream.ts';
import { countTracked, Event } from '../../tracking.ts';
import * as tunnel from '../../tunnel.ts';
import { compileReply } from '../reply.ts';
import { compileText, headerSafe, splitTarget, type TextOf } from '../text.ts';
import { type ActionRow, type RuleEnv, Verdict, type Words } from '../types.ts';
import { EVERYWHERE } from './kinds.ts';

/** The answer of `deny` or `tarpit`; what it counts and logs is up to the caller. `unheard`: nobody is there to hear it. */
export function compileDenial(
  words: Words,
  env: RuleEnv,
  status: number,
): ((stream: Stream, unheard: boolean) => void) | ExprError {
  const answer = compileReply(words, env, status, true);
  if ('error' in answer) return answer;
  const response = env.kind === 'http-response';
  return (stream, unheard) => {
    if (!response) logDeniedCookies(stream);
    const made = answer(stream);
    reply(stream, unheard ? { ...made, status: 0, logged: made.logged ?? made.status } : made);
  };
}

/** `deny`: the proxy's page for a status, or an answer of the rule's own. */
const deny: ActionRow = {
  name: 'deny',
  kinds: ['http-request', 'http-response'],
  compile(words, env) {
    const response = env.kind === 'http-response';
    const answer = compileDenial(words, env, response ? 502 : 403);
    if ('error' in answer) return answer;
    return (stream) => {
      countDenied(stream, response ? C.deniedResp : C.deniedReq);
      if (!response) countTracked(stream, Event.error);
      if (response && stream.server !== null) stream.server.c[C.deniedResp]!++;
      setCause(stream, 'P', response ? 'H' : 'R');
      if (response) stream.log.responseStart = 0;
      answer(stream, false);
      return Verdict.done;
    };
  },
};

const returnAction: ActionRow = {
  name: 'return',
  kinds: ['http-request', 'http-response'],
  compile(words, env) {
    const answer = compileReply(words, env, 200, false);
    if ('error' in answer) return answer;
    return (stream) => {
      if (env.kind !== 'http-response') countIntercepted(stream);
      setCause(stream, 'L', env.kind === 'http-response' ? 'H' : 'R');
      if (env.kind === 'http-response') stream.log.responseStart = 0;
      reply(stream, answer(stream));
      return Verdict.done;
    };
  },
};

/** `redirect`: location, prefix or scheme. */
const redirect: ActionRow = {
  name: 'redirect',
  kinds: ['http-request', 'http-response'],
  compile(words, env) {
    const args = parseRedirect(words, env);
    if ('error' in args) return args;
    return (stream) => {
      const location = headerSafe(args.location(stream));
      if (location === '' && args.ignoreEmpty) return Verdict.next;
      const headers: [string, string][] = [
        ['content-length', '0'],
        ['location', location],
      ];
      if (args.code !== 301 && args.code !== 308) headers.push(['cache-control', 'no-cache']);
      if (args.cookie !== null) headers.push(['set-cookie', headerSafe(args.cookie(stream))]);
      if (env.kind !== 'http-response') countIntercepted(stream);
      setCause(stream, 'L', env.kind === 'http-response' ? 'H' : 'R');
      if (env.kind === 'http-response') stream.log.responseStart = 0;
      reply(stream, { status: args.code, reason: null, headers, body: '' });
      return Verdict.done;
    };
  },
};

interface RedirectArgs {
  code: number;
  location: (stream: Stream) => string;
  cookie: TextOf | null;
  ignoreEmpty: boolean;
}

function parseRedirect(words: Words, env: RuleEnv): RedirectArgs | ExprError {
  let type = '';
  let text: TextOf = () => '';
  let dropQuery = false;
  let appendSlash = false;
  let keepQuery = false;
  const args: RedirectArgs = { code: 302, location: () => '', cookie: null, ignoreEmpty: false };
  for (let word = words.peek(); word !== undefined; word = words.peek()) {
    words.take();
    switch (word) {
      case 'location':
      case 'prefix':
      case 'scheme': {
        const format = words.take();
        if (format === undefined) return { error: `missing argument for '${word}'` };
        // Alone, "/" means: no prefix at all.
        const made = word === 'prefix' && format === '/' ? () => '' : compileText(format, env);
        if ('error' in made) return made;
        type = word;
        text = made;
        break;
      }
      case 'code':
        args.code = Number(words.take());
        if (![301, 302, 303, 307, 308].includes(args.code))
          return { error: `'code': unsupported HTTP code (must be one of 301, 302, 303, 307 or 308)` };
        break;
      case 'set-cookie':
      case 'clear-cookie': {
        const cookie = words.take();
        if (cookie === undefined) return { error: `missing argument for '${word}'` };
        const field = `${cookie}; path=/;${word === 'clear-cookie' ? ' Max-Age=0;' : ''}`;
        args.cookie = () => field;
        break;
      }
      case 'set-cookie-fmt': {
        const format = words.take();
        if (format === undefined) return { error: `missing argument for '${word}'` };
        const cookie = compileText(format, env);
        if ('error' in cookie) return cookie;
        args.cookie = (stream) => `${cookie(stream)}; path=/;`;
        break;
      }
      case 'drop-query':
        dropQuery = true;
        break;
      case 'append-slash':
        appendSlash = true;
        break;
      case 'keep-query':
        keepQuery = true;
        break;
      case 'ignore-empty':
        args.ignoreEmpty = true;
        break;
      default:
        return {
          error: `expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'set-cookie-fmt', 'clear-cookie', 'drop-query', 'keep-query', 'ignore-empty' or 'append-slash' (was '${word}')`,
        };
    }
  }
  if (type === '') return { error: "redirection type expected ('prefix', 'location', or 'scheme')" };
  args.location = (stream) => {
    const head = stream.requestHead;
    const { path, query } = splitTarget(head?.uri ?? '/');
    if (type === 'location')
      return keepQuery && query !== ''
        ? `${text(stream)}${text(stream).includes('?') ? '&' : '?'}${query.slice(1)}`
        : text(stream);
    const whole = dropQuery ? path : path + query;
    // Behind a query, too, where it is not dropped: as HAProxy does.
    const target = appendSlash && !whole.endsWith('/') ? `${whole}/` : whole;
    if (type === 'prefix') return text(stream) + target;
    const host =
      head === null ? '' : head.findHeader('host', 0) >= 0 ? head.headerValue(head.findHeader('host', 0)) : '';
    return `${text(stream)}://${host}${target}`;
  };
  return args;
}

/** `auth`: asks for a user and a password, whatever came. */
const auth: ActionRow = {
  name: 'auth',
  kinds: ['http-request'],
  compile(words, env) {
    const realm = words.skip('realm') ? words.take() : env.proxy;
    if (realm === undefined || realm === '') return { error: "'realm' expects a name" };
    const value = `Basic realm="${headerSafe(realm).replace(/["\\]/g, '\\$&')}"`;
    return (stream) => {
      countIntercepted(stream);
      setCause(stream, 'L', 'R');
      const { toProxy } = stream;
      const page = errorPage(stream, toProxy ? 407 : 401);
      const field = toProxy ? 'proxy-authenticate' : 'www-authenticate';
      reply(stream, { ...page, headers: [...page.headers, [field, value]], counts: true });
      return Verdict.done;
    };
  },
};

/** Ends the connection without an answer. `ttl`: so that the client does not notice, -1 = as any end. */
function drop(ttl: number, { kind }: RuleEnv): (stream: Stream) => number {
  const silent = ttl >= 0;
  const response = kind === 'tcp-response content' || kind === 'http-response';
  const early = kind === 'tcp-request connection' || kind === 'tcp-request session';
  return (stream) => {
    const { base } = stream.client!;
    if (early) {
      // Who asked whether the connection may come in ends it.
      if (silent) {
        endUnnoticed(base.conn.fd, base.conn.remoteHost.includes(':'), ttl);
        stream.client!.abort(true);
      }
      return Verdict.done;
    }
    // HAProxy counts a silent one as that of a request, whatever is dropped.
    if (silent || kind === 'http-request') countDenied(stream, C.deniedReq);
    else if (response) {
      countDenied(stream, C.deniedResp);
      stream.server!.c[C.deniedResp]!++;
    } else countFront(stream, C.deniedReq);
    // Where it is silent, the state tells of a request even when it is a response that is dropped, as in HAProxy.
    setCause(stream, 'P', response && !silent ? 'D' : 'R');
    if (response) stream.log.responseStart = 0;
    // The rules of connections are in front of those of HTTP: what they drop has not become a response yet.
    if (kind === 'tcp-response content' && !stream.raw) stream.responseHead = null;
    // Only a request whose body was waited for has a time.
    else if (!stream.raw && !stream.frontend.bufferRequest) stream.log.requestEnd = 0;
    if (silent && stream.client!.proto === 'h1' && !stream.firstRequest) base.vanishes = ttl;
    else if (silent) endUnnoticed(base.conn.fd, base.conn.remoteHost.includes(':'), ttl);
    if (stream.raw) tunnel.close(stream, silent);
    else {
      stream.keepAlive = false;
      cutOff(stream, silent, !response);
    }
    return Verdict.done;
  };
}

/** `close`: ends the connection to the server, which in HTTP then has sent nothing. */
const closeServer: ActionRow = {
  name: 'close',
  kinds: ['tcp-response content'],
  compile: () => (stream) => {
    if (stream.heldResponse !== null) {
      stream.heldResponse.closes = true;
      return Verdict.stop;
    }
    stream.log.responseStart = 0;
    stream.responseHead = null;
    countResponseFailure(stream);
    setCause(stream, 'S', 'H');
    replyError(stream, 502);
    return Verdict.done;
  },
};

/** `silent-drop [rst-ttl <ttl>]` */
const silentDrop: ActionRow = {
  name: 'silent-drop',
  kinds: EVERYWHERE.filter((kind) => kind !== 'http-after-response'),
  compile(words, env) {
    if (!words.skip('rst-ttl')) return drop(0, env);
    const ttl = Number(words.take());
    if (!Number.isInteger(ttl) || ttl < 1 || ttl > 255)
      return { error: "'rst-ttl' expects an integer argument between 1 and 255" };
    return drop(ttl, env);
  },
};

/** Actions that end the way of a request. */
export const finalActions: readonly ActionRow[] = [
  {
    name: 'allow',
    kinds: ['http-request', 'http-response', 'http-after-response'],
    compile: () => () => Verdict.stop,
  },
  {
    name: 'accept',
    kinds: ['tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-response content'],
    compile: () => () => Verdict.stop,
  },
  {
    name: 'reject',
    kinds: [
      'http-request',
      'tcp-request connection',
      'tcp-request session',
      'tcp-request content',
      'tcp-response content',
    ],
    compile: (_words, env) => drop(-1, env),
  },
  closeServer,
  silentDrop,
  auth,
  deny,
  returnAction,
  redirect,
];
