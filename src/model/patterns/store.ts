import { type Hasher, hashText } from './hash.ts';
import { INDEX_KINDS, type IndexKey } from './keys.ts';
import { ENTRY, HEADER, INDEX, NODE, VALUE, VERSION, wordsFor } from './layout.ts';
import { byteOffset, MAX_BLOCK_BYTES, type WritablePatternMemory } from './memory.ts';
import { addressInBlock, blockOf, discard, findInBlock, insert, remove } from './trie.ts';

/** Longest pattern and value together, bytes. */
export const MAX_ENTRY_BYTES = 64 * 1024;

/** A pattern with the address of its name in the place of that, its mask behind it; null when the name is not known. */
export function addressOf(addresses: Readonly<Record<string, string>>, pattern: string): string | null {
  const slash = pattern.indexOf('/');
  const name = slash < 0 ? pattern : pattern.slice(0, slash);
  return Object.hasOwn(addresses, name) ? addresses[name]! + pattern.slice(name.length) : null;
}

/** Which indexes a reference has: positions in INDEX_KINDS. The first, of the texts, always. */
export type IndexSet = readonly number[];

/** Where the words of the index at position `i` of an IndexSet are in a version. */
export function indexOffset(i: number): number {
  return VERSION.indexes + i * INDEX.words;
}

/** A reading of all entries that is under way. */
interface Cursor {
  readonly version: number;
  /** 0: at the end. */
  next: number;
}

/**
 * The patterns of one reference (a file, a map, an ACL) as their one writer has them: versions, of which one is current. All threads
 * read the current one, which `header` points to.
 */
export class PatternStore {
  /** The address of the word that holds the address of the current version. */
  readonly header: number;
  readonly indexes: IndexSet;
  readonly #memory: WritablePatternMemory;
  readonly #hasher: Hasher;
  /** How many keys there are of each class, by version and index. */
  readonly #classes = new Map<number, Map<number, number>[]>();
  readonly #cursors = new Set<Cursor>();
  #seq = 0;

  /** What host names stand for among addresses. */
  readonly #addresses: Readonly<Record<string, string>>;

  /** The memory must be ready, as for each edit. */
  constructor(
    memory: WritablePatternMemory,
    hasher: Hasher,
    indexes: IndexSet,
    addresses: Readonly<Record<string, string>> = {},
  ) {
    this.#memory = memory;
    this.#addresses = addresses;
    this.#hasher = hasher;
    this.indexes = indexes;
    this.header = memory.take(HEADER.words);
    memory.store(this.header, this.newVersion());
  }

  /** Address of the version that is looked at. */
  get current(): number {
    return this.#memory.word(this.header);
  }

  count(version: number): number {
    return this.#memory.word(version + VERSION.count);
  }

