/** Lengths in bits of the codes of bytes 0..255 and of the end (RFC 7541, Appendix B). The code is canonical: the lengths give the codes. */
// biome-ignore format: a table
const LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
];

const END = 256;

/** Tree of the code: two entries a node, the next node or, negative, -1 - symbol. */
const tree = buildTree();

function buildTree(): Int16Array {
  const nodes = new Int16Array(2 * 512);
  let used = 1;
  let code = 0;
  let length = 0;
  const order = LENGTHS.map((bits, symbol) => ({ bits, symbol })).sort(
    (a, b) => a.bits - b.bits || a.symbol - b.symbol,
  );
  for (const { bits, symbol } of order) {
    code *= 2 ** (bits - length);
    length = bits;
    let node = 0;
    for (let bit = bits - 1; bit > 0; bit--) {
      const at = node * 2 + (Math.floor(code / 2 ** bit) & 1);
      if (nodes[at] === 0) nodes[at] = used++;
      node = nodes[at]!;
    }
    nodes[node * 2 + (code & 1)] = -1 - symbol;
    code++;
  }
  return nodes;
}

const decoded = Buffer.allocUnsafeSlow(65536);

/** Decodes bytes [start, end) to latin1 text; null when they are no right code (RFC 7541, 5.2). */
export function decodeHuffman(buf: Uint8Array, start: number, end: number): string | null {
  let at = 0;
  let node = 0;
  let pending = 0;
  let ones = true;
  for (let pos = start; pos < end; pos++) {
    const byte = buf[pos]!;
    for (let bit = 7; bit >= 0; bit--) {
      const one = (byte >> bit) & 1;
      const next = tree[node * 2 + one]!;
      if (next < 0) {
        if (-1 - next === END || at >= decoded.length) return null;
        decoded[at++] = -1 - next;
        node = 0;
        pending = 0;
        ones = true;
      } else {
        node = next;
        pending++;
        if (one === 0) ones = false;
      }
    }
  }
  // What is left over must be a beginning of the end code, shorter than a byte.
  return pending > 7 || !ones ? null : decoded.latin1Slice(0, at);
}
