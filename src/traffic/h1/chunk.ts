import { scratchBuffer, scratchSize } from '../../net/scratch.ts';
import type { Conn } from '../../net/transport.ts';

/** Bytes that the framing of a chunk takes at most, and that of the last one. */
export const CHUNK_FRAMING = 12 + 2;
export const LAST_CHUNK = '0\r\n';

/** Writes payload [start, end) as a chunk, if there is any; with `last` also the end of the body and its trailers (lines ended by LF). */
export function writeChunk(
  conn: Conn,
  buf: Uint8Array,
  start: number,
  end: number,
  last: boolean,
  trailers: string,
): void {
  const size = end - start + CHUNK_FRAMING + LAST_CHUNK.length + trailers.length * 2 + 2;
  const out = size > scratchSize ? Buffer.allocUnsafe(size) : scratchBuffer();
  const length = putChunk(out, 0, buf, start, end, last, trailers);
  if (length === 0) return;
  if (out === scratchBuffer()) conn.flushScratch(length);
  else conn.write(out, 0, length);
}

/** Puts the same into `out` at `at`; returns the offset behind it. */
export function putChunk(
  out: Buffer,
  at: number,
  buf: Uint8Array,
  start: number,
  end: number,
  last: boolean,
  trailers: string,
): number {
  let pos = at;
  if (end > start) {
    pos += out.latin1Write(`${(end - start).toString(16)}\r\n`, pos);
    out.set(buf.subarray(start, end), pos);
    pos += end - start;
    pos += out.latin1Write('\r\n', pos);
  }
  if (last) pos += out.latin1Write(`${LAST_CHUNK}${trailers.replaceAll('\n', '\r\n')}\r\n`, pos);
  return pos;
}