  /** An empty version that nobody looks at. */
  newVersion(): number {
    const version = this.#memory.take(VERSION.indexes + INDEX.words * this.indexes.length);
    this.#classes.set(
      version,
      this.indexes.map(() => new Map()),
    );
    return version;
  }

  /**
   * Adds a pattern behind all others, or in front of the entry `before` where the place of one that was deleted is free there. Returns its
   * entry; throws when its bytes are too many.
   */
  add(version: number, key: string, value: string, before = 0): number {
    if (key.length + value.length > Math.min(MAX_ENTRY_BYTES, MAX_BLOCK_BYTES)) throw new Error('pattern too long');
    const memory = this.#memory;
    const entry = memory.take(ENTRY.bytes + wordsFor(key.length));
    const place = before === 0 ? 0 : this.#placeBefore(before);
    memory.setWord(entry + ENTRY.seq, place || ++this.#seq);
    memory.setWord(entry + ENTRY.keyLength, key.length);
    memory.setWord(entry + ENTRY.value, this.#newValue(value));
    this.#write(entry + ENTRY.bytes, key);
    if (place === 0) this.#append(version, entry);
    else this.#putBefore(version, entry, before);
    for (let i = 0; i < this.indexes.length; i++) {
      const keys = this.#keys(i, key);
      if (keys !== null) for (let k = 0; k < keys.length; k++) this.#index(version, i, keys[k]!, entry);
    }
    this.#edited(version, 1);
    return entry;
  }

  /** Keys of a pattern in one of the indexes, those of its address for a name. */
  #keys(i: number, pattern: string): readonly IndexKey[] | null {
    const kind = INDEX_KINDS[this.indexes[i]!]!;
    const keys = kind.keys(pattern);
    if (keys !== null) return keys;
    const address = addressOf(this.#addresses, pattern);
    return address === null ? null : kind.keys(address);
  }

  #write(address: number, text: string): void {
    const bytes = this.#memory.bytesAt(address);
    let at = byteOffset(address);
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
  }

  #append(version: number, entry: number): void {
    const memory = this.#memory;
    const last = memory.word(version + VERSION.last);
    memory.setWord(entry + ENTRY.previous, last);
    memory.store(last === 0 ? version + VERSION.first : last + ENTRY.next, entry);
    memory.setWord(version + VERSION.last, entry);
  }

  /** A number in the order between an entry and the one in front of it; 0 when there is none. */
  #placeBefore(entry: number): number {
    const memory = this.#memory;
    const previous = memory.word(entry + ENTRY.previous);
    const place = memory.word(entry + ENTRY.seq) - 1;
    return place > (previous === 0 ? 0 : memory.word(previous + ENTRY.seq)) ? place : 0;
  }

  #putBefore(version: number, entry: number, before: number): void {
    const memory = this.#memory;
    const previous = memory.word(before + ENTRY.previous);
    memory.setWord(entry + ENTRY.previous, previous);
    memory.setWord(entry + ENTRY.next, before);
    memory.store(previous === 0 ? version + VERSION.first : previous + ENTRY.next, entry);
    memory.setWord(before + ENTRY.previous, entry);
  }

  /** The entry behind another one, 0 at the end. */
  next(entry: number): number {
    return this.#memory.word(entry + ENTRY.next);
  }

  #index(version: number, i: number, { key, class: keyClass }: IndexKey, entry: number): void {
    const memory = this.#memory;
    let node = entry;
    if (this.indexes[i] !== 0) {
      node = memory.take(NODE.bytes + wordsFor(key.length));
      memory.setWord(node + NODE.entry, entry);
      memory.setWord(node + NODE.keyLength, key.length);
      this.#write(node + NODE.bytes, key);
    }
    // The class must be known before there can be anything of it.
    this.#countClass(version, i, keyClass, 1);
    insert(memory, version + indexOffset(i) + INDEX.root, hashText(this.#hasher, key), node);
  }

  #countClass(version: number, i: number, keyClass: number, change: 1 | -1): void {
    const classes = this.#classes.get(version)![i]!;
    const count = (classes.get(keyClass) ?? 0) + change;
    if (count === 0) classes.delete(keyClass);
    else classes.set(keyClass, count);
    if (count !== 0 && !(count === 1 && change === 1)) return;
    const memory = this.#memory;
    const place = version + indexOffset(i) + INDEX.classes;
    const before = memory.word(place);
    // Greatest first: for lengths and masks alike, the most specific.
    const sorted = [...classes.keys()].sort((a, b) => b - a);
    const list = memory.take(1 + sorted.length);
    memory.setWord(list, sorted.length);
    for (const [at, one] of sorted.entries()) memory.setWord(list + 1 + at, one);
    memory.store(place, list);
    if (before !== 0) memory.retire(before, 1 + memory.word(before));
  }

  #edited(version: number, change: number): void {
    const memory = this.#memory;
    memory.store(version + VERSION.count, memory.word(version + VERSION.count) + change);
    if (version === this.current) this.#countEdit();
  }

  /** What threads have compiled from the entries is compiled anew when this has changed. */
  #countEdit(): void {
    const place = this.header + HEADER.edits;
    this.#memory.store(place, this.#memory.word(place) + 1);
  }

  /** Takes an entry out. */
  delete(version: number, entry: number): void {
    const memory = this.#memory;
    const key = this.key(entry);
    for (let i = 0; i < this.indexes.length; i++) {
      for (const indexed of this.#keys(i, key) ?? []) this.#unindex(version, i, indexed, entry);
    }
    const [previous, next] = [memory.word(entry + ENTRY.previous), memory.word(entry + ENTRY.next)];
    memory.store(previous === 0 ? version + VERSION.first : previous + ENTRY.next, next);
    memory.setWord(next === 0 ? version + VERSION.last : next + ENTRY.previous, previous);
    this.#passOver(entry, next);
    this.#edited(version, -1);
    this.#retire(entry);
  }

  #newValue(text: string): number {
    if (text === '') return 0;
    const value = this.#memory.take(VALUE.bytes + wordsFor(text.length));
    this.#memory.setWord(value + VALUE.length, text.length);
    this.#write(value + VALUE.bytes, text);
    return value;
  }

  #retireValue(value: number): void {
    if (value !== 0) this.#memory.retire(value, VALUE.bytes + wordsFor(this.#memory.word(value + VALUE.length)));
  }

  #retire(entry: number): void {
    const memory = this.#memory;
    this.#retireValue(memory.word(entry + ENTRY.value));
    memory.retire(entry, ENTRY.bytes + wordsFor(memory.word(entry + ENTRY.keyLength)));
  }

  #unindex(version: number, i: number, { key, class: keyClass }: IndexKey, entry: number): void {
    const memory = this.#memory;
    const root = version + indexOffset(i) + INDEX.root;
    const hash = hashText(this.#hasher, key);
    if (this.indexes[i] === 0) remove(memory, root, hash, entry);
    else {
      const block = blockOf(memory, root, hash);
      for (let at = findInBlock(memory, block, hash, 0); at >= 0; at = findInBlock(memory, block, hash, at + 1)) {
        const node = addressInBlock(memory, block, at);
        if (memory.word(node + NODE.entry) !== entry) continue;
        remove(memory, root, hash, node);
        memory.retire(node, NODE.bytes + wordsFor(memory.word(node + NODE.keyLength)));
        break;
      }
    }
    this.#countClass(version, i, keyClass, -1);
  }

  /** Gives an entry another value. */
  setValue(version: number, entry: number, text: string): void {
    const memory = this.#memory;
    if (memory.word(entry + ENTRY.keyLength) + text.length > MAX_ENTRY_BYTES) throw new Error('pattern too long');
    const before = memory.word(entry + ENTRY.value);
    memory.store(entry + ENTRY.value, this.#newValue(text));
    this.#retireValue(before);
    this.#edited(version, 0);
  }

  /** Whether a number that came from outside is an entry of a version. */
  isEntry(version: number, entry: number): boolean {
    const memory = this.#memory;
    if (entry % 2 !== 0 || !memory.isWithin(entry, ENTRY.bytes)) return false;
    const keyLength = memory.word(entry + ENTRY.keyLength);
    if (keyLength > MAX_ENTRY_BYTES || !memory.isWithin(entry, ENTRY.bytes + wordsFor(keyLength))) return false;
    return [...this.withKey(version, this.key(entry))].includes(entry);
  }

  /** The entries whose pattern is this text, in order. */
  *withKey(version: number, key: string): Generator<number> {
    const memory = this.#memory;
    const hash = hashText(this.#hasher, key);
    const block = blockOf(memory, version + indexOffset(0) + INDEX.root, hash);
    if (block === 0) return;
    const found: number[] = [];
    for (let at = findInBlock(memory, block, hash, 0); at >= 0; at = findInBlock(memory, block, hash, at + 1)) {
      const entry = addressInBlock(memory, block, at);
      if (this.key(entry) === key) found.push(entry);
    }
    const place = (entry: number): number => memory.word(entry + ENTRY.seq);
    yield* found.sort((a, b) => place(a) - place(b));
  }

  /**
   * Entries in order, as long as somebody asks for them: those that are taken out meanwhile are left out, and a version that is
   * discarded has no more. `return()` it when it is not read to its end.
   */
  *entries(version: number): Generator<number> {
    const memory = this.#memory;
    const cursor: Cursor = { version, next: memory.word(version + VERSION.first) };
    this.#cursors.add(cursor);
    try {
      while (cursor.next !== 0) {
        const entry = cursor.next;
        cursor.next = memory.word(entry + ENTRY.next);
        yield entry;
      }
    } finally {
      this.#cursors.delete(cursor);
    }
  }

  /** Readings that would come to `entry` go on with another one. */
  #passOver(entry: number, next: number): void {
    for (const cursor of this.#cursors) if (cursor.next === entry) cursor.next = next;
  }

  key(entry: number): string {
    return this.#text(entry + ENTRY.bytes, this.#memory.word(entry + ENTRY.keyLength));
  }

  value(entry: number): string {
    const value = this.#memory.word(entry + ENTRY.value);
    return value === 0 ? '' : this.#text(value + VALUE.bytes, this.#memory.word(value + VALUE.length));
  }

  #text(address: number, length: number): string {
    const from = byteOffset(address);
    return Buffer.from(this.#memory.bytesAt(address).buffer, from, length).latin1Slice();
  }

  /** Lets all threads look at another version from now on. Returns the one before, to be discarded. */
  switchTo(version: number): number {
    const before = this.current;
    this.#memory.store(this.header, version);
    this.#countEdit();
    return before;
  }

  /** Gives a version back that nobody can reach any more, in pieces of bounded work. */
  *discard(version: number): Generator<void> {
    const memory = this.#memory;
    for (const cursor of this.#cursors) if (cursor.version === version) cursor.next = 0;
    for (const [i, kind] of this.indexes.entries()) {
      const offset = version + indexOffset(i);
      if (kind !== 0) yield* this.#retireNodes(memory.word(offset + INDEX.root));
      yield* discard(memory, memory.word(offset + INDEX.root));
      const classes = memory.word(offset + INDEX.classes);
      if (classes !== 0) memory.retire(classes, 1 + memory.word(classes));
    }
    let done = 0;
    for (let entry = memory.word(version + VERSION.first); entry !== 0; ) {
      const next = memory.word(entry + ENTRY.next);
      this.#retire(entry);
      entry = next;
      if (++done % 256 === 0) yield;
    }
    this.#classes.delete(version);
    memory.retire(version, VERSION.indexes + INDEX.words * this.indexes.length);
  }

  /** Gives back what is left when all versions are discarded. */
  forget(): void {
    this.#memory.retire(this.header, HEADER.words);
  }

  *#retireNodes(slot: number): Generator<void> {
    const memory = this.#memory;
    if (slot === 0) return;
    if ((slot & 1) !== 0) {
      for (let i = 0; i < 32; i++) yield* this.#retireNodes(memory.word(slot - 1 + i));
      yield;
      return;
    }
    for (let at = 0; at < memory.word(slot); at++) {
      const node = addressInBlock(memory, slot, at);
      memory.retire(node, NODE.bytes + wordsFor(memory.word(node + NODE.keyLength)));
    }
  }
}
