import { LONGEST_VARINT, PeersProtocolError, putVarint, WireReader } from './varint.ts';

/** Classes of messages. */
export const Class = { control: 0, error: 1, table: 10, reserved: 255 } as const;

/** Types of control messages. */
export const ControlType = { request: 0, finished: 1, partial: 2, confirm: 3, heartbeat: 4 } as const;

/** Types of error messages. */
export const ErrorType = { protocol: 0, size: 1 } as const;

/** Types of messages about tables; these have a length and a body. `timed` ones have the time that the entry has left. */
export const TableType = {
  update: 0x80,
  nextUpdate: 0x81,
  define: 0x82,
  switch: 0x83,
  ack: 0x84,
  timedUpdate: 0x85,
  timedNextUpdate: 0x86,
} as const;

/** A message: `body` is a reader of what follows its length; it is valid until the next message is asked for. */
export interface Message {
  readonly class: number;
  readonly type: number;
  readonly body: WireReader;
}

/** A message is longer than what is accepted. */
export class MessageTooLong extends PeersProtocolError {}

const EMPTY = new Uint8Array(0);
/** Bytes of class, type and length at most. */
const LONGEST_HEAD = 2 + LONGEST_VARINT;

/** A message without a body. */
export const shortMessage = (kind: number, type: number): Uint8Array => Uint8Array.of(kind, type);

/** Cuts what is received into messages. Keeps no more than one that is not complete. */
export class MessageStream {
  readonly #limit: number;
  #bytes: Uint8Array = EMPTY;
  #at = 0;

  /** `limit`: bytes of a body at most. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** More bytes; those that were not read before are kept in front of them. */
  push(bytes: Uint8Array): void {
    const left = this.#bytes.length - this.#at;
    if (left === 0) {
      this.#bytes = bytes;
    } else {
      const both = new Uint8Array(left + bytes.length);
      both.set(this.#bytes.subarray(this.#at));
      both.set(bytes, left);
      this.#bytes = both;
    }
    this.#at = 0;
  }

  /** The next message, or null when it is not complete. Throws PeersProtocolError. */
  next(): Message | null {
    const bytes = this.#bytes;
    const at = this.#at;
    if (bytes.length - at < 2) return null;
    const kind = bytes[at]!;
    const type = bytes[at + 1]!;
    if (type < 0x80) {
      this.#at = at + 2;
      return { class: kind, type, body: new WireReader(EMPTY) };
    }
    const length = this.#lengthAt(at + 2);
    if (length === null) return null;
    if (length.value > this.#limit)
      throw new MessageTooLong(`a message of ${length.value} bytes; ${this.#limit} are the most that is accepted`);
    const end = length.after + length.value;
    if (bytes.length < end) return null;
    this.#at = end;
    return { class: kind, type, body: new WireReader(bytes, length.after, end) };
  }

  #lengthAt(at: number): { readonly value: number; readonly after: number } | null {
    const bytes = this.#bytes;
    const most = Math.min(bytes.length, at + LONGEST_HEAD);
    let end = at + 1;
    if (at >= bytes.length) return null;
    if (bytes[at]! >= 240) {
      while (end < most && bytes[end]! >= 128) end++;
      if (end >= bytes.length) return null;
      end++;
    }
    return { value: new WireReader(bytes, at, end).unsigned(), after: end };
  }
}

/** Room before a body for its head: the length is known when the body is written. */
export const HEAD_ROOM = 8;

/**
 * Puts class, type and length right in front of a body that was written at `start` + HEAD_ROOM, up to `end`. Returns where the message
 * begins.
 */
export function putHead(to: Uint8Array, start: number, type: number, end: number): number {
  const body = start + HEAD_ROOM;
  const length = end - body;
  const bytes = length < 240 ? 1 : length < 2288 ? 2 : length < 264_432 ? 3 : 4;
  const begin = body - bytes - 2;
  to[begin] = Class.table;
  to[begin + 1] = type;
  putVarint(to, begin + 2, length);
  return begin;
}
