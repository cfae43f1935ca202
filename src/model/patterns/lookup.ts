import { parseIpv4, parseIpv6 } from '../../expr/ip.ts';
import type { Sint } from '../../expr/sample.ts';
import { asciiLower } from '../../expr/text.ts';
import type { SampleValue } from '../../expr/types.ts';
import { type Hasher, Sought } from './hash.ts';
import { DELIMITERS, halves, INDEX_KINDS, putIpv4Key, putIpv6Key, putNumberKey } from './keys.ts';
import { ENTRY, HEADER, INDEX, NODE, VALUE, VERSION } from './layout.ts';
import { byteOffset, type PatternMemory } from './memory.ts';
import { indexOffset } from './store.ts';
import { addressInBlock, blockOf, findInBlock } from './trie.ts';

/** Finds the entry that a value matches, 0 when there is none. Reads what is current at each call. */
export type Find<V> = (value: V) => number;

/** What a thread needs to know of a reference to look things up in it. */
export interface PatternReference {
  /** Address of the word that leads to the current version. */
  readonly header: number;
  /** Positions in INDEX_KINDS of the indexes that it has. */
  readonly indexes: readonly number[];
}

/** Kinds of matching that an index answers. */
export type TextMatch = 'str' | 'beg' | 'end' | 'sub' | 'dir' | 'dom';

/** Look-ups in one reference, as one thread does them. */
export class PatternLookup {
  readonly #memory: PatternMemory;
  readonly #reference: PatternReference;
  readonly #sought: Sought;

  constructor(memory: PatternMemory, hasher: Hasher, reference: PatternReference) {
    this.#memory = memory;
    this.#reference = reference;
    this.#sought = new Sought(hasher);
  }

  /** Text of an entry's pattern, a char a byte. */
  key(entry: number): string {
    return this.#text(entry + ENTRY.bytes, this.#memory.word(entry + ENTRY.keyLength));
  }

  /** Text of an entry's value, a char a byte. */
  value(entry: number): string {
    const value = this.#memory.follow(entry + ENTRY.value);
    return value === 0 ? '' : this.#text(value + VALUE.bytes, this.#memory.word(value + VALUE.length));
  }

  #text(address: number, length: number): string {
    return Buffer.from(this.#memory.bytesAt(address).buffer, byteOffset(address), length).latin1Slice();
  }

  /** Changes whenever what can be found does; ask before reading what is to be kept. */
  edits(): number {
    return this.#memory.load(this.#reference.header + HEADER.edits);
  }

  /** Number of entries now. */
  count(): number {
    return this.#memory.load(this.#memory.load(this.#reference.header) + VERSION.count);
  }

