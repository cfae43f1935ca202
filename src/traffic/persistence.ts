import type { TrafficBackend } from './backend.ts';
import { CookieState, cacheability, tidyCookies, tidySetCookie } from './cookies.ts';
import type { Head } from './h1/head.ts';
import type { TrafficServer } from './server.ts';
import { applyStickRules } from './stickiness.ts';
import type { Stream } from './stream.ts';

/** Finds the server that a rule (`use-server`) or the request's cookie asks for, and takes the cookie out of what the server sees. */
export function applyRequestPersistence(stream: Stream): void {
  const backend = stream.backend!;
  const { rules } = backend;
  if (rules !== null) {
    stream.forcePersist = rules.forcePersist?.some((test) => test(stream)) ?? false;
    stream.ignorePersist = rules.ignorePersist?.some((test) => test(stream)) ?? false;
    if (rules.useServer !== null) stream.preferred = ruledServer(stream, stream.forcePersist || backend.persists);
  }
  if (!stream.raw) {
    stream.frontend.rules?.captures?.requestCookie?.(stream);
    if (backend.cookie !== null) readCookie(stream, backend);
    else if (stream.frontend.capturesCookie) tidy(stream.req, 'cookie', tidyCookies);
  }
  if (backend.rdpCookie !== null && stream.raw && stream.preferred === null) readRdpCookie(stream);
}

/** Finds the server that stick rules lead to where none was asked for. */
export function applyStickiness(stream: Stream): void {
  const { rules } = stream.backend!;
  if (rules !== null && rules.stick !== null) applyStickRules(stream, rules.stick);
}

/** A request that is denied goes no further, but its cookies are logged, and the server that they lead to. */
export function logDeniedCookies(stream: Stream): void {
  const { frontend, env } = stream;
  frontend.rules?.captures?.requestCookie?.(stream);
  const backend = stream.backend ?? env.backends.get(frontend.id);
  if (backend?.cookie == null) return;
  readCookie(stream, backend);
  if (stream.preferred !== null) stream.log.service = stream.preferred.name;
}

/** Who captures a cookie looks at all of them, and leaves them without spaces around their equal signs. */
function tidy(head: Head, name: string, tidied: (value: string) => string): void {
  for (let i = head.findHeader(name, 0); i >= 0; i = head.findHeader(name, i + 1)) {
    const value = head.headerValue(i);
    const left = tidied(value);
    if (left !== value) head.setValueAt(i, left);
  }
}

/**
 * The server of the first `use-server` rule that matches and has one to be used; a name made by an expression that no server has ends
 * the search. `force`: also a server that is down.
 */
function ruledServer(stream: Stream, force: boolean): TrafficServer | null {
  for (const rule of stream.backend!.rules!.useServer!) {
    if (rule.condition !== null && !rule.condition(stream)) continue;
    const name = rule.name(stream);
    const server = stream.backend!.servers.find((s) => s.name === name);
    if (server === undefined) return null;
    if (server.usable || force) return server;
  }
  return null;
}

function readCookie(stream: Stream, backend: TrafficBackend): void {
  const { req, log, env } = stream;
  const state = (stream.cookie ??= new CookieState<TrafficServer>());
  state.reset();
  const force = stream.forcePersist || backend.persists;
  const options = { force, ignore: stream.ignorePersist || stream.preferred !== null };
  const now = Math.floor(env.now() / 1000);
  for (let i = req.findHeader('cookie', 0); i >= 0; i = req.findHeader('cookie', i + 1)) {
    const value = req.headerValue(i);
    const left = backend.cookie!.readRequest(value, state, now, options);
    if (left === null) req.removeAt(i);
    else if (left !== value) req.setValueAt(i, left);
  }
  log.persistence = state.request;
  log.cookieAction = 'N';
  if (state.server === null) return;
  stream.preferred = state.server;
}

/**
 * `persist rdp-cookie`: `<address>.<port>.<anything>` names a server, the numbers with their bytes as they stand in a packet and read
 * from the least one on.
 */
function readRdpCookie(stream: Stream): void {
  const backend = stream.backend!;
  const said = /^(\d{1,10})\.(\d{1,5})\./.exec(String(backend.rdpCookie!.evaluate(stream) ?? ''));
  if (said === null) return;
  const address = Number(said[1]);
  const host = [0, 8, 16, 24].map((bits) => (address >>> bits) & 255).join('.');
  const port = ((Number(said[2]) & 255) << 8) | (Number(said[2]) >> 8);
  const force = stream.forcePersist || backend.persists;
  const server = backend.servers.find(({ view }) => view.host === host && view.port === port);
  if (server === undefined || !(server.usable || force)) return;
  stream.preferred = server;
}

/** What becomes of the cookies of a response. */
export function applyResponseCookies(stream: Stream): void {
  if (stream.backend!.cookie !== null) applyResponsePersistence(stream);
  else if (stream.frontend.capturesCookie) tidy(stream.res, 'set-cookie', tidySetCookie);
}

/** Sets, rewrites or prefixes the persistence cookie of the response. */
function applyResponsePersistence(stream: Stream): void {
  const { res, cookie: state, log, env } = stream;
  const backend = stream.backend!;
  const server = stream.server;
  if (backend.cookie === null || state === null || server === null || stream.ignorePersist) return;
  const direct = stream.preferred === server;
  for (let i = res.findHeader('set-cookie', 0); i >= 0; i = res.findHeader('set-cookie', i + 1)) {
    const value = res.headerValue(i);
    const kept = backend.cookie.readResponse(value, state, server, direct);
    if (kept === null) res.removeAt(i);
    else if (kept !== value) res.setValueAt(i, kept);
  }
  const now = Math.floor(env.now() / 1000);
  const inserted = backend.cookie.insert(state, server, direct, stream.method === 'POST', now);
  if (inserted !== null) {
    res.addHeader('set-cookie', inserted);
    // A cache must not hand one client's server to another one.
    if (backend.cookie.config.nocache && cacheability(stream.method, res) !== 'no')
      res.addHeader('cache-control', 'private');
  }
  log.cookieAction = state.response;
}
