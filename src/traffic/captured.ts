import type { EndpointView } from '../expr/types.ts';
import { G } from '../model/counters.ts';
import type { Env } from './env.ts';
import type { TrafficFrontend } from './frontend.ts';
import type { Stream } from './stream.ts';

/** Keeps an invalid response for `show errors`: the last one of each backend. */
export function captureError(
  stream: Stream,
  side: 'request' | 'response',
  buf: Buffer,
  start: number,
  end: number,
  at: number,
  state: string,
): void {
  const { env, frontend, backend, server } = stream;
  const proxy = side === 'request' ? frontend : backend!;
  env.captured.set(`${proxy.id}/${side}`, {
    date: env.now(),
    side,
    proxy: proxy.name,
    proxyId: proxy.id,
    backend: backend?.name ?? null,
    backendId: backend?.id ?? 0,
    server: server?.name ?? null,
    serverId: server?.id ?? 0,
    source: `${stream.source.host}:${stream.source.port}`,
    frontend: frontend.name,
    frontendId: frontend.id,
    eventId: Atomics.add(env.g, G.captures, 1),
    position: at - start,
    bytes: Uint8Array.prototype.slice.call(buf, start, end),
    parserState: state,
  });
}

/** Keeps an invalid request, for which there is no stream yet. */
export function captureRequest(
  env: Env,
  frontend: TrafficFrontend,
  source: EndpointView,
  buf: Buffer,
  start: number,
  end: number,
  at: number,
  state: string,
): void {
  env.captured.set(`${frontend.id}/request`, {
    date: env.now(),
    side: 'request',
    proxy: frontend.name,
    proxyId: frontend.id,
    backend: null,
    backendId: 0,
    server: null,
    serverId: 0,
    source: `${source.host}:${source.port}`,
    frontend: frontend.name,
    frontendId: frontend.id,
    eventId: Atomics.add(env.g, G.captures, 1),
    position: at - start,
    bytes: Uint8Array.prototype.slice.call(buf, start, end),
    parserState: state,
  });
}
