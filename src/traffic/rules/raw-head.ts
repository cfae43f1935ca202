import { INVALID, NEED_MORE, parseRequest } from '../h1/parse.ts';
import { PREFACE } from '../h2/frames.ts';
import type { Stream } from '../stream.ts';

/** Parses of a head that came in so many pieces are put off until its end is in sight. */
const EAGER_PARSES = 16;
/** What of the preface of HTTP/2 looks like a request: method `PRI`, target `*`. */
const PREFACE_HEAD = PREFACE.indexOf('SM');

/**
 * Mode tcp: lets expressions look at what the client has sent so far as an HTTP request, once its head is whole. Nothing is changed in
 * what is sent on. `stream.notHttp` says that it is none and will not become one.
 */
export function readRawHead(stream: Stream): void {
  const { pending, pendingLength: length, req } = stream;
  if (length === 0 || stream.requestHead !== null || stream.notHttp) return;
  if (startsHttp2(pending, length)) {
    if (length < PREFACE_HEAD) return;
    req.reset();
    req.isRequest = true;
    req.methodText = 'PRI';
    req.uriText = '*';
    req.version = 20;
  } else {
    if (++stream.rawParses > EAGER_PARSES && !hasEnd(pending, length)) return;
    // What may not be passed on as HTTP is a request all the same.
    const { anyPayload } = req;
    req.anyPayload = true;
    // Names are made lower case where they stand, and those bytes go to the server.
    const read = parseRequest(req, Buffer.from(pending.subarray(0, length)), 0, length, stream.env.global.tune.maxhdr);
    req.anyPayload = anyPayload;
    if (read === INVALID) stream.notHttp = true;
    if (read <= NEED_MORE) return;
  }
  stream.requestHead = req;
  stream.method = req.method;
}

function startsHttp2(buf: Buffer, length: number): boolean {
  const seen = Math.min(length, PREFACE.length);
  // No other method begins with more than this.
  return seen > 1 && PREFACE.compare(buf, 0, seen, 0, seen) === 0;
}

/** The empty line that ends a head is there. */
function hasEnd(buf: Buffer, length: number): boolean {
  const bytes = buf.subarray(0, length);
  return bytes.includes('\n\r\n', 0, 'latin1') || bytes.includes('\n\n', 0, 'latin1');
}
