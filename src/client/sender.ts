import { addressText, type Endpoint } from './address.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { Pipeline } from './pipeline.ts';
import { openSocket, type TlsOptions } from './socket.ts';
import { commandLine, payloadBlock } from './words.ts';

export interface SenderSettings {
  readonly tls: TlsOptions | undefined;
  readonly timeout: number;
  readonly limit: number;
  /** Most commands sent and not answered on the shared connection. */
  readonly pipelining: number;
  /** How long a connection without commands stays open, ms. */
  readonly idle: number;
  /** How long connecting again is tried after the program has gone, ms. */
  readonly reconnect: number;
  /** Called with each new shared connection, before commands go to it. */
  readonly onOpen: (ask: (words: readonly string[]) => Promise<Answer>) => Promise<void>;
}

export interface SendOptions {
  readonly payload?: string | undefined;
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly limit?: number | undefined;
}

interface Waiting {
  readonly bytes: Buffer;
  readonly payload: boolean;
  readonly limit: number;
  /** True when the caller has its answer, or has given up. */
  settled: boolean;
  settle: (error: Error | null, body: Buffer | null) => void;
  /** The connection that it was sent on. */
  on: Pipeline | null;
}

/**
 * Commands over one shared connection, several on their way at once. A connection that ended is opened again for what had not been
 * sent; what had been sent fails, for nobody knows whether it ran.
 */
export class Sender {
  readonly #endpoint: Endpoint;
  readonly #settings: SenderSettings;
  readonly #queue: Waiting[] = [];
  #pipeline: Pipeline | null = null;
  #opening: Promise<void> | null = null;
  #idle: NodeJS.Timeout | null = null;
  #closed = false;
  #opened = false;

  constructor(endpoint: Endpoint, settings: SenderSettings) {
    this.#endpoint = endpoint;
    this.#settings = settings;
  }

  /** Connects; for the first time, so that a wrong address is known at once. */
  async open(): Promise<void> {
    await this.#open();
    this.#flush();
  }

  async send(words: readonly string[], options: SendOptions = {}): Promise<Answer> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw new RuntimeClientError('CLOSED', 'the client has been closed');
    const block = options.payload === undefined ? null : payloadBlock(options.payload);
    const line = commandLine(words);
    const bytes = Buffer.from(block === null ? `${line}\n` : `${line} ${block.announce}\n${block.lines}`);
    const body = await this.#enqueue(bytes, block !== null, options);
    return parseAnswer(body.toString());
  }

  close(): void {
    this.#closed = true;
    const error = new RuntimeClientError('CLOSED', 'the client has been closed');
    for (const waiting of this.#queue.splice(0)) waiting.settle(error, null);
    this.#pipeline?.close(error);
  }

  #enqueue(bytes: Buffer, payload: boolean, options: SendOptions): Promise<Buffer> {
    const timeout = options.timeout ?? this.#settings.timeout;
    const { signal } = options;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        payload,
        limit: options.limit ?? this.#settings.limit,
        settled: false,
        on: null,
        settle: (error, body) => {
          if (waiting.settled) return;
          waiting.settled = true;
          clearTimeout(timer);
          signal?.removeEventListener('abort', onAbort);
          if (error !== null) reject(error);
          else resolve(body!);
        },
      };
      const timer = setTimeout(() => {
        const error = new RuntimeClientError(
          'TIMEOUT',
          `no whole answer within ${timeout} ms: ${addressText(this.#endpoint)}`,
        );
        waiting.settle(error, null);
        waiting.on?.close(
          new RuntimeClientError(
            'CLOSED',
            `given up, since a command before did not end: ${addressText(this.#endpoint)}`,
          ),
        );
      }, timeout);
      const onAbort = () => waiting.settle(signal!.reason as Error, null);
      signal?.addEventListener('abort', onAbort);
      this.#queue.push(waiting);
      this.#flush();
    });
  }

  #flush(): void {
    if (this.#pipeline === null || this.#pipeline.closed) {
      if (this.#queue.length > 0 && this.#opening === null && !this.#closed) this.#reopen();
      return;
    }
    while (this.#queue.length > 0 && this.#pipeline.pending < this.#settings.pipelining) {
      const waiting = this.#queue.shift()!;
      if (!waiting.settled) this.#transmit(this.#pipeline, waiting);
    }
    this.#watchIdle();
  }

  #transmit(pipeline: Pipeline, waiting: Waiting): void {
    waiting.on = pipeline;
    pipeline.send({
      bytes: waiting.bytes,
      payload: waiting.payload,
      limit: waiting.limit,
      done: (body) => {
        waiting.on = null;
        waiting.settle(null, body);
        this.#flush();
      },
      failed: (error) => waiting.settle(error, null),
    });
  }

  #watchIdle(): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    const pipeline = this.#pipeline;
    if (pipeline === null || pipeline.pending > 0) return;
    this.#idle = setTimeout(() => {
      if (pipeline.pending === 0) pipeline.close(new Error('idle'));
    }, this.#settings.idle);
    this.#idle.unref();
  }

  #reopen(): void {
    this.#open().then(
      () => this.#flush(),
      (error: Error) => {
        for (const waiting of this.#queue.splice(0)) waiting.settle(error, null);
      },
    );
  }

  #open(): Promise<void> {
    this.#opening ??= this.#openNow().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  async #openNow(): Promise<void> {
    const giveUp = performance.now() + (this.#opened ? this.#settings.reconnect : 0);
    for (let pause = 25; ; pause = Math.min(500, pause * 2)) {
      try {
        await this.#connect();
        this.#opened = true;
        return;
      } catch (error) {
        const gone =
          error instanceof RuntimeClientError &&
          ['ENOENT', 'ECONNREFUSED', 'CLOSED', 'ECONNRESET'].includes(error.code);
        if (!gone || this.#closed || performance.now() + pause > giveUp) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  async #connect(): Promise<void> {
    const { tls, timeout, onOpen } = this.#settings;
    const socket = await openSocket(this.#endpoint, tls, timeout);
    const pipeline = new Pipeline(socket, this.#endpoint, (closed) => {
      if (this.#pipeline === closed) this.#pipeline = null;
      this.#flush();
    });
    const timer = setTimeout(
      () =>
        pipeline.close(
          new RuntimeClientError('TIMEOUT', `no prompt within ${timeout} ms: ${addressText(this.#endpoint)}`),
        ),
      timeout,
    );
    try {
      await pipeline.greet(64 * 1024);
      await onOpen((words) => this.#ask(pipeline, words));
      if (this.#closed) throw new RuntimeClientError('CLOSED', 'the client has been closed');
    } catch (error) {
      pipeline.close(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    this.#pipeline = pipeline;
  }

  #ask(pipeline: Pipeline, words: readonly string[]): Promise<Answer> {
    return new Promise((resolve, reject) => {
      pipeline.send({
        bytes: Buffer.from(`${commandLine(words)}\n`),
        payload: false,
        limit: 1024 * 1024,
        done: (body) => resolve(parseAnswer(body.toString())),
        failed: reject,
      });
    });
  }
}
