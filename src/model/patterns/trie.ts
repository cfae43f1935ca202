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
  let slot = memory.load(root);
  for (let level = 0; (slot & 1) !== 0; level++) slot = memory.load(slot - 1 + slotOf(hash, level));
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
  let place = root;
  let slot = memory.word(place);
  let level = 0;
  for (; (slot & 1) !== 0; level++) {
    place = slot - 1 + slotOf(hash, level);
    slot = memory.word(place);
  }
  if (slot === 0) {
    memory.store(place, newBlock(memory, [hash, address], FIRST_ROOM));
    return;
  }
  const [count, room] = [memory.word(slot), memory.word(slot + 1)];
  if (count < room) {
    const pair = slot + BLOCK_HEADER + 2 * count;
    memory.setWord(pair, hash);
    memory.setWord(pair + 1, address);
    memory.store(slot, count + 1);
    return;
  }
  const pairs = [...pairsOf(memory, slot), hash, address];
  const splits = count >= SPLIT_AT && level < LEVELS && pairs.some((word, i) => i % 2 === 0 && word !== hash);
  memory.store(place, splits ? newInner(memory, pairs, level) + 1 : newBlock(memory, pairs, room * 2));
  memory.retire(slot, BLOCK_HEADER + 2 * room);
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
  for (const [i, word] of pairs.entries()) memory.setWord(block + BLOCK_HEADER + i, word);
  return block;
}

/** An inner node at `level` that leads to blocks with these pairs. */
function newInner(memory: WritablePatternMemory, pairs: readonly number[], level: number): number {
  const inner = memory.take(WIDTH);
  const groups = new Map<number, number[]>();
  for (let i = 0; i < pairs.length; i += 2) {
    const slot = slotOf(pairs[i]!, level);
    const group = groups.get(slot);
    if (group === undefined) groups.set(slot, [pairs[i]!, pairs[i + 1]!]);
    else group.push(pairs[i]!, pairs[i + 1]!);
  }
  for (const [slot, group] of groups) {
    const deeper =
      group.length / 2 > SPLIT_AT && level + 1 < LEVELS && group.some((word, i) => i % 2 === 0 && word !== group[0]);
    const room = roomFor(group.length / 2);
    memory.setWord(inner + slot, deeper ? newInner(memory, group, level + 1) + 1 : newBlock(memory, group, room));
  }
  return inner;
}

function roomFor(pairs: number): number {
  let room = FIRST_ROOM;
  while (room < pairs) room *= 2;
  return room;
}
