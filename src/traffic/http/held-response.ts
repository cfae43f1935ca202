import type { BodyExtent } from '../../expr/types.ts';
import { Body } from '../h1/body.ts';
import { Framing } from '../h1/head.ts';
import { setCause } from '../log.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { extentOf, payloadOf } from './at-hand.ts';

/*
 * A response that waits in the middle of its rules: its head and what has come of its body are kept, and the server is not read from, unless
 * a rule waits for the body.
 */

/** Keeps what has come of the response, and stops reading from the server. */
export function holdResponse(stream: Stream): void {
  stream.phase = Phase.responseRules;
  stream.serverUntil = 0;
  if (!stream.responseHeld) {
    stream.responseHeld = true;
    stream.res.own();
    stream.bodyBuf = Buffer.from(stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd));
    stream.bodyEnd = stream.bodyBuf.length;
    stream.bodyPos = 0;
  }
  if (stream.onResponseBody === null) stream.serverConn?.conn.pause();
}

/** Waits until the whole body is at hand, or `limit` bytes of it: `then` follows. False when it is at hand already, and nothing follows. */
export function collectResponse(stream: Stream, limit: number, then: () => void): boolean {
  if (isAtHand(stream, limit)) return false;
  stream.bodyLimit = limit;
  stream.onResponseBody = then;
  stream.serverConn!.conn.resume();
  return true;
}

/** More of a response that waits. */
export function onHeldResponse(stream: Stream, buf: Buffer, start: number, end: number): void {
  stream.bodyBuf = Buffer.concat([stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd), buf.subarray(start, end)]);
  stream.bodyPos = 0;
  stream.bodyEnd = stream.bodyBuf.length;
  if (stream.onResponseBody !== null && isAtHand(stream, stream.bodyLimit)) bodyCollected(stream);
}

/** No more of the body is waited for: it is there, or the server has ended. */
export function bodyCollected(stream: Stream): void {
  const then = stream.onResponseBody;
  if (then === null) return;
  stream.onResponseBody = null;
  stream.serverConn?.conn.pause();
  then();
}

const probe = new Body();

function isAtHand(stream: Stream, limit: number): boolean {
  // What goes through a tunnel is no body.
  if (stream.resBody.framing === Framing.tunnel) return true;
  if (stream.serverEnded || stream.bodyEnd - stream.bodyPos >= limit) return true;
  probe.copyFrom(stream.resBody);
  for (let pos = stream.bodyPos; pos < stream.bodyEnd && !probe.done && !probe.failed; )
    pos = probe.skip(stream.bodyBuf!, probe.feed(stream.bodyBuf!, pos, stream.bodyEnd), stream.bodyEnd);
  return probe.done || probe.failed;
}

/** What has come of the response body, without framing, as latin1 text; '' when it has begun to go to the client. */
export function responseText(stream: Stream): string {
  const { bodyBuf, resBody, bodyPos, bodyEnd } = stream;
  return bodyBuf === null || stream.responseHead === null ? '' : payloadOf(resBody, bodyBuf, bodyPos, bodyEnd);
}

/** What else has come of it, and what is announced. */
export function responseExtent({ bodyBuf, responseHead, resBody, bodyPos, bodyEnd }: Stream): BodyExtent | null {
  return bodyBuf === null || responseHead === null ? null : extentOf(resBody, bodyBuf, bodyPos, bodyEnd);
}

/** The time to wait for the body is over. */
export function setLate(stream: Stream): void {
  setCause(stream, 's', 'D');
  stream.onResponseBody = null;
}
