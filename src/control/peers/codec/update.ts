import { type Column, KEY_TYPES } from './definition.ts';
import { HEAD_ROOM, putHead, TableType } from './messages.ts';
import { PeersProtocolError, putVarint, varintLength, type WireReader } from './varint.ts';

/**
 * An entry as updates have it. `values`: those of all columns one after the other, arrays by element; of a rate three: ms since its
 * period began, count in it, count in the period before. The dictionary's column has one: the number of the text, 0 for none.
 */
export interface Update {
  /** Number of the update; null: one more than that of the update before. */
  id: number | null;
  /** Time that the entry has left, ms; null: what the table says. */
  expire: number | null;
  key: Uint8Array;
  values: number[];
  /** The text that the number stands for from now on; null when that is known already. */
  text: string | null;
}

/** What updates of one table look like. */
export interface UpdateForm {
  readonly keyType: number;
  readonly keyLength: number;
  readonly columns: readonly Column[];
}

/** Numbers of dictionary texts that one peer may use, as HAProxy has it. */
export const DICTIONARY_SIZE = 128;
/** The longest text of a dictionary. */
const LONGEST_TEXT = 1024;

/** Room that the message of an update takes at most. */
export function updateRoom({ keyLength, columns }: UpdateForm): number {
  let values = 0;
  for (const { type, elements } of columns) {
    if (type.kind === 'dict') values += 16 + LONGEST_TEXT;
    else values += elements * (type.kind === 'rate' ? 15 : 10);
  }
  return HEAD_ROOM + 8 + 5 + keyLength + values;
}

/** Writes the message of an update at `start` of `to`, which has `updateRoom` bytes from there; returns [first byte, end]. */
export function putUpdate(to: Uint8Array, start: number, form: UpdateForm, update: Update): readonly [number, number] {
  let at = start + HEAD_ROOM;
  if (update.id !== null) at = putNet32(to, at, update.id);
  if (update.expire !== null) at = putNet32(to, at, update.expire);
  if (form.keyType === KEY_TYPES.string) at = putVarint(to, at, update.key.length);
  to.set(update.key, at);
  at += update.key.length;
  let next = 0;
  for (const { type, elements } of form.columns) {
    const count = elements * (type.kind === 'rate' ? 3 : 1);
    for (const end = next + count; next < end; next++) {
      const value = update.values[next]!;
      at = type.kind === 'dict' ? putText(to, at, value, update.text) : putVarint(to, at, value);
    }
  }
  return [putHead(to, start, typeOf(update), at), at];
}

function typeOf({ id, expire }: Update): number {
  if (id === null) return expire === null ? TableType.nextUpdate : TableType.timedNextUpdate;
  return expire === null ? TableType.update : TableType.timedUpdate;
}

function putNet32(to: Uint8Array, at: number, value: number): number {
  to[at] = value >>> 24;
  to[at + 1] = value >>> 16;
  to[at + 2] = value >>> 8;
  to[at + 3] = value;
  return at + 4;
}

/** Length, number, and the text where it is new. */
function putText(to: Uint8Array, at: number, number: number, text: string | null): number {
  if (number === 0) return putVarint(to, at, 0);
  if (text === null) return putVarint(to, putVarint(to, at, varintLength(number)), number);
  const bytes = Buffer.from(text, 'latin1').subarray(0, LONGEST_TEXT);
  at = putVarint(to, at, varintLength(number) + varintLength(bytes.length) + bytes.length);
  at = putVarint(to, putVarint(to, at, number), bytes.length);
  to.set(bytes, at);
  return at + bytes.length;
}

/**
 * Reads the body of an update of `type` into `update`, whose key is a view of the message. Strings are cut to the longest of the table. What
 * comes behind the columns is left. Throws PeersProtocolError.
 */
export function readUpdate(body: WireReader, type: number, form: UpdateForm, update: Update): void {
  const numbered = type === TableType.update || type === TableType.timedUpdate;
  const timed = type === TableType.timedUpdate || type === TableType.timedNextUpdate;
  update.id = numbered ? body.net32() : null;
  update.expire = timed ? body.net32() : null;
  update.text = null;
  if (form.keyType === KEY_TYPES.string) {
    const key = body.take(body.unsigned());
    update.key = key.subarray(0, form.keyLength - 1);
  } else {
    update.key = body.take(form.keyLength);
  }
  const { values } = update;
  let next = 0;
  for (const { type: data, elements } of form.columns) {
    for (let i = 0; i < elements; i++) {
      switch (data.kind) {
        case 'sint':
          values[next++] = body.int32();
          break;
        case 'uint':
          values[next++] = body.uint32();
          break;
        case 'ull':
          values[next++] = body.unsigned();
          break;
        case 'rate':
          values[next++] = body.uint32();
          values[next++] = body.uint32();
          values[next++] = body.uint32();
          break;
        case 'dict':
          values[next++] = readText(body, update);
      }
    }
  }
  values.length = next;
}

function readText(body: WireReader, update: Update): number {
  const length = body.unsigned();
  if (length === 0) return 0;
  const part = body.part(length);
  const number = part.unsigned();
  if (number === 0 || number > DICTIONARY_SIZE)
    throw new PeersProtocolError(`${number} is no number of a dictionary's text`);
  if (part.left === 0) return number;
  const bytes = part.take(part.unsigned());
  if (bytes.length > LONGEST_TEXT) throw new PeersProtocolError(`a dictionary's text of ${bytes.length} bytes`);
  update.text = Buffer.from(bytes).toString('latin1');
  return number;
}

/** The message that acknowledges updates of the receiver's table `id` up to `update`. */
export function ackMessage(id: number, update: number): Uint8Array {
  const to = new Uint8Array(HEAD_ROOM + 16);
  const end = putNet32(to, putVarint(to, HEAD_ROOM, id), update);
  return to.subarray(putHead(to, 0, TableType.ack, end), end);
}

/** Reads what acknowledges updates. Throws PeersProtocolError. */
export function readAck(body: WireReader): { readonly id: number; readonly update: number } {
  return { id: body.uint32(), update: body.net32() };
}
