import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { decoded } from './decoded.ts';
import type { Exchange } from './requests.ts';
import { Watched } from './watched.ts';

/** Between two pieces, ms. */
const PAUSE = 25;

/** How long is waited for what may not come, in ms. */
export interface Patience {
  /** For responses to what was sent. */
  readonly answer: number;
  /** For the end of the connection behind the last of them. */
  readonly end: number;
}

/** What came back over one connection: for each exchange its responses, normalised, and how the connection ended. */
export interface Heard {
  readonly exchanges: readonly string[];
  readonly closed: boolean;
  /** Nobody listened. */
  readonly refused: boolean;
}

/** Sends the exchanges one after the other over a connection in the clear, as long as it is there. */
export const talk = (
  to: { host: string; port: number },
  exchanges: readonly Exchange[],
  patience: Patience,
): Promise<Heard> => talkOver(connect({ ...to, noDelay: true }), exchanges, patience);

/** The same over a connection of any kind. */
export async function talkOver(socket: Socket, exchanges: readonly Exchange[], patience: Patience): Promise<Heard> {
  const line = new Line(socket);
  const heard: string[] = [];
  for (const { bytes, methods, pieces } of exchanges) {
    if (line.ended) break;
    await line.send(pieces ?? [bytes]);
    heard.push(await line.responses(methods, patience.answer));
    if (/^connection: *close/im.test(heard.at(-1)!)) await line.end(patience.answer);
  }
  await line.end(patience.end);
  const closed = line.ended;
  line.close();
  return { exchanges: heard, closed, refused: line.refused };
}

class Line extends Watched {
  readonly socket: Socket;
  received = '';

  constructor(socket: Socket) {
    super(socket);
    this.socket = socket;
    socket.on('data', (bytes) => {
      this.received += bytes.toString('latin1');
      this.wake();
    });
  }

  /** Sends what is given, with a pause between two pieces, as long as the connection is there. */
  async send([first = '', ...others]: readonly string[]): Promise<void> {
    this.socket.write(first, 'latin1');
    for (const piece of others) {
      await pause(PAUSE);
      if (!this.ended) this.socket.write(piece, 'latin1');
    }
  }

  close(): void {
    this.socket.destroy();
  }

  /** Waits until the responses to all `methods` are there, the connection ends, or nothing comes for `ms`. */
  async responses(methods: readonly string[], ms: number): Promise<string> {
    for (;;) {
      const read = readResponses(this.received, methods, this.ended);
      if (read.whole || this.ended) {
        this.received = this.received.slice(read.length);
        const left = this.ended ? this.received : '';
        if (this.ended) this.received = '';
        return read.text + (left === '' ? '' : `<and> ${left}`);
      }
      if (!(await this.change(ms))) {
        const { received } = this;
        this.received = '';
        return `${read.text}<then nothing> ${received.slice(read.length)}`;
      }
    }
  }
}

interface Read {
  readonly text: string;
  readonly length: number;
  readonly whole: boolean;
}

/** Reads as many responses as there are methods: interim ones with them, bodies out of their framing and encoding. */
function readResponses(received: string, methods: readonly string[], ended: boolean): Read {
  let at = 0;
  let text = '';
  for (const method of methods) {
    for (;;) {
      const end = received.indexOf('\r\n\r\n', at);
      if (end < 0) return { text, length: at, whole: false };
      const head = received.slice(at, end + 4);
      const status = Number(head.slice(9, 12));
      const body = readBody(received, end + 4, head, method, status, ended);
      if (body === null) return { text, length: at, whole: false };
      at = body.end;
      text += head + decoded(head, body.text) + (body.trailers ?? '');
      if (status === 101) return { text, length: at, whole: true };
      if (status >= 200 || Number.isNaN(status)) break;
    }
  }
  return { text, length: at, whole: true };
}

interface Body {
  readonly text: string;
  readonly trailers?: string;
  readonly end: number;
}

function readBody(
  received: string,
  from: number,
  head: string,
  method: string,
  status: number,
  ended: boolean,
): Body | null {
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) return { text: '', end: from };
  if (/^transfer-encoding:.*chunked *\r$/im.test(head)) {
    const chunks = readChunks(received, from);
    return chunks ?? (ended ? { text: `<cut> ${unchunked(received.slice(from))}`, end: received.length } : null);
  }
  const length = /^content-length: *(\d+)/im.exec(head)?.[1];
  if (length === undefined) return ended ? { text: received.slice(from), end: received.length } : null;
  const end = from + Number(length);
  if (received.length >= end) return { text: received.slice(from, end), end };
  return ended ? { text: `<cut> ${received.slice(from)}`, end: received.length } : null;
}

function readChunks(received: string, from: number): Body | null {
  let at = from;
  let text = '';
  for (;;) {
    const line = received.indexOf('\r\n', at);
    if (line < 0) return null;
    const size = Number.parseInt(received.slice(at, line), 16);
    if (size === 0) {
      const end = received.indexOf('\r\n\r\n', line);
      if (end < 0) return null;
      return { text, trailers: end === line ? '' : `[${received.slice(line + 2, end)}]`, end: end + 4 };
    }
    if (!(received.length >= line + 4 + size)) return null;
    text += received.slice(line + 2, line + 2 + size);
    at = line + 4 + size;
  }
}

/** What is there of a body in chunks that was cut. */
function unchunked(text: string): string {
  return text.replace(/(^|\r\n)[0-9a-f]+\r\n/gi, '').replace(/\r\n$/, '');
}
