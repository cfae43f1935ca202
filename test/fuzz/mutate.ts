import { seededRandom } from '../../src/net/sim.ts';

/** Longest input that mutation makes, bytes. */
const MOST = 65_536;

const NUMBERS = [
  '0',
  '-1',
  '1',
  '255',
  '256',
  '65535',
  '65536',
  '2147483647',
  '2147483648',
  '4294967296',
  '9007199254740993',
  '18446744073709551616',
  '1e9',
  '0x10',
];
const ODD = [
  '\0',
  '\r',
  '\n',
  '\r\n',
  '\t',
  ' ',
  '"',
  "'",
  '\\',
  '%',
  '#',
  ';',
  ',',
  ':',
  '(',
  ')',
  '{',
  '}',
  '[',
  ']',
  '\x7f',
  '\x80',
  '\xff',
  '\xc3\xa9',
];

/** A variation of one of the `corpus`, the same for the same seed. `words` are put in whole. */
export function mutate(corpus: readonly Buffer[], words: readonly string[], seed: number): Buffer {
  const random = seededRandom(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  let bytes = pick(corpus);
  for (let left = 1 + below(8); left > 0; left--) {
    const at = below(bytes.length + 1);
    const size = below(Math.min(bytes.length - at, 1 + below(64)) + 1);
    const [before, part, behind] = [bytes.subarray(0, at), bytes.subarray(at, at + size), bytes.subarray(at + size)];
    const put = (middle: Buffer) => Buffer.concat([before, middle, behind]).subarray(0, MOST);
    switch (below(9)) {
      case 0:
        bytes = put(Buffer.from([below(256)]));
        break;
      case 1:
        bytes = put(Buffer.alloc(0));
        break;
      case 2:
        bytes = put(Buffer.concat([part, part]));
        break;
      case 3:
        bytes = put(Buffer.from(pick(words), 'latin1'));
        break;
      case 4:
        bytes = put(Buffer.from(pick(ODD), 'latin1'));
        break;
      case 5:
        bytes = put(Buffer.from(pick(NUMBERS)));
        break;
      case 6: {
        const other = pick(corpus);
        const from = below(other.length + 1);
        bytes = put(other.subarray(from, from + below(200)));
        break;
      }
      case 7:
        bytes = random() < 0.1 ? put(Buffer.concat(Array.from({ length: 1 + below(2_000) }, () => part))) : before;
        break;
      default:
        if (part.length > 0) {
          bytes = Buffer.from(bytes);
          bytes[at] = bytes[at]! ^ (1 << below(8));
        }
    }
  }
  return bytes;
}
