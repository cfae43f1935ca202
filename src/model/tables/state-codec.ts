/*
 * State files of stick tables, as bytes: a line that says what it is, a head in JSON, blocks of entries, and an end. Head and blocks each
 * have their length and a checksum (CRC-32C), so that damage is found before any of it is used. Numbers are little-endian.
 */

import { DATA_TYPES } from '../../config/tables/data-types.ts';
import type { StickTableConfig, StickTableType } from '../../config/types.ts';
import { crc32c } from '../../util/crc32c.ts';
import type { EntryRecord, RecordColumn } from './record.ts';

const MAGIC = Buffer.from('Sluice stick table, version 1\n');
/** Bytes in front of the head's text and of a block's entries: their length, the number of entries (a block), the checksum. */
const HEAD_PREFIX: number = MAGIC.length + 8;
export const BLOCK_PREFIX = 12;
/** A block is closed when it has so many bytes; with one entry more it stays below the most that is read. */
const BLOCK = 256 * 1024;
const MAX_BLOCK: number = 1024 * 1024;
export const MAX_HEAD: number = HEAD_PREFIX + 64 * 1024;

/** What a state file says of itself. */
export interface StateHead {
  /** The table's name: whose file it is. */
  readonly table: string;
  readonly type: StickTableType;
  readonly keyLength: number;
  /** Date of saving, ms. */
  readonly savedAt: number;
  /** Which process has written it. */
  readonly writer: string;
  readonly columns: readonly RecordColumn[];
}

/** Why a file cannot be used: a reason for operators. */
export class StateDamage extends Error {}

/** The head of the file of a table. */
export function headOf(
  { name, type, keyLength }: Pick<StickTableConfig, 'name' | 'type' | 'keyLength'>,
  columns: readonly RecordColumn[],
  savedAt: number,
  writer: string,
): StateHead {
  return { table: name, type, keyLength, savedAt, writer, columns };
}

export function encodeHead({ columns, ...head }: StateHead): Buffer {
  const data = columns.map(({ id, length, period }) => ({ type: DATA_TYPES[id]!.name, length, period }));
  const text = Buffer.from(JSON.stringify({ ...head, data }));
  const prefix = Buffer.alloc(8);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(crc32c(text), 4);
  return Buffer.concat([MAGIC, prefix, text]);
}

/** Reads the head that `bytes` begin with: itself, and where the blocks begin. Throws StateDamage. */
export function decodeHead(bytes: Buffer): { readonly head: StateHead; readonly end: number } {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) {
    const known = bytes.subarray(0, 20).equals(MAGIC.subarray(0, 20));
    throw new StateDamage(known ? 'another version of Sluice has written it' : 'it is no state file of a stick table');
  }
  if (bytes.length < HEAD_PREFIX) throw new StateDamage('it is cut off');
  const length = bytes.readUInt32LE(MAGIC.length);
  const end = HEAD_PREFIX + length;
  if (end > MAX_HEAD) throw new StateDamage('its head is damaged');
  if (bytes.length < end) throw new StateDamage('it is cut off');
  const text = bytes.subarray(HEAD_PREFIX, end);
  if (crc32c(text) !== bytes.readUInt32LE(MAGIC.length + 4)) throw new StateDamage('its head is damaged');
  return { head: headFrom(text), end };
}

function headFrom(text: Buffer): StateHead {
  const { data, ...head } = JSON.parse(text.toString()) as Omit<StateHead, 'columns'> & {
    data: readonly { type: string; length: number; period: number }[];
  };
  const columns = data.map(({ type, length, period }): RecordColumn => {
    const known = DATA_TYPES.find(({ name }) => name === type);
    if (known === undefined) throw new StateDamage(`it has data of an unknown type, '${type}'`);
    return { id: known.id, kind: known.kind, length, period };
  });
  return { ...head, columns };
}

/** An entry, with the text of its server key. */
export interface StateEntry extends EntryRecord {
  text: string;
}

/** Gathers entries into blocks. */
export class BlockWriter {
  readonly #head: StateHead;
  #bytes: Buffer = Buffer.allocUnsafeSlow(BLOCK + 64 * 1024);
  #at = BLOCK_PREFIX;
  #count = 0;
  /** Entries of all blocks. */
  total = 0;

