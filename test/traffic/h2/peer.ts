import { connect, type Socket } from 'node:net';
import { encodeField } from '../../../src/traffic/h2/hpack.ts';
import { type Scope, within } from '../../support/wait.ts';

/** A frame as it is on the wire. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const T = {
  data: 0,
  headers: 1,
  priority: 2,
  rst: 3,
  settings: 4,
  push: 5,
  ping: 6,
  goaway: 7,
  window: 8,
  continuation: 9,
};
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const PADDED = 8;

export const preface = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

export function frame(type: number, flags: number, stream: number, payload: Buffer | string = ''): Buffer {
  const bytes = typeof payload === 'string' ? Buffer.from(payload, 'latin1') : payload;
  const head = Buffer.alloc(9);
  head.writeUIntBE(bytes.length, 0, 3);
  head[3] = type;
  head[4] = flags;
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, bytes]);
}

export const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};

export function settings(...pairs: readonly (readonly [number, number])[]): Buffer {
  return frame(
    T.settings,
    0,
    0,
    Buffer.concat(pairs.map(([name, value]) => Buffer.concat([Buffer.from([name >> 8, name & 255]), int32(value)]))),
  );
}

/** A header block of these fields, nothing indexed. */
export function block(fields: readonly (readonly [string, string])[]): Buffer {
  const out = Buffer.alloc(fields.reduce((sum, [name, value]) => sum + name.length + value.length + 16, 0));
  let at = 0;
  for (const [name, value] of fields) at = encodeField(out, at, name, value);
  return out.subarray(0, at);
}

export const GET: readonly [string, string][] = [
  [':method', 'GET'],
  [':scheme', 'http'],
  [':path', '/'],
  [':authority', 'a.test'],
];

/** A request head in one frame. `flags` besides END_HEADERS. */
export function headers(
  stream: number,
  fields: readonly (readonly [string, string])[] = GET,
  flags = END_STREAM,
): Buffer {
  return frame(T.headers, flags | END_HEADERS, stream, block(fields));
}

/** A client that speaks in frames of the test's making. */
export class Peer {
  readonly frames: Frame[] = [];
  ended = false;
  readonly socket: Socket;
  #held = Buffer.alloc(0);
  #wake: () => void = () => {};
  #seen = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('error', () => this.#end());
    socket.on('close', () => this.#end());
    socket.on('end', () => this.#end());
  }

  /** Connects; with `hello`, the preface and empty settings are sent. */
  static async open(
    scope: Scope,
    port: number,
    hello: Buffer | null = Buffer.concat([preface, settings()]),
  ): Promise<Peer> {
    const socket = connect(port, '127.0.0.1');
    scope.after(() => socket.destroy());
    const peer = new Peer(socket);
    await new Promise((resolve) => socket.once('connect', resolve));
    if (hello !== null) peer.send(hello);
    return peer;
  }

  send(...parts: Buffer[]): void {
    this.socket.write(Buffer.concat(parts));
  }

  #take(chunk: Buffer): void {
    this.#held = Buffer.concat([this.#held, chunk]);
    while (this.#held.length >= 9 && this.#held.length >= 9 + this.#held.readUIntBE(0, 3)) {
      const length = this.#held.readUIntBE(0, 3);
      this.frames.push({
        type: this.#held[3]!,
        flags: this.#held[4]!,
        stream: this.#held.readUInt32BE(5),
        payload: this.#held.subarray(9, 9 + length),
      });
      this.#held = this.#held.subarray(9 + length);
    }
    this.#wake();
  }

  #end(): void {
    this.ended = true;
    this.#wake();
  }

  /** The first frame from now on that `is` right; null when the connection ends first. */
  async next(is: (frame: Frame) => boolean, what: string): Promise<Frame | null> {
    const search = async (): Promise<Frame | null> => {
      for (;;) {
        while (this.#seen < this.frames.length) {
          const one = this.frames[this.#seen++]!;
          if (is(one)) return one;
        }
        if (this.ended) return null;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    return within(
      search(),
      () =>
        `${what}; frames so far: ${this.frames.map((f) => `${f.type}/${f.flags}/${f.stream}/${f.payload.length}`).join(' ')}`,
    );
  }

  /** Error code of the GOAWAY that ends the connection; null when it ends without one. */
  async goaway(): Promise<number | null> {
    const last = await this.next((f) => f.type === T.goaway, 'GOAWAY');
    return last === null ? null : last.payload.readUInt32BE(4);
  }

  /** Error code of the reset of a stream. */
  async reset(stream: number): Promise<number | null> {
    const frame = await this.next(
      (f) => (f.type === T.rst && f.stream === stream) || f.type === T.goaway,
      `reset of stream ${stream}`,
    );
    return frame === null || frame.type === T.goaway ? null : frame.payload.readUInt32BE(0);
  }

  /** All of the stream's DATA, up to its end; sends no window updates. */
  async body(stream: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (;;) {
      const one = await this.next(
        (f) => f.stream === stream && (f.type === T.data || f.type === T.headers),
        `DATA of stream ${stream}`,
      );
      if (one === null) throw new Error('the connection ended');
      if (one.type === T.data) parts.push(one.payload);
      if (one.flags & END_STREAM) return Buffer.concat(parts);
    }
  }

  /** The connection still works: a ping comes back. */
  async alive(): Promise<boolean> {
    const token = Buffer.from('sluice!!');
    this.send(frame(T.ping, 0, 0, token));
    return (
      (await this.next((f) => f.type === T.ping && (f.flags & 1) === 1 && f.payload.equals(token), 'PING')) !== null
    );
  }
}
