/** Bytes above 0x7f written as `\xHH` in a text that is UTF-8: kept apart until the word is whole, then put back in place. */

/** U+DC80..U+DCFF, half surrogates that no decoded text has, stand for the bytes 0x80..0xff. */
const MARK = 0xdc00;

export function markByte(byte: number): string {
  return String.fromCharCode(MARK + byte);
}

/** A word with marked bytes: read as UTF-8 where that makes characters, else each byte as the character of that number. */
export function escapedBytes(word: string): string {
  const parts: Buffer[] = [];
  for (const run of word.match(/[\udc80-\udcff]+|[^\udc80-\udcff]+/gu) ?? []) {
    const marked = run.charCodeAt(0) >= MARK + 0x80 && run.charCodeAt(0) <= MARK + 0xff;
    parts.push(marked ? Buffer.from(run.split('').map((c) => c.charCodeAt(0) - MARK)) : Buffer.from(run));
  }
  const bytes = Buffer.concat(parts);
  const text = bytes.toString();
  return text.includes('\ufffd') ? bytes.toString('latin1') : text;
}