  constructor(head: StateHead) {
    this.#head = head;
  }

  /** Adds an entry; says whether the block is to be taken now. */
  add({ key, idle, values, text }: StateEntry): boolean {
    const { type, columns } = this.#head;
    const most = key.length + 6 + 256 + 8 * values.length;
    if (this.#at + most > this.#bytes.length)
      this.#bytes = Buffer.concat([this.#bytes.subarray(0, this.#at)], this.#at + most + 64 * 1024);
    const bytes = this.#bytes;
    let at = this.#at;
    if (type === 'string') at = bytes.writeUInt16LE(key.length, at);
    bytes.set(key, at);
    at = bytes.writeUInt32LE(Math.min(Math.round(idle), 0xffffffff), at + key.length);
    let next = 0;
    for (const { kind, length } of columns) {
      for (let i = 0; i < length; i++) {
        if (kind === 'dict') {
          bytes[at] = text.length;
          at += 1 + bytes.latin1Write(text, at + 1);
          next++;
        } else if (kind === 'ull') at = bytes.writeDoubleLE(values[next++]!, at);
        else for (let n = kind === 'rate' ? 3 : 1; n > 0; n--) at = bytes.writeUInt32LE(values[next++]! >>> 0, at);
      }
    }
    this.#at = at;
    this.#count++;
    this.total++;
    return at >= BLOCK;
  }

  /** The block so far, and begins the next one; null when there is nothing in it. Its bytes are good until something is added. */
  take(): Buffer | null {
    if (this.#count === 0) return null;
    const block = this.#bytes.subarray(0, this.#at);
    writePrefix(block, this.#count);
    this.#at = BLOCK_PREFIX;
    this.#count = 0;
    return block;
  }

  /** What the file ends with: an empty block that tells the number of all entries. */
  end(): Buffer {
    const block = Buffer.alloc(BLOCK_PREFIX);
    writePrefix(block, this.total);
    return block;
  }
}

function writePrefix(block: Buffer, count: number): void {
  block.writeUInt32LE(block.length - BLOCK_PREFIX, 0);
  block.writeUInt32LE(count, 4);
  block.writeUInt32LE(blockSum(block), 8);
}

/** Over the length and the number, and the entries. */
function blockSum(block: Buffer): number {
  return crc32c(block.subarray(BLOCK_PREFIX), crc32c(block.subarray(0, 8)));
}

/** Bytes and entries of the block that begins with these 12 bytes; no bytes: it is the end, and tells of all entries. Throws StateDamage. */
export function blockSize(prefix: Buffer): { readonly bytes: number; readonly count: number } {
  const bytes = prefix.readUInt32LE(0);
  if (bytes > MAX_BLOCK) throw new StateDamage('a block of it is damaged');
  return { bytes, count: prefix.readUInt32LE(4) };
}

/** Checks a whole block. Throws StateDamage. */
export function checkBlock(block: Buffer): void {
  if (blockSum(block) !== block.readUInt32LE(8)) throw new StateDamage('a block of it is damaged');
}

/** Reads the entries of a whole block, each into `into`. */
export function decodeBlock(
  block: Buffer,
  { type, keyLength, columns }: StateHead,
  into: StateEntry,
  each: () => void,
): void {
  let at = BLOCK_PREFIX;
  const { values } = into;
  while (at < block.length) {
    let length = keyLength;
    if (type === 'string') {
      length = block.readUInt16LE(at);
      at += 2;
    }
    into.key = block.subarray(at, at + length);
    into.idle = block.readUInt32LE(at + length);
    into.text = '';
    at += length + 4;
    let next = 0;
    for (const { kind, length: elements } of columns) {
      for (let i = 0; i < elements; i++) {
        if (kind === 'dict') {
          into.text = block.latin1Slice(at + 1, at + 1 + block[at]!);
          at += 1 + block[at]!;
          values[next++] = 0;
        } else if (kind === 'ull') {
          values[next++] = block.readDoubleLE(at);
          at += 8;
        } else {
          for (let n = kind === 'rate' ? 3 : 1; n > 0; n--) {
            values[next++] = kind === 'sint' ? block.readInt32LE(at) : block.readUInt32LE(at);
            at += 4;
          }
        }
      }
    }
    values.length = next;
    each();
  }
}
