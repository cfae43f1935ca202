import { DATA_TYPES, type DataTypeRow } from '../../../config/tables/data-types.ts';
import { HEAD_ROOM, putHead, TableType } from './messages.ts';
import { PeersProtocolError, putVarint, type WireReader } from './varint.ts';

/** Types of keys, with their numbers on the wire. */
export const KEY_TYPES = { integer: 2, ip: 4, ipv6: 5, string: 6, binary: 7 } as const;

/** Data that updates of a table have: `elements` of an array, else 1; `period` of rates in ms, else 0. */
export interface Column {
  readonly type: DataTypeRow;
  readonly elements: number;
  readonly period: number;
}

/** What a peer says of a table before it sends updates of it. */
export interface Definition {
  /** The sender's number of the table. */
  readonly id: number;
  readonly name: string;
  readonly keyType: number;
  /** Bytes of a key; of strings the longest with the NUL behind it. */
  readonly keyLength: number;
  /** Life of entries, ms; 0: no end; null: not told. */
  readonly expire: number | null;
  /** In order of their numbers. */
  readonly columns: readonly Column[];
}

/** Elements of an array at most (manual, section 11.2), and bytes of a name. */
const MOST_ELEMENTS = 100;
const LONGEST_NAME = 1024;
/** A definition fits in this many bytes. */
export const LONGEST_DEFINITION = 4096;

/** Writes the message at `start` of `to`, which has LONGEST_DEFINITION bytes from there; returns [first byte, end]. */
export function putDefinition(to: Uint8Array, start: number, definition: Definition): readonly [number, number] {
  const name = Buffer.from(definition.name, 'latin1');
  let at = putVarint(to, start + HEAD_ROOM, definition.id);
  at = putVarint(to, at, name.length);
  to.set(name, at);
  at = putVarint(to, at + name.length, definition.keyType);
  at = putVarint(to, at, definition.keyLength);
  let fields = 0;
  for (const { type } of definition.columns) fields += 2 ** type.id;
  at = putVarint(to, at, fields);
  at = putVarint(to, at, definition.expire ?? 0);
  for (const { type, elements, period } of definition.columns) {
    if (!type.array && type.kind !== 'rate') continue;
    at = putVarint(to, at, type.id);
    if (type.array) at = putVarint(to, at, elements);
    if (type.kind === 'rate') at = putVarint(to, at, period);
  }
  return [putHead(to, start, TableType.define, at), at];
}

/** Reads the body of a definition; `columns` null: its updates cannot be read. Throws PeersProtocolError. */
export function readDefinition(
  body: WireReader,
): Omit<Definition, 'columns'> & { readonly columns: readonly Column[] | null } {
  const id = body.uint32();
  const length = body.unsigned();
  if (length === 0 || length > LONGEST_NAME) throw new PeersProtocolError(`the name of a table has ${length} bytes`);
  const name = Buffer.from(body.take(length)).toString('latin1');
  const keyType = body.uint32();
  const keyLength = body.unsigned();
  const fields = body.uint32();
  const expire = body.left > 0 ? body.unsigned() : null;
  return { id, name, keyType, keyLength, expire, columns: readColumns(body, fields, expire !== null) };
}

/** Types without a number here come behind all others: they are left out, as the rest of their updates will be. */
function readColumns(body: WireReader, fields: number, told: boolean): Column[] | null {
  const columns: Column[] = [];
  for (const type of DATA_TYPES) {
    if ((fields & (1 << type.id)) === 0) continue;
    let elements = 1;
    let period = 0;
    if (told && (type.array || type.kind === 'rate')) {
      if (body.left === 0 || body.uint32() !== type.id) return null;
      if (type.array) elements = body.left > 0 ? body.unsigned() : 0;
      if (type.kind === 'rate') {
        if (body.left === 0) return null;
        period = body.unsigned();
      }
      if (elements < 1 || elements > MOST_ELEMENTS) return null;
    } else if (type.array) {
      return null;
    }
    columns.push({ type, elements, period });
  }
  return columns;
}
