/** Bytes that are no UTF-8 in texts that are: `\xHH` in words, and files in another encoding. Traffic gets every text as its bytes. */

import { isUtf8 } from 'node:buffer';

/** U+DC80..U+DCFF, half surrogates that no decoded text has, stand for the bytes 0x80..0xff. */
const MARK = 0xdc00;

export function markByte(byte: number): string {
  return String.fromCharCode(MARK + byte);
}

/** A word with marked bytes: read as UTF-8 where that makes characters, else as it is. */
export function escapedBytes(word: string): string {
  const parts: Buffer[] = [];
  for (const run of word.match(/[\udc80-\udcff]+|[^\udc80-\udcff]+/gu) ?? []) {
    const marked = run.charCodeAt(0) >= MARK + 0x80 && run.charCodeAt(0) <= MARK + 0xff;
    parts.push(marked ? Buffer.from(run.split('').map((c) => c.charCodeAt(0) - MARK)) : Buffer.from(run));
  }
  const bytes = Buffer.concat(parts);
  const text = bytes.toString();
  return text.includes('\ufffd') ? word : text;
}

/** The text of a file, with its bytes above 0x7f marked where they are no UTF-8. */
export function markedText(bytes: Buffer): string {
  return isUtf8(bytes)
    ? bytes.toString()
    : bytes.latin1Slice().replace(/[\x80-\xff]/g, (c) => markByte(c.charCodeAt(0)));
}

/** A text of the configuration as traffic has it: latin1, a char for each of its bytes. */
export function bytesOf(text: string): string {
  if (!/[^\0-\x7f]/.test(text)) return text;
  return text.replace(/[\udc80-\udcff]+|[^\0-\x7f\udc80-\udcff]+/gu, (run) => {
    const code = run.charCodeAt(0);
    const marked = code >= MARK + 0x80 && code <= MARK + 0xff;
    return Buffer.from(run, marked ? 'latin1' : 'utf8').latin1Slice();
  });
}

/** Lines of words as traffic has them. */
export function linesInBytes<L extends { readonly words: readonly string[] }>(lines: readonly L[]): readonly L[] {
  return lines.map((line) => ({ ...line, words: line.words.map(bytesOf) }));
}

/** Undoes `bytesOf`, for names of files and messages. */
export function textOfBytes(bytes: string): string {
  return /[^\0-\x7f]/.test(bytes) ? markedText(Buffer.from(bytes, 'latin1')) : bytes;
}
