import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import {
  block,
  END_HEADERS,
  END_STREAM,
  type Frame,
  frame,
  int32,
  PADDED,
  preface,
  settings,
  T,
} from '../traffic/h2/peer.ts';
import { decoded } from './decoded.ts';
import { type Received, Wire } from './h2-wire.ts';
import type { Heard, Patience } from './talk.ts';
import { Watched } from './watched.ts';

export type Fields = readonly (readonly [string, string])[];

/** One thing that a client of HTTP/2 does. Streams are counted from 0 in each exchange. */
export type Step =
  | { do: 'head'; stream: number; fields: Fields; end: boolean; pieces?: number; padding?: number; priority?: boolean }
  | { do: 'data'; stream: number; text: string; end: boolean; padding?: number }
  | { do: 'reset'; stream: number; code: number }
  /** Any other frame; `stream` is null for one of the connection. */
  | { do: 'frame'; type: number; flags: number; stream: number | null; payload: Buffer }
  /** Waits until all that was sent has been read. */
  | { do: 'settle' }
  /** Waits for the head of the response. */
  | { do: 'answered'; stream: number };

/** What is sent over a connection before anything is waited for. */
export interface H2Exchange {
  /** The requests as text. */
  readonly bytes: string;
  readonly steps: readonly Step[];
  /** Streams that are opened. */
  readonly streams: number;
}

/** Windows that the client opens, in bytes: for streams, and for the connection. */
export interface Windows {
  readonly stream: number;
  readonly connection: number;
}

/** Plays the exchanges one after the other over one connection, as long as it is there. */
export async function talkH2(
  socket: Socket,
  exchanges: readonly H2Exchange[],
  windows: Windows,
  patience: Patience,
): Promise<Heard> {
  const line = new Line(socket, windows);
  const heard: string[] = [];
  for (const exchange of exchanges) {
    if (line.closing) break;
    heard.push(await line.play(exchange, patience.answer));
  }
  await line.end(patience.end);
  const closed = line.ended;
  socket.destroy();
  return { exchanges: heard, closed, refused: line.refused };
}

/** A connection in the clear. */
export const connectTo = (to: { host: string; port: number }): Socket => connect({ ...to, noDelay: true });

class Line extends Watched {
  readonly #wire: Wire;
  #next = 1;
  #first = 1;
  #goaway = '';
  #pongs = 0;
  #pings = 0;

  constructor(socket: Socket, windows: Windows) {
    super(socket);
    this.#wire = new Wire(socket, { stream: this.wake, other: (one) => this.#other(one) });
    this.#wire.send(preface, settings([4, windows.stream]), frame(T.window, 0, 0, int32(windows.connection)));
  }

  /** No more streams may be opened. */
  get closing(): boolean {
    return this.ended || this.#goaway !== '';
  }

  #other({ type, flags, payload }: Frame): void {
    if (type === T.goaway) this.#goaway = `<goaway ${payload.readUInt32BE(4)}>`;
    if (type === T.ping && (flags & 1) === 1) this.#pongs++;
    this.wake();
  }

  async play({ steps, streams }: H2Exchange, ms: number): Promise<string> {
    this.#first = this.#next;
    this.#next += 2 * streams;
    const reset = new Set<number>();
    let batch: Buffer[] = [];
    for (const step of steps) {
      if (step.do === 'settle' || step.do === 'answered') {
        this.#wire.send(...batch);
        batch = [];
        await (step.do === 'settle' ? this.#settle(ms) : this.#answered(step.stream, ms));
      } else batch.push(this.#bytes(step));
      if (step.do === 'reset') reset.add(this.#first + 2 * step.stream);
    }
    this.#wire.send(...batch);
    const ids = Array.from({ length: streams }, (_, at) => this.#first + 2 * at);
    const over = (id: number): boolean => reset.has(id) || this.#wire.of(id).ended !== '';
    while (!this.ended && !ids.every(over)) if (!(await this.change(ms))) break;
    if (reset.size > 0) await this.#settle(ms);
    return ids.map((id, at) => `${at}> ${text(this.#wire.of(id), reset.has(id))}`).join('') + this.#goaway;
  }

  #bytes(step: Exclude<Step, { do: 'settle' | 'answered' }>): Buffer {
    const id = step.stream === null ? 0 : this.#first + 2 * step.stream;
    if (step.do === 'frame') return frame(step.type, step.flags, id, step.payload);
    if (step.do === 'reset') return frame(T.rst, 0, id, int32(step.code));
    const end = step.end ? END_STREAM : 0;
    const padded = step.padding === undefined ? 0 : PADDED;
    const pad = (...parts: Buffer[]): Buffer =>
      step.padding === undefined
        ? Buffer.concat(parts)
        : Buffer.concat([Buffer.from([step.padding]), ...parts, Buffer.alloc(step.padding)]);
    if (step.do === 'data') return frame(T.data, end | padded, id, pad(Buffer.from(step.text, 'latin1')));
    const fields = block(step.fields);
    const pieces = step.pieces ?? 1;
    const size = Math.max(1, Math.ceil(fields.length / pieces));
    const priority = step.priority ? Buffer.from([0, 0, 0, 0, 15]) : Buffer.alloc(0);
    const frames: Buffer[] = [];
    for (let at = 0; at === 0 || at < fields.length; at += size) {
      const last = at + size >= fields.length ? END_HEADERS : 0;
      const part = fields.subarray(at, at + size);
      if (at > 0) frames.push(frame(T.continuation, last, id, part));
      else
        frames.push(
          frame(T.headers, end | padded | last | (step.priority ? 0x20 : 0), id, pad(Buffer.concat([priority, part]))),
        );
    }
    return Buffer.concat(frames);
  }

  /** Waits until the other side has read what was sent, and a moment for what it does with it. */
  async #settle(ms: number): Promise<void> {
    this.#pings++;
    this.#wire.send(frame(T.ping, 0, 0, Buffer.alloc(8, 'd')));
    while (!this.ended && this.#pongs < this.#pings) if (!(await this.change(ms))) break;
    await pause(20);
  }

  async #answered(stream: number, ms: number): Promise<void> {
    const message = this.#wire.of(this.#first + 2 * stream);
    while (!this.ended && message.ended === '' && !message.blocks.some((one) => !/^:status: 1/.test(one)))
      if (!(await this.change(ms))) break;
  }
}

/** A response as text: its heads, its body out of its encoding, its trailers and how it ended. */
function text(message: Received, gone: boolean): string {
  const final = message.blocks.findIndex((one) => !/^:status: 1/.test(one));
  const heads = message.blocks.slice(0, final < 0 ? undefined : final + 1).join('');
  const trailers = final < 0 ? [] : message.blocks.slice(final + 1);
  const body = gone ? (message.body === '' ? '' : '<some>') : decoded(heads, message.body);
  return `${heads}\r\n${body}${trailers.map((one) => `[${one}]`).join('')}${gone ? '<left>' : message.ended}\n`;
}
