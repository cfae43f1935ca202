import type { PatternMemory, WritablePatternMemory } from './memory.ts';

/**
 * An index from 32-bit hashes to addresses: a trie over the bits of the hash, 5 a level, whose leaves are blocks of pairs. One thread
 * writes while others read: what they can reach is changed only by storing one word, and what is replaced stays as it was until it is
 * reclaimed. It grows without ever being built anew.
 *
 * A slot holds 0 (nothing), the address of a block, or that of an inner node with the lowest bit set.
 * Block: number of pairs, room for pairs, then hash and address of each, in the order in which they were added.
 */
const BITS = 5;
const WIDTH = 1 << BITS;
const LEVELS = Math.ceil(32 / BITS);
const BLOCK_HEADER = 2;
/** Pairs of a block before it is split, if its hashes differ. */
const SPLIT_AT = 8;
const FIRST_ROOM = 2;

function slotOf(hash: number, level: number): number {
  return (hash >>> (level * BITS)) & (WIDTH - 1);
}

/** The block in which the pairs with this hash are, 0 when there are none. `root`: the address of the slot that the index begins at. */
export function blockOf(memory: PatternMemory, root: number, hash: number): number {
  let slot = memory.follow(root);
  for (let level = 0; (slot & 1) !== 0; level++) slot = memory.follow(slot - 1 + slotOf(hash, level));
  return slot;
}

/** Position of the first pair of a block at or after position `from` with this hash; -1 when there is none. */
export function findInBlock(memory: PatternMemory, block: number, hash: number, from: number): number {
  const count = memory.load(block);
  for (let i = from; i < count; i++) if (memory.word(block + BLOCK_HEADER + 2 * i) === hash) return i;
  return -1;
}

/** The address in the pair at a position of a block. */
export function addressInBlock(memory: PatternMemory, block: number, position: number): number {
  return memory.word(block + BLOCK_HEADER + 2 * position + 1);
}

/** Adds a pair after all that have the same hash. The memory must be ready. */
export function insert(memory: WritablePatternMemory, root: number, hash: number, address: number): void {
  insertFrom(memory, root, 0, hash, address);
}

/** The same below a slot at `level`. */
function insertFrom(memory: WritablePatternMemory, from: number, level: number, hash: number, address: number): void {
  let place = from;
  let at = level;
  let slot = memory.word(place);
  for (; (slot & 1) !== 0; at++) {
    place = slot - 1 + slotOf(hash, at);
    slot = memory.word(place);
  }
  const count = slot === 0 ? 0 : memory.word(slot);
  const room = slot === 0 ? 0 : memory.word(slot + 1);
  if (count < room) {
    putPair(memory, slot, count, hash, address);
    memory.store(slot, count + 1);
    return;
  }
  if (count >= SPLIT_AT && at < LEVELS && differs(memory, slot, count, hash)) {
    const inner = memory.take(WIDTH);
    for (let i = 0; i < count; i++) {
      const pair = slot + BLOCK_HEADER + 2 * i;
      const word = memory.word(pair);
      insertFrom(memory, inner + slotOf(word, at), at + 1, word, memory.word(pair + 1));
    }
    insertFrom(memory, inner + slotOf(hash, at), at + 1, hash, address);
    memory.store(place, inner + 1);
  } else {
    const block = memory.take(BLOCK_HEADER + 2 * Math.max(FIRST_ROOM, room * 2));
    for (let i = 0, end = 2 * count; i < end; i++)
      memory.setWord(block + BLOCK_HEADER + i, memory.word(slot + BLOCK_HEADER + i));
    putPair(memory, block, count, hash, address);
    memory.setWord(block, count + 1);
    memory.setWord(block + 1, Math.max(FIRST_ROOM, room * 2));
    memory.store(place, block);
  }
  if (slot !== 0) memory.retire(slot, BLOCK_HEADER + 2 * room);
}

function putPair(memory: WritablePatternMemory, block: number, position: number, hash: number, address: number): void {
  const pair = block + BLOCK_HEADER + 2 * position;
  memory.setWord(pair, hash);
  memory.setWord(pair + 1, address);
}

/** Whether a block has another hash than this one. */
function differs(memory: PatternMemory, block: number, count: number, hash: number): boolean {
  for (let i = 0; i < count; i++) if (memory.word(block + BLOCK_HEADER + 2 * i) !== hash) return true;
  return false;
}

/** Removes a pair; false when it is not there. */
export function remove(memory: WritablePatternMemory, root: number, hash: number, address: number): boolean {
  let place = root;
  let slot = memory.word(place);
  for (let level = 0; (slot & 1) !== 0; level++) {
    place = slot - 1 + slotOf(hash, level);
    slot = memory.word(place);
  }
  if (slot === 0) return false;
  const pairs = pairsOf(memory, slot);
  const at = pairs.findIndex((word, i) => i % 2 === 1 && word === address && pairs[i - 1] === hash);
  if (at < 0) return false;
  pairs.splice(at - 1, 2);
  const room = memory.word(slot + 1);
  memory.store(place, pairs.length === 0 ? 0 : newBlock(memory, pairs, room));
  memory.retire(slot, BLOCK_HEADER + 2 * room);
  return true;
}

/** Gives the whole index back, in pieces: the generator yields now and then. Nobody may be able to reach it any more. */
export function* discard(memory: WritablePatternMemory, slot: number): Generator<void> {
  if (slot === 0) return;
  if ((slot & 1) === 0) {
    memory.retire(slot, BLOCK_HEADER + 2 * memory.word(slot + 1));
    return;
  }
  for (let i = 0; i < WIDTH; i++) yield* discard(memory, memory.word(slot - 1 + i));
  memory.retire(slot - 1, WIDTH);
  yield;
}

/** Hash, address, hash, address, ... */
function pairsOf(memory: PatternMemory, block: number): number[] {
  const pairs: number[] = [];
  for (let i = 0, end = 2 * memory.word(block); i < end; i++) pairs.push(memory.word(block + BLOCK_HEADER + i));
  return pairs;
}

function newBlock(memory: WritablePatternMemory, pairs: readonly number[], room: number): number {
  const block = memory.take(BLOCK_HEADER + 2 * room);
  memory.setWord(block, pairs.length / 2);
  memory.setWord(block + 1, room);
  for (let i = 0; i < pairs.length; i++) memory.setWord(block + BLOCK_HEADER + i, pairs[i]!);
  return block;
}