  /** The look-up for a match method; null when the reference has no index for it. */
  index(match: string, ignoreCase: boolean): Find<SampleValue> | null {
    const needed = indexesFor(match, ignoreCase);
    if (needed.length === 0 || !needed.every((kind) => this.#reference.indexes.includes(kind))) return null;
    if (match === 'ip') return this.address() as Find<SampleValue>;
    if (match === 'int') return this.int() as Find<SampleValue>;
    if (match === 'bin') return this.bytes() as Find<SampleValue>;
    if (match !== 'len') return this.text(match as TextMatch, ignoreCase) as Find<SampleValue>;
    const find = this.int();
    return (value) => find((value as string).length);
  }

  /** All entries of the current version, in order. */
  entries(): number[] {
    const memory = this.#memory;
    const entries: number[] = [];
    const version = memory.load(this.#reference.header);
    for (let entry = memory.load(version + VERSION.first); entry !== 0; entry = memory.load(entry + ENTRY.next))
      entries.push(entry);
    return entries;
  }

  /**
   * Matching of texts. `str`: the first with this text. `beg`: the longest that the value begins with, or with `ignoreCase`, as for all
   * others, the first in order.
   */
  text(match: TextMatch, ignoreCase: boolean): Find<string> {
    const name = match === 'dir' || match === 'dom' ? match : 'text';
    const { offset, plain } = this.#index(ignoreCase ? `${name} -i` : name);
    const find = this.#textFinder(match, ignoreCase, offset, plain);
    return ignoreCase ? (value) => find(asciiLower(value)) : find;
  }

  #textFinder(match: TextMatch, ignoreCase: boolean, offset: number, plain: boolean): Find<string> {
    const memory = this.#memory;
    const { header } = this.#reference;
    if (match === 'str') {
      return (value) => {
        const index = memory.follow(header) + offset;
        return this.#find(index, this.#sought.take(value), 0, value.length, plain);
      };
    }
    if (match === 'beg' && !ignoreCase) {
      return (value) => this.#longest(memory.follow(header) + offset, value, plain);
    }
    const positions = POSITIONS[match];
    return (value) => this.#earliest(memory.follow(header) + offset, value, positions, plain);
  }

  /** The entry of the greatest class that the value begins with. */
  #longest(index: number, value: string, plain: boolean): number {
    const memory = this.#memory;
    const classes = memory.follow(index + INDEX.classes);
    if (classes === 0) return 0;
    this.#sought.takeParts(value);
    for (let i = 1, end = memory.word(classes); i <= end; i++) {
      const length = memory.word(classes + i);
      if (length > value.length) continue;
      const entry = this.#find(index, this.#sought.part(0, length), 0, length, plain);
      if (entry !== 0) return entry;
    }
    return 0;
  }

  /** The first in order of all entries that are at one of the positions. */
  #earliest(index: number, value: string, positions: Positions, plain: boolean): number {
    const memory = this.#memory;
    const classes = memory.follow(index + INDEX.classes);
    if (classes === 0) return 0;
    this.#sought.takeParts(value);
    let best = 0;
    for (let i = 1, end = memory.word(classes); i <= end; i++) {
      const length = memory.word(classes + i);
      for (let at = positions(value, length, -1); at >= 0; at = positions(value, length, at)) {
        const entry = this.#find(index, this.#sought.part(at, at + length), at, at + length, plain);
        if (entry !== 0 && (best === 0 || this.#isBefore(entry, best))) best = entry;
      }
    }
    return best;
  }

  #isBefore(entry: number, other: number): boolean {
    return this.#memory.word(entry + ENTRY.seq) < this.#memory.word(other + ENTRY.seq);
  }

  /** The earliest entry of an index under the key that the part of what is sought is. */
  #find(index: number, hash: number, from: number, to: number, plain: boolean): number {
    const memory = this.#memory;
    const block = blockOf(memory, index + INDEX.root, hash);
    if (block === 0) return 0;
    let best = 0;
    for (let at = findInBlock(memory, block, hash, 0); at >= 0; at = findInBlock(memory, block, hash, at + 1)) {
      const address = addressInBlock(memory, block, at);
      const bytes = plain ? ENTRY.bytes : NODE.bytes;
      const length = memory.word(address + (plain ? ENTRY.keyLength : NODE.keyLength));
      if (!this.#isKey(address + bytes, length, from, to)) continue;
      const entry = plain ? address : memory.follow(address + NODE.entry);
      if (best === 0 || this.#isBefore(entry, best)) best = entry;
    }
    return best;
  }

  #isKey(address: number, length: number, from: number, to: number): boolean {
    if (length !== to - from) return false;
    const bytes = this.#memory.bytesAt(address);
    const sought = this.#sought.bytes;
    const offset = byteOffset(address);
    for (let i = 0; i < length; i++) if (bytes[offset + i] !== sought[from + i]) return false;
    return true;
  }

  /** Matching of bytes: the first that is the same. */
  bytes(): Find<string> {
    const { offset, plain } = this.#index('bin');
    return (value) => {
      const index = this.#memory.follow(this.#reference.header) + offset;
      return this.#find(index, this.#sought.take(value), 0, value.length, plain);
    };
  }

  /** Matching of integers: the first range or number in order that has the value. */
  int(): Find<Sint> {
    const { offset } = this.#index('int');
    const number = { high: 0, low: 0, put: putNumber };
    return (value) => {
      const { high, low } = halves(value);
      number.high = high;
      number.low = low;
      return this.#masked(offset, true, number);
    };
  }

  /**
   * Matching of addresses: the most specific network; an IPv4 address is also looked for as an IPv4-mapped one among those of IPv6, and
   * one of IPv6 that holds an IPv4 address among those of IPv4.
   */
  address(): Find<string> {
    const v4 = this.#index('ipv4').offset;
    const v6 = this.#index('ipv6').offset;
    const four = { address: 0, put: putIpv4 };
    const six: { groups: readonly number[]; put: typeof putIpv6 } = { groups: [], put: putIpv6 };
    const inV4 = (address: number) => {
      four.address = address;
      return this.#masked(v4, false, four);
    };
    const inV6 = (groups: readonly number[]) => {
      six.groups = groups;
      return this.#masked(v6, false, six);
    };
    return (value) => {
      const address = parseIpv4(value);
      if (address >= 0) {
        const found = inV4(address);
        if (found !== 0 || this.#isEmpty(v6)) return found;
        return inV6([0, 0, 0, 0, 0, 0xffff, address >>> 16, address & 0xffff]);
      }
      const groups = parseIpv6(value);
      if (groups === null) return 0;
      const found = inV6(groups);
      if (found !== 0) return found;
      const embedded = embeddedIpv4(groups);
      return embedded < 0 ? 0 : inV4(embedded);
    };
  }

  /** There are no keys in an index. */
  #isEmpty(offset: number): boolean {
    const memory = this.#memory;
    const classes = memory.follow(memory.follow(this.#reference.header) + offset + INDEX.classes);
    return classes === 0 || memory.word(classes) === 0;
  }

  /** Looks for the key of each class, the most specific first: the first that is there, or, with `all`, the earliest entry of all. */
  #masked(offset: number, all: boolean, value: Masked): number {
    const memory = this.#memory;
    const sought = this.#sought;
    const index = memory.follow(this.#reference.header) + offset;
    const classes = memory.follow(index + INDEX.classes);
    if (classes === 0) return 0;
    let best = 0;
    for (let i = 1, end = memory.word(classes); i <= end; i++) {
      const length = value.put(sought.bytes, memory.word(classes + i));
      const entry = this.#find(index, sought.hash(length), 0, length, false);
      if (entry === 0) continue;
      if (!all) return entry;
      if (best === 0 || this.#isBefore(entry, best)) best = entry;
    }
    return best;
  }

  /** Where an index is in a version, and whether it leads to entries themselves. */
  #index(name: string): { readonly offset: number; readonly plain: boolean } {
    const at = this.#reference.indexes.findIndex((kind) => INDEX_KINDS[kind]!.name === name);
    if (at < 0) throw new Error(`the reference has no index '${name}'`);
    return { offset: indexOffset(at), plain: this.#reference.indexes[at] === 0 };
  }
}

/** A value that is looked for as far as the classes of keys mask it. */
interface Masked {
  /** Writes the bytes of the key of a class, and returns their number. */
  put(to: Uint8Array, keyClass: number): number;
}

function putNumber(this: { readonly high: number; readonly low: number }, to: Uint8Array, bits: number): number {
  return putNumberKey(to, this.high, this.low, bits);
}

function putIpv4(this: { readonly address: number }, to: Uint8Array, mask: number): number {
  return putIpv4Key(to, this.address, mask);
}

function putIpv6(this: { readonly groups: readonly number[] }, to: Uint8Array, bits: number): number {
  return putIpv6Key(to, this.groups, bits);
}

/** Indexes that a match method needs: positions in INDEX_KINDS; none for one that looks at each entry. */
export function indexesFor(match: string, ignoreCase: boolean): readonly number[] {
  const suffix = ignoreCase ? ' -i' : '';
  const names = (Object.hasOwn(INDEXES, match) ? INDEXES[match]! : []).map((name) =>
    name === 'text' || name === 'dir' || name === 'dom' ? name + suffix : name,
  );
  return names.map((name) => INDEX_KINDS.findIndex((kind) => kind.name === name));
}

const INDEXES: Readonly<Record<string, readonly string[]>> = {
  str: ['text'],
  beg: ['text'],
  end: ['text'],
  sub: ['text'],
  dir: ['dir'],
  dom: ['dom'],
  ip: ['ipv4', 'ipv6'],
  int: ['int'],
  len: ['int'],
  bin: ['bin'],
};

/** The next position after `after` at which a pattern of this length may be, -1 when there is none. */
type Positions = (value: string, length: number, after: number) => number;

const POSITIONS: Readonly<Record<Exclude<TextMatch, 'str'>, Positions>> = {
  beg: (value, length, after) => (after < 0 && length <= value.length ? 0 : -1),
  end: (value, length, after) => (after < 0 && length <= value.length ? value.length - length : -1),
  sub: (value, length, after) => (after + 1 + length <= value.length ? after + 1 : -1),
  dir: between(DELIMITERS.dir),
  dom: between(DELIMITERS.dom),
};

/** Positions right after a delimiter, or at the start, from which it is as far as the length to the next one, or to the end. */
function between(delimiters: string): Positions {
  const isEdge = (value: string, at: number) => at < 0 || at >= value.length || delimiters.includes(value[at]!);
  return (value, length, after) => {
    for (let at = after + 1; at + length <= value.length; at++)
      if (isEdge(value, at - 1) && isEdge(value, at + length)) return at;
    return -1;
  };
}

/** The IPv4 address in an IPv4-mapped or -compatible (RFC 4291) or 6to4 (RFC 3056) one, or -1. */
function embeddedIpv4(groups: readonly number[]): number {
  if (groups[0] === 0x2002) return ((groups[1]! << 16) | groups[2]!) >>> 0;
  for (let i = 0; i < 5; i++) if (groups[i] !== 0) return -1;
  if (groups[5] !== 0 && groups[5] !== 0xffff) return -1;
  return ((groups[6]! << 16) | groups[7]!) >>> 0;
}
