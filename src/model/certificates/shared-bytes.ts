/** A copy of bytes in memory that all threads share: it is sent to them without being copied again. */
export function sharedBytes(bytes: string | Uint8Array): Uint8Array {
  const source = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  const shared = new Uint8Array(new SharedArrayBuffer(source.length));
  shared.set(source);
  return shared;
}

/** Shared bytes as text of one byte a character. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).latin1Slice();
}
