import type { BodyExtent } from '../../expr/types.ts';
import { Body } from '../h1/body.ts';
import { Phase } from '../phase.ts';
import type { Stream } from '../stream.ts';
import { extentOf, payloadOf } from './at-hand.ts';
import { onBodyLate } from './failures.ts';
import { badRequestBody, serialise } from './sending.ts';

/*
 * A request that waits: its head and what has come of its body are kept, and those who want to see the body are told when it is there.
 */

/** Waits for the whole body, or as much of it as a buffer holds (`option http-buffer-request`), for `time` ms (0: as long as bytes come). */
export function bufferBody(
  stream: Stream,
  time: number,
  then: (stream: Stream) => void,
  late: (stream: Stream) => void = onBodyLate,
): void {
  const { env } = stream;
  const { tune } = env.global;
  if (stream.reqBody.done) {
    then(stream);
    return;
  }
  stream.phase = Phase.rules;
  if (time > 0) {
    stream.waitUntil = env.now() + time;
    stream.onWaited = late;
  }
  collectBody(stream, tune.bufsize - tune.maxrewrite, () => {
    stream.waitUntil = 0;
    stream.onWaited = null;
    // Its time is that of the whole request.
    stream.log.requestEnd = env.now();
    then(stream);
  });
}

/** Whether `bufferBody` has waited for the body, in front of the rules of the proxy that the request is at. */
export const hasBufferedBody = ({ frontend, backend }: Stream): boolean =>
  frontend.bufferRequest || backend?.bufferRequest === true;

/** The client waits for `100 Continue` before it sends a body. */
function askForBody(stream: Stream): void {
  const { req, res } = stream;
  if (req.expectContinue && stream.clientVersion >= 11 && stream.bodyPos === stream.bodyEnd) {
    req.removeHeader('expect');
    res.reset();
    res.isRequest = false;
    res.version = 11;
    res.status = 100;
    res.reasonText = 'Continue';
    stream.log.bytesRead += res.countedSize();
    stream.client!.sendInterim(stream);
  }
}

/** Serialises the request into `pending`, with what of its body is at hand; done once, before it is sent or when it must wait. */
export function keepRequest(stream: Stream): void {
  if (stream.replayable || stream.phase >= Phase.response) return;
  if (stream.phase === Phase.rules) {
    // Rules still look at the head: only its bytes are saved.
    if (stream.bodyBuf !== null && stream.requestHead !== null && !stream.held) holdBody(stream);
    return;
  }
  serialise(stream);
}

/** Copies the head and the body bytes that came with it out of the read buffer. */
function holdBody(stream: Stream): void {
  const { req } = stream;
  const extra = Buffer.from(stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd));
  req.own();
  stream.held = true;
  stream.bodyBuf = extra;
  stream.bodyPos = 0;
  stream.bodyEnd = extra.length;
  stream.client!.pause();
}

/** See `Stream.collectBody`. The payload is gathered, without its framing, behind the head's own buffer. */
export function collectBody(stream: Stream, limit: number, then: (whole: boolean) => void): void {
  askForBody(stream);
  keepRequest(stream);
  stream.bodyLimit = limit;
  stream.onBody = then;
  if (bodyAtHand(stream)) return;
  const { clientTimeout, env } = stream;
  stream.clientUntil = clientTimeout > 0 ? env.now() + clientTimeout : 0;
  stream.schedule();
  stream.client!.resume();
}

/** Tells who waits for the body when there is enough of it. */
function bodyAtHand(stream: Stream): boolean {
  const { onBody } = stream;
  const atHand = isBodyAtHand(stream, stream.bodyLimit);
  if (bodyProbe.failed) {
    stream.onBody = null;
    badRequestBody(stream);
    return true;
  }
  if (!atHand) return false;
  stream.onBody = null;
  stream.clientUntil = 0;
  stream.client!.pause();
  onBody!(bodyProbe.done);
  return true;
}

/** Whether all of the body has come, or `limit` bytes of it; so it is, too, when it cannot be read. */
export function isBodyAtHand(stream: Stream, limit: number): boolean {
  const buf = stream.bodyBuf ?? EMPTY;
  bodyProbe.copyFrom(stream.reqBody);
  for (let pos = stream.bodyPos; pos < stream.bodyEnd && !bodyProbe.done && !bodyProbe.failed; )
    pos = bodyProbe.skip(buf, bodyProbe.feed(buf, pos, stream.bodyEnd), stream.bodyEnd);
  return bodyProbe.done || bodyProbe.failed || stream.bodyEnd - stream.bodyPos >= limit;
}

const bodyProbe = new Body();

/** The request is answered here: what has come of its body is passed over, and what came behind that is the next request's. */
export function passOverBody(stream: Stream): void {
  const { bodyBuf, bodyEnd, reqBody } = stream;
  // Once a response has come, that buffer holds what came of it.
  if (bodyBuf === null || stream.responseStarted) return;
  let pos = stream.bodyPos;
  while (pos < bodyEnd && !reqBody.done && !reqBody.failed)
    pos = reqBody.skip(bodyBuf, reqBody.feed(bodyBuf, pos, bodyEnd), bodyEnd);
  stream.bodyBuf = null;
  if (pos < bodyEnd && reqBody.done) stream.client!.giveBack(bodyBuf, pos, bodyEnd);
}

/** Reads on while the request waits, and drops what comes of its body. */
export function drainBody(stream: Stream): void {
  keepRequest(stream);
  passOverBody(stream);
  if (stream.reqBody.done) return;
  stream.draining = true;
  stream.client!.resume();
}

/** More of a body that is dropped; returns the offset behind it. */
export function onDrainedBody({ reqBody }: Stream, buf: Buffer, start: number, end: number): number {
  let pos = start;
  while (pos < end && !reqBody.done && !reqBody.failed) pos = reqBody.skip(buf, reqBody.feed(buf, pos, end), end);
  return reqBody.failed ? end : pos;
}

/** What has come of the request body, without framing, as latin1 text. */
export function payloadText(stream: Stream): string {
  const { bodyBuf, reqBody, bodyPos, bodyEnd } = stream;
  return bodyBuf === null ? '' : payloadOf(reqBody, bodyBuf, bodyPos, bodyEnd);
}

/** What else has come of it, and what is announced. */
export function payloadExtent({ bodyBuf, reqBody, bodyPos, bodyEnd }: Stream): BodyExtent | null {
  return bodyBuf === null ? null : extentOf(reqBody, bodyBuf, bodyPos, bodyEnd);
}

const EMPTY = Buffer.alloc(0);

/** More of the body for who waits for it. */
export function onHeldBody(stream: Stream, buf: Buffer, start: number, end: number): void {
  stream.bodyBuf = Buffer.concat([stream.bodyBuf!.subarray(stream.bodyPos, stream.bodyEnd), buf.subarray(start, end)]);
  stream.bodyPos = 0;
  stream.bodyEnd = stream.bodyBuf.length;
  if (stream.onMoreData !== null) {
    if (stream.bodyEnd >= stream.env.global.tune.bufsize) stream.client!.pause();
    stream.onPayload();
  } else bodyAtHand(stream);
}
