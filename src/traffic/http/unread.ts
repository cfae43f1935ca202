import { C, countRate, G } from '../../model/counters.ts';
import { captureRequest } from '../captured.ts';
import { countFront } from '../counting.ts';
import { rawPage, reasonOf } from '../error-pages.ts';
import type { TrafficFrontend } from '../frontend.ts';
import type { HttpClient } from '../http-client.ts';
import { setCause } from '../log.ts';
import { Stream } from '../stream.ts';
import { countSession, Event } from '../tracking.ts';

/* Requests of HTTP/1 that could not be read, or did not come: they are counted and logged by streams of their own. */

/** Notes on its stream that a request in the bytes [start, end) cannot be read, or must not be passed on; `at`: where the mistake is. */
export function noteBad(client: HttpClient, stream: Stream, buf: Buffer, start: number, end: number, at: number): void {
  const { env, frontend } = client;
  const { log } = stream;
  countUnread(client);
  countBad(client);
  captureRequest(env, frontend, client.source, buf, start, end, at, stream.req.errorState || 'MSG_ERROR');
  log.requestLine = '<BADREQ>';
  log.requestEnd = 0;
  setCause(stream, 'P', 'R');
  stream.statusSent = stream.req.errorStatus;
}

/** The stream of a request that did not come whole in time. */
export function lateRequest(client: HttpClient): Stream {
  const stream = unreadStream(client, 408);
  countSession(client.tracking, Event.request, client.env.now());
  setCause(stream, 'c', 'R');
  return stream;
}

/** The stream of a request whose client ended in the middle of it. */
export function cutRequest(client: HttpClient): Stream {
  const stream = unreadStream(client, 400);
  countBad(client);
  setCause(stream, 'C', 'R');
  return stream;
}

function unreadStream(client: HttpClient, status: number): Stream {
  const stream = Stream.start(client.env, client, client.frontend, client.listener);
  client.exchanges++;
  countUnread(client);
  stream.log.acceptDate = client.exchanges === 1 ? client.acceptedAt : client.idleSince;
  stream.log.requestDate = client.requestAt || client.idleSince;
  stream.log.requestLine = '<BADREQ>';
  stream.statusSent = status;
  return stream;
}

/** It counts as a request of the frontend. */
function countUnread(client: HttpClient): void {
  const { c, g } = client.frontend;
  c[C.requests]!++;
  countFront(client, C.failedReq);
  c[C.hrsp4xx]!++;
  countRate(c, C.reqRate, Math.floor(client.env.now() / 1000), g, G.reqRateMax);
}

/** It counts in what the session tracks: as a request, and as a mistake of the client. */
function countBad(client: HttpClient): void {
  const now = client.env.now();
  countSession(client.tracking, Event.request, now);
  countSession(client.tracking, Event.error, now);
}

/** The page for it: the proxy's own, else HAProxy's raw one. */
export function unreadPage(frontend: TrafficFrontend, status: number): string {
  const page = frontend.errorPages.own(status);
  // Below HTTP there is nothing to make a page from.
  if (page === null || page.make !== undefined) return rawPage(status);
  if (page.status === 0) return '';
  const headers = page.headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const body = typeof page.body === 'string' ? page.body : Buffer.from(page.body).latin1Slice();
  return `HTTP/1.1 ${page.status} ${page.reason ?? reasonOf(page.status)}\r\n${headers}connection: close\r\n\r\n${body}`;
}
