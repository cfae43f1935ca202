import { parseRange } from '../../expr/acl/range.ts';
import { parseIpv4Mask, parseIpv6, parseIpv6Mask, parseShortIpv4 } from '../../expr/ip.ts';
import type { Sint } from '../../expr/sample.ts';
import { asciiLower } from '../../expr/text.ts';

/** A key of an index, and the class that says how values are made into keys: their length, or how much of them is masked. */
export interface IndexKey {
  readonly key: string;
  readonly class: number;
}

/** An index: which keys a pattern has in it; null when it is no pattern of that kind. */
export interface IndexKind {
  readonly name: string;
  keys(pattern: string): readonly IndexKey[] | null;
}

const byLength = (key: string): IndexKey[] => [{ key, class: key.length }];

function trimmed(text: string, delimiters: string): string {
  let from = 0;
  let to = text.length;
  while (from < to && delimiters.includes(text[from]!)) from++;
  while (to > from && delimiters.includes(text[to - 1]!)) to--;
  return text.slice(from, to);
}

/** Between which chars `-m dir` and `-m dom` look for words. */
export const DELIMITERS = { dir: '/?', dom: '/?.:' } as const;

function words(name: 'dir' | 'dom', ignoreCase: boolean): IndexKind {
  return {
    name: ignoreCase ? `${name} -i` : name,
    keys(pattern) {
      const word = trimmed(ignoreCase ? asciiLower(pattern) : pattern, DELIMITERS[name]);
      return word === '' ? [] : byLength(word);
    },
  };
}

/** Every kind of index. The first, of the texts as they are, leads to entries themselves. */
export const INDEX_KINDS: readonly IndexKind[] = [
  { name: 'text', keys: byLength },
  { name: 'text -i', keys: (pattern) => byLength(asciiLower(pattern)) },
  words('dir', false),
  words('dir', true),
  words('dom', false),
  words('dom', true),
  { name: 'ipv4', keys: (pattern) => networkKeys(pattern, 4) },
  { name: 'ipv6', keys: (pattern) => networkKeys(pattern, 6) },
  { name: 'int', keys: rangeKeys },
  {
    name: 'bin',
    keys: (pattern) =>
      /^([0-9a-fA-F]{2})*$/.test(pattern) ? byLength(Buffer.from(pattern, 'hex').toString('latin1')) : null,
  },
];

/** Keys of a network in the index of its family; none in the other; null for what is no network. */
function networkKeys(pattern: string, family: 4 | 6): readonly IndexKey[] | null {
  const slash = pattern.indexOf('/');
  const host = slash < 0 ? pattern : pattern.slice(0, slash);
  const maskText = slash < 0 ? null : pattern.slice(slash + 1);
  const v4 = parseShortIpv4(host);
  if (v4 >= 0) {
    const mask = maskText === null ? 0xffffffff : parseIpv4Mask(maskText);
    if (mask < 0) return null;
    return family === 4 ? [{ key: keyText((to) => putIpv4Key(to, v4, mask)), class: mask >>> 0 }] : [];
  }
  const v6 = parseIpv6(host);
  if (v6 === null) return null;
  const bits = maskText === null ? 128 : prefixLength(parseIpv6Mask(maskText));
  if (bits === null) return null;
  return family === 6 ? [{ key: keyText((to) => putIpv6Key(to, v6, bits)), class: bits }] : [];
}

/** The length of a mask of ones and then zeros; null for others. */
function prefixLength(mask: readonly number[] | null): number | null {
  if (mask === null) return null;
  const bits = mask.map((group) => group.toString(2).padStart(16, '0')).join('');
  return /^1*0*$/.test(bits) ? bits.lastIndexOf('1') + 1 : null;
}

/** Writes the bytes of a key, and returns their number. */
type PutKey = (to: Uint8Array) => number;

/** Most bytes of a key that `put...Key` writes. */
const PUT_KEY_MAX = 17;

/** What `put...Key` writes, as a text of one char a byte. */
function keyText(put: PutKey): string {
  const bytes = Buffer.alloc(PUT_KEY_MAX);
  return bytes.latin1Slice(0, put(bytes));
}

/** The masked address behind its mask: networks of the same bytes and other masks differ. */
export function putIpv4Key(to: Uint8Array, address: number, mask: number): number {
  putWord(to, 0, mask);
  putWord(to, 4, address & mask);
  return 8;
}

export function putIpv6Key(to: Uint8Array, groups: readonly number[], bits: number): number {
  to[0] = bits;
  for (let i = 0; i < 8; i++) {
    const left = Math.min(16, Math.max(0, bits - 16 * i));
    const group = groups[i]! & (0xffff << (16 - left));
    to[1 + 2 * i] = group >> 8;
    to[2 + 2 * i] = group;
  }
  return 17;
}

/** A word in network order. */
function putWord(to: Uint8Array, at: number, word: number): void {
  to[at] = word >>> 24;
  to[at + 1] = word >>> 16;
  to[at + 2] = word >>> 8;
  to[at + 3] = word;
}

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Keys of a number or a range (`1:10`, `:5`, `7:`): the aligned blocks that it consists of, at most 126. */
function rangeKeys(pattern: string): readonly IndexKey[] | null {
  const range = parseRange(pattern);
  if ('error' in range) return null;
  const from = range.from === null ? LEAST : BigInt(range.from);
  const to = range.to === null ? MOST : BigInt(range.to);
  return blocks(from - LEAST, to - LEAST);
}

/** The blocks of 2^n numbers, aligned to their size, that make up the unsigned range. */
function blocks(from: bigint, to: bigint): IndexKey[] {
  const keys: IndexKey[] = [];
  for (let at = from; at <= to; ) {
    let size = 0n;
    while (size < 64n && (at & ((1n << (size + 1n)) - 1n)) === 0n && at + (1n << (size + 1n)) - 1n <= to) size++;
    const bits = 64 - Number(size);
    const [high, low] = [Number(at >> 32n), Number(at & 0xffffffffn)];
    keys.push({ key: keyText((to) => putNumberKey(to, high, low, bits)), class: bits });
    at += 1n << size;
  }
  return keys;
}

/** `high` and `low`: the two halves of an unsigned 64-bit number, of which the first `bits` count. */
export function putNumberKey(to: Uint8Array, high: number, low: number, bits: number): number {
  to[0] = bits;
  putWord(to, 1, high & maskOf(bits));
  putWord(to, 5, low & maskOf(bits - 32));
  return 9;
}

function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

/** The halves of a signed 64-bit integer, moved so that they sort as unsigned. */
export function halves(value: Sint): { readonly high: number; readonly low: number } {
  if (typeof value === 'number') return { high: (Math.floor(value / 2 ** 32) ^ 0x80000000) >>> 0, low: value >>> 0 };
  const moved = BigInt.asUintN(64, value - LEAST);
  return { high: Number(moved >> 32n), low: Number(moved & 0xffffffffn) };
}
