import type { Socket } from 'node:net';
import { HpackDecoder } from '../../src/traffic/h2/hpack.ts';
import { END_HEADERS, END_STREAM, type Frame, frame, int32, PADDED, T } from '../traffic/h2/peer.ts';

/** A message on a stream, or what was received of it. */
export interface Received {
  /** Each block of fields: heads first (interim ones, too), trailers behind. */
  readonly blocks: string[];
  body: string;
  /** Bytes of the body that came before the last block. */
  bodyBefore: number;
  /** How it ended: '' while it has not. */
  ended: string;
}

/** What a side of HTTP/2 hears. */
export interface Listener {
  /** A block of fields, some of a body or an end has come on stream `id`. */
  stream(id: number, message: Received, frame: Frame): void;
  /** A GOAWAY, or another frame of the connection. */
  other(frame: Frame): void;
}

const ACK = 1;
const PRIORITY = 0x20;

/**
 * Reads the frames that come over `socket` behind `skip` bytes (a preface) into messages by stream, and acknowledges settings and pings. Windows are
 * opened again as bodies come.
 */
export class Wire {
  readonly streams = new Map<number, Received>();
  readonly #socket: Socket;
  readonly #listener: Listener;
  readonly #hpack = new HpackDecoder(4096);
  #held = Buffer.alloc(0);
  #skip: number;
  #block: Buffer[] = [];

  constructor(socket: Socket, listener: Listener, skip = 0) {
    this.#socket = socket;
    this.#listener = listener;
    this.#skip = skip;
    socket.on('data', (bytes: Buffer) => this.#take(bytes));
  }

  send(...parts: Buffer[]): void {
    if (!this.#socket.destroyed && this.#socket.writable) this.#socket.write(Buffer.concat(parts));
  }

  /** The message of a stream. */
  of(id: number): Received {
    const there = this.streams.get(id);
    if (there !== undefined) return there;
    const made = { blocks: [], body: '', bodyBefore: 0, ended: '' };
    this.streams.set(id, made);
    return made;
  }

  #take(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    if (this.#skip > 0) {
      if (this.#held.length < this.#skip) return;
      this.#held = this.#held.subarray(this.#skip);
      this.#skip = 0;
    }
    while (this.#held.length >= 9 && this.#held.length >= 9 + this.#held.readUIntBE(0, 3)) {
      const end = 9 + this.#held.readUIntBE(0, 3);
      const one = {
        type: this.#held[3]!,
        flags: this.#held[4]!,
        stream: this.#held.readUInt32BE(5),
        payload: this.#held.subarray(9, end),
      };
      this.#held = this.#held.subarray(end);
      this.#frame(one);
    }
  }

  #frame(one: Frame): void {
    const { type, flags, stream, payload } = one;
    if (type === T.headers || type === T.continuation) this.#fields(one);
    else if (type === T.data) this.#data(one);
    else if (type === T.rst) {
      const message = this.of(stream);
      message.ended ||= `<reset ${payload.readUInt32BE(0)}>`;
      this.#listener.stream(stream, message, one);
    } else {
      if (type === T.settings && (flags & ACK) === 0) this.send(frame(T.settings, ACK, 0));
      if (type === T.ping && (flags & ACK) === 0) this.send(frame(T.ping, ACK, 0, payload));
      this.#listener.other(one);
    }
  }

  #fields(one: Frame): void {
    const message = this.of(one.stream);
    this.#block.push(one.type === T.headers ? unpadded(one) : one.payload);
    if (one.type === T.headers && one.flags & END_STREAM) message.ended ||= '<end>';
    if ((one.flags & END_HEADERS) === 0) return;
    const bytes = Buffer.concat(this.#block);
    this.#block = [];
    let text = '';
    const sink = {
      field(name: string, value: string) {
        text += `${name}: ${value}\r\n`;
      },
    };
    if (!this.#hpack.decode(bytes, 0, bytes.length, sink)) text += '<no block of fields>';
    message.blocks.push(text);
    message.bodyBefore = message.body.length;
    this.#listener.stream(one.stream, message, one);
  }

  #data(one: Frame): void {
    const message = this.of(one.stream);
    message.body += unpadded(one).toString('latin1');
    if (one.flags & END_STREAM) message.ended ||= '<end>';
    else if (one.payload.length > 0) this.send(frame(T.window, 0, one.stream, int32(one.payload.length)));
    if (one.payload.length > 0) this.send(frame(T.window, 0, 0, int32(one.payload.length)));
    this.#listener.stream(one.stream, message, one);
  }
}

/** What a frame carries without its padding and priority. */
function unpadded({ type, flags, payload }: Frame): Buffer {
  const padding = flags & PADDED ? 1 + payload[0]! : 0;
  const from = (flags & PADDED ? 1 : 0) + (type === T.headers && flags & PRIORITY ? 5 : 0);
  return payload.subarray(from, payload.length - (padding === 0 ? 0 : padding - 1));
}
