import type net from 'node:net';
import { addressText, type Endpoint } from './address.ts';
import { RuntimeClientError } from './failures.ts';
import { connectionError, foreignProtocol } from './socket.ts';

/** One command on a pipeline: its bytes, and who waits for the answer. */
export interface Exchange {
  readonly bytes: Buffer;
  /** With a payload: HAProxy prints `+ ` while it reads one. */
  readonly payload: boolean;
  /** Most bytes of the answer. */
  readonly limit: number;
  readonly done: (body: Buffer) => void;
  readonly failed: (error: Error) => void;
}

/** What makes a new connection stay open, with severities, and say where each answer ends; understood by all versions since 2.4. */
const PREAMBLE = 'set severity-output number;set timeout cli 60;prompt\n';

/** Most bytes before the first prompt. */
const GREETING_LIMIT = 64 * 1024;

const PROMPT = '\n> ';

/** How a master CLI prompts. */
const MASTER_PROMPT = /(?:^|\n)(?:master(?:\[\w+\])?(?:\([a-z]+\))?|\d+)> $/;

/**
 * A connection in interactive mode: commands go out one after the other, each answer ends with the prompt. For commands whose answers
 * cannot hold a line that begins with `> ` only. Bytes that nobody asked for end the connection, so that no answer is taken for another's.
 */
export class Pipeline {
  readonly #socket: net.Socket;
  readonly #endpoint: Endpoint;
  readonly #onClose: (pipeline: Pipeline) => void;
  readonly #sent: Exchange[] = [];
  #chunks: Buffer[] = [];
  #length = 0;
  /** Last two bytes received, in which a prompt may have begun. */
  #tail = '';
  #greeted = false;
  /** Why it is closed. */
  #closed: Error | null = null;

  /** `onClose` is called once, after the exchanges that had been sent have failed. */
  constructor(socket: net.Socket, endpoint: Endpoint, onClose: (pipeline: Pipeline) => void) {
    this.#socket = socket;
    this.#endpoint = endpoint;
    this.#onClose = onClose;
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('end', () => this.close(this.#error('CLOSED', 'closed before the answer ended')));
    socket.on('error', (error) => this.close(connectionError(error, endpoint)));
    socket.resume();
  }

  /** Commands that have been sent and are not answered yet. */
  get pending(): number {
    return this.#sent.length;
  }

  get closed(): boolean {
    return this.#closed !== null;
  }

  /** Opens the interactive mode. Comes before all else; rejects with code `MASTER` when a master CLI answers. */
  async greet(): Promise<void> {
    await this.ask(Buffer.from(PREAMBLE), { payload: false, limit: GREETING_LIMIT });
    this.#greeted = true;
  }

  /** Sends a command and resolves with the bytes of its answer. */
  ask(bytes: Buffer, { payload, limit }: Pick<Exchange, 'payload' | 'limit'>): Promise<Buffer> {
    return new Promise((done, failed) => {
      this.send({ bytes, payload, limit, done, failed });
    });
  }

  send(exchange: Exchange): void {
    if (this.#closed !== null) return exchange.failed(this.#closed);
    if (this.#sent.length === 0) this.#socket.ref();
    this.#sent.push(exchange);
    this.#socket.write(exchange.bytes);
  }

  /** What is sent within `work` goes out in one write. */
  together(work: () => void): void {
    this.#socket.cork();
    try {
      work();
    } finally {
      this.#socket.uncork();
    }
  }

  /** Ends the connection; what was sent and is not answered fails with `error`, or with what the bytes so far tell. */
  close(error: Error): void {
    if (this.#closed !== null) return;
    const foreign = this.#greeted ? null : foreignProtocol(this.#chunks[0]);
    const reason = foreign === null ? error : this.#error('PROTOCOL', foreign);
    this.#closed = reason;
    this.#socket.destroy();
    this.#chunks = [];
    for (const exchange of this.#sent.splice(0)) exchange.failed(reason);
    this.#onClose(this);
  }

  #onData(chunk: Buffer): void {
    let start = 0;
    while (start < chunk.length && this.#closed === null) {
      if (this.#sent.length === 0) return this.close(this.#error('PROTOCOL', 'bytes that no command asked for'));
      const end = this.#promptEnd(chunk, start);
      this.#keep(chunk.subarray(start, end === -1 ? chunk.length : end));
      if (end === -1) break;
      start = end;
      if (this.#closed === null) this.#answered();
    }
    if (!this.#greeted && MASTER_PROMPT.test(Buffer.concat(this.#chunks).toString('latin1')))
      this.close(this.#error('MASTER', 'this is a master CLI'));
  }

  /** Offset in `chunk` after the next prompt, -1 when there is none; one that began in the chunk before counts. */
  #promptEnd(chunk: Buffer, start: number): number {
    if (this.#tail !== '') {
      const seam = (this.#tail + chunk.toString('latin1', start, start + 2)).indexOf(PROMPT);
      if (seam !== -1) return start + seam + PROMPT.length - this.#tail.length;
    }
    const at = chunk.indexOf(PROMPT, start, 'latin1');
    return at === -1 ? -1 : at + PROMPT.length;
  }

  #keep(bytes: Buffer): void {
    this.#chunks.push(bytes);
    this.#length += bytes.length;
    this.#tail = (this.#tail + bytes.toString('latin1', Math.max(0, bytes.length - 2))).slice(-2);
    const { limit } = this.#sent[0]!;
    if (this.#length > limit + PROMPT.length) this.close(this.#error('TOO_LONG', `answer of more than ${limit} bytes`));
  }

  #answered(): void {
    const exchange = this.#sent.shift()!;
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
    this.#chunks = [];
    this.#length = 0;
    this.#tail = '';
    if (this.#sent.length === 0) this.#socket.unref();
    let from = 0;
    if (exchange.payload) while (body[from] === 0x2b && body[from + 1] === 0x20) from += 2;
    exchange.done(body.subarray(from, body.length - PROMPT.length));
  }

  #error(code: string, text: string): RuntimeClientError {
    return new RuntimeClientError(code, `${text}: ${addressText(this.#endpoint)}`);
  }
}
