import { Pacer } from './pacer.ts';

/** From this size on a body is made in shared memory, so that no thread stops to copy it when it is handed over. */
const SHARED_FROM = 1 << 20;
/** Text that is gathered before it is turned into bytes. */
const PIECE = 65_536;

/** Puts the text of a page together, working on it for a few milliseconds at a time. */
export async function bodyOf(pieces: Iterable<string> | AsyncIterable<string>): Promise<Uint8Array> {
  const pacer = new Pacer();
  const parts: Buffer[] = [];
  let length = 0;
  let text = '';
  const flush = () => {
    const part = Buffer.from(text);
    parts.push(part);
    length += part.length;
    text = '';
  };
  const take = (piece: string) => {
    text += piece;
    if (text.length >= PIECE) flush();
  };
  if (Symbol.asyncIterator in pieces) for await (const piece of pieces) take(piece);
  else {
    for (const piece of pieces) {
      take(piece);
      if (pacer.due) await pacer.breathe();
    }
  }
  flush();
  if (length < SHARED_FROM) return Buffer.concat(parts);
  const body = new Uint8Array(new SharedArrayBuffer(length));
  let at = 0;
  for (const part of parts) {
    body.set(part, at);
    at += part.length;
    if (pacer.due) await pacer.breathe();
  }
  return body;
}
