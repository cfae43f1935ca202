/** Long lists in JSON, a part at a time: others are answered in between. */

import { setImmediate as turn } from 'node:timers/promises';

/** Bytes that are parsed in one turn of the event loop; some 2 ms. */
const SLICE = 64 * 1024;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPENING, CLOSING] = [new Set([0x5b, 0x7b]), new Set([0x5d, 0x7d])];

/** Whether it is worth to be taken apart. */
export function isLongList(bytes: Buffer): boolean {
  return bytes.length > 4 * SLICE && /^\s*\[/.test(bytes.toString('latin1', 0, 100));
}

/** The elements of a list, some at a time. Throws SyntaxError where it is no JSON. */
export async function* listSlices(bytes: Buffer): AsyncGenerator<unknown[], void, undefined> {
  let start = bytes.indexOf('[') + 1;
  let depth = 0;
  for (let i = start; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) i = endOfText(bytes, i);
    else if (OPENING.has(byte)) depth++;
    else if (CLOSING.has(byte) && --depth < 0) {
      // The end of the list: what follows is for the parser to refuse.
      yield JSON.parse(`[${bytes.toString('utf8', start)}`) as unknown[];
      return;
    } else if (byte === COMMA && depth === 0 && i - start > SLICE) {
      yield JSON.parse(`[${bytes.toString('utf8', start, i)}]`) as unknown[];
      await turn();
      start = i + 1;
    }
  }
  throw new SyntaxError('the list has no end');
}

/** Where the text that begins at a quote ends. */
function endOfText(bytes: Buffer, quote: number): number {
  for (let end = bytes.indexOf(QUOTE, quote + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let slashes = 0;
    while (bytes[end - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end;
  }
  return bytes.length;
}
