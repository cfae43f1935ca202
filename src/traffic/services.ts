import type { ProxyConfig } from '../config/types.ts';
import type { RenderedView } from '../model/messages.ts';
import { countIntercepted } from './counting.ts';
import { reply, replyError } from './http/ending.ts';
import { setCause } from './log.ts';
import { Phase } from './phase.ts';
import type { BackendRules, FrontendRules } from './rules/types.ts';
import type { Stream } from './stream.ts';

/** How long the control thread may take to render a page, ms. */
const RENDER_TIMEOUT = 10_000;
/** Largest body of a request to a service: the form of the statistics page. */
const FORM_MAX = 16_384;

/** Answers a request to the statistics page of a proxy (`stats uri`). False when the request is for something else. */
export function interceptStats(
  stream: Stream,
  config: ProxyConfig,
  rules: FrontendRules | BackendRules | null,
): boolean {
  const { stats } = config;
  if (stats === null || !pageTarget(stream.req.uri, stats.uri).startsWith(stats.uri)) return false;
  const { method } = stream;
  if (method !== 'GET' && method !== 'HEAD' && method !== 'POST') return false;
  stream.log.service = '<STATS>';
  const then = (allowed: Stream) => {
    const admin = rules?.statsAdmin?.some((test) => test(allowed)) ?? false;
    render(allowed, 'stats', config.id, admin);
  };
  stream.runRules(rules?.stats ?? null, then);
  return true;
}

/** A target as a page reads it: of an absolute one what is behind the authority, unless the page's own is absolute; as in HAProxy. */
export function pageTarget(uri: string, own = '/'): string {
  if (!own.startsWith('/')) return uri;
  const authority = /^https?:\/\/[^/]*/i.exec(uri);
  return authority === null ? uri : uri.slice(authority[0].length);
}

/** Has the control thread make the answer, since it knows what is asked for; the request waits meanwhile. */
export function render(stream: Stream, service: 'stats' | 'prometheus', proxy: number, admin: boolean): void {
  const { log, env } = stream;
  countIntercepted(stream);
  setCause(stream, 'L', 'R');
  // A service is a server that is there at once.
  log.queueEnd = env.now();
  log.connectEnd = log.queueEnd;
  stream.phase = Phase.rules;
  stream.keep();
  stream.collectBody(FORM_MAX, (whole) => {
    if (!whole && service === 'stats') formTooLarge(stream);
    else if (!whole) replyError(stream, 413);
    else ask(stream, service, proxy, admin);
  });
}

/** The form of the statistics page is answered by a redirection to the page, which tells what became of it. */
function formTooLarge(stream: Stream): void {
  const uri = pageTarget(stream.req.uri);
  const end = uri.search(/[;?]/);
  const headers: [string, string][] = [
    ['cache-control', 'no-cache'],
    ['content-type', 'text/plain'],
    ['content-length', '0'],
    ['location', `${end < 0 ? uri : uri.slice(0, end)};st=EXCD`],
  ];
  reply(stream, { status: 303, reason: null, headers, body: '' });
}

function ask(stream: Stream, service: 'stats' | 'prometheus', proxy: number, admin: boolean): void {
  const { env, req } = stream;
  const request = ++env.requestIds;
  const headers: [string, string][] = [];
  for (let i = 0; i < req.count; i++) {
    const name = req.headerName(i);
    if (name !== '') headers.push([name, req.headerValue(i)]);
  }
  env.rendering.set(request, stream);
  stream.renderId = request;
  stream.onWaited = (late) => {
    env.rendering.delete(request);
    replyError(late, 504);
  };
  stream.waitUntil = env.now() + RENDER_TIMEOUT;
  stream.schedule();
  env.post({
    kind: 'render',
    service,
    proxy,
    request,
    uri: pageTarget(req.uri),
    method: stream.method,
    body: stream.requestPayload(),
    headers,
    admin,
    source: stream.source.host,
  });
}

/** The answer is there. */
export function rendered(stream: Stream, view: RenderedView): void {
  stream.waitUntil = 0;
  stream.onWaited = null;
  stream.renderId = 0;
  stream.served = true;
  stream.log.responseStart = stream.env.now();
  const headers: [string, string][] = view.headers.map(([name, value]) => [name.toLowerCase(), value]);
  if (!headers.some(([name]) => name === 'content-length')) headers.push(['content-length', String(view.body.length)]);
  reply(stream, { status: view.status, reason: null, headers, body: view.body });
}
