import { addressText, type Endpoint } from './address.ts';
import { again } from './again.ts';
import { type Answer, parseAnswer } from './answer.ts';
import { RuntimeClientError } from './failures.ts';
import { Fifo } from './fifo.ts';
import { Pipeline } from './pipeline.ts';
import { openSocket, type TlsOptions } from './socket.ts';
import { commandBytes } from './words.ts';

export interface SenderSettings {
  readonly tls: TlsOptions | undefined;
  readonly timeout: number;
  readonly limit: number;
  /** Most commands sent and not answered on the shared connection. */
  readonly pipelining: number;
  /** How long a connection without commands stays open, and how long one takes commands at all, ms. */
  readonly idle: number;
  readonly lifetime: number;
  /** How long connecting again is tried after the program has gone, ms. */
  readonly reconnect: number;
  /** Called with each new shared connection, before commands go to it. */
  readonly onOpen: (pipeline: Pipeline) => Promise<void>;
}

export interface SendOptions {
  /** Lines that follow the command; empty lines in it need HAProxy 2.9. */
  readonly payload?: string | undefined;
  /** Longest time from the call to the end of the answer, ms. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Most bytes of the answer. */
  readonly limit?: number | undefined;
}

/** A command on its way. */
interface Job {
  readonly bytes: Buffer;
  readonly payload: boolean;
  readonly limit: number;
  readonly resolve: (body: Buffer) => void;
  readonly reject: (error: Error) => void;
  timer: NodeJS.Timeout | null;
  /** Takes the listener off the signal. */
  forget: () => void;
  /** Nobody waits any more, or all is said. */
  settled: boolean;
  /** The connection that it was sent on. */
  pipeline: Pipeline | null;
}

/**
 * Commands over one shared connection, several on their way at once. A connection that ended is opened again for what had not been
 * sent; what had been sent fails, for nobody knows whether it ran.
 */
export class Sender {
  readonly #endpoint: Endpoint;
  readonly #settings: SenderSettings;
  readonly #queue = new Fifo<Job>();
  #pipeline: Pipeline | null = null;
  #opening: Promise<void> | null = null;
  #idle: NodeJS.Timeout | null = null;
  #closed = false;
  /** When the last connection was opened; 0 before the first. */
  #openedAt = 0;

  constructor(endpoint: Endpoint, settings: SenderSettings) {
    this.#endpoint = endpoint;
    this.#settings = settings;
  }

  /** Connects for the first time, so that a wrong address is known at once. */
  async open(): Promise<void> {
    await this.#open();
    this.#flush();
  }

  /** Sends one command; resolves with its answer. Rejects with a RuntimeClientError, or the signal's reason. */
  async send(words: readonly string[], options: SendOptions = {}): Promise<Answer> {
    options.signal?.throwIfAborted();
    if (this.#closed) throw this.#error('CLOSED', 'the client has been closed');
    const bytes = commandBytes(words, options.payload);
    const body = await new Promise<Buffer>((resolve, reject) => {
      this.#enqueue(
        {
          bytes,
          payload: options.payload !== undefined,
          limit: options.limit ?? this.#settings.limit,
          resolve,
          reject,
          timer: null,
          forget: () => {},
          settled: false,
          pipeline: null,
        },
        options,
      );
    });
    return parseAnswer(body.toString());
  }

  close(): void {
    this.#closed = true;
    const error = this.#error('CLOSED', 'the client has been closed');
    this.#failQueue(error);
    this.#pipeline?.close(error);
  }

  #enqueue(job: Job, { timeout = this.#settings.timeout, signal }: SendOptions): void {
    job.timer = setTimeout(() => {
      this.#settle(job, () => job.reject(this.#error('TIMEOUT', `no whole answer within ${timeout} ms`)));
      job.pipeline?.close(this.#error('CLOSED', 'given up, since a command before it did not end'));
    }, timeout);
    const onAbort = () => {
      // One that was sent keeps its timer: if its answer never ends, the connection is given up then.
      if (job.pipeline === null) clearTimeout(job.timer!);
      this.#settle(job, () => job.reject(signal!.reason as Error));
    };
    signal?.addEventListener('abort', onAbort);
    job.forget = () => signal?.removeEventListener('abort', onAbort);
    this.#queue.push(job);
    this.#flush();
  }

  #settle(job: Job, how: () => void): void {
    if (job.settled) return;
    job.settled = true;
    job.forget();
    how();
  }

  #flush(): void {
    while (this.#queue.peek()?.settled) this.#queue.shift();
    const pipeline = this.#pipeline;
    if (pipeline === null) {
      if (this.#queue.length > 0 && this.#opening === null && !this.#closed)
        this.#open().then(
          () => this.#flush(),
          (error: Error) => this.#failQueue(error),
        );
      return;
    }
    // The old process of a reload answers for as long as it has connections: one is not used for long.
    if (this.#queue.length > 0 && performance.now() - this.#openedAt > this.#settings.lifetime) {
      if (pipeline.pending === 0) pipeline.close(this.#error('CLOSED', 'closed for a new one'));
      return;
    }
    // Some at a time, so that they go out together.
    if (pipeline.pending > this.#settings.pipelining / 2) return;
    pipeline.together(() => {
      while (this.#queue.length > 0 && pipeline.pending < this.#settings.pipelining) {
        const job = this.#queue.shift()!;
        if (!job.settled) this.#transmit(pipeline, job);
      }
    });
    this.#watchIdle(pipeline);
  }

  #transmit(pipeline: Pipeline, job: Job): void {
    job.pipeline = pipeline;
    const over = (how: () => void) => {
      clearTimeout(job.timer!);
      job.pipeline = null;
      this.#settle(job, how);
    };
    pipeline.send({
      bytes: job.bytes,
      payload: job.payload,
      limit: job.limit,
      done: (body) => {
        over(() => job.resolve(body));
        this.#flush();
      },
      failed: (error) => over(() => job.reject(error)),
    });
  }

  #failQueue(error: Error): void {
    for (let job = this.#queue.shift(); job !== undefined; job = this.#queue.shift()) {
      const { reject } = job;
      clearTimeout(job.timer!);
      this.#settle(job, () => reject(error));
    }
  }

  /** A connection that nobody uses is a place less for others (`stats maxconn`). */
  #watchIdle(pipeline: Pipeline): void {
    if (this.#idle !== null) clearTimeout(this.#idle);
    this.#idle = null;
    if (pipeline.pending > 0) return;
    this.#idle = setTimeout(() => {
      if (pipeline.pending === 0) pipeline.close(this.#error('CLOSED', 'closed without commands'));
    }, this.#settings.idle);
    this.#idle.unref();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#tryToOpen().finally(() => {
      this.#opening = null;
    });
    return this.#opening;
  }

  /** The first time at once or not at all; later, while the program may be restarting, again and again for a while. */
  async #tryToOpen(): Promise<void> {
    const milliseconds = this.#openedAt > 0 ? this.#settings.reconnect : 0;
    this.#pipeline = await again(
      () => this.#connect(),
      milliseconds,
      () => this.#closed,
    );
    this.#openedAt = performance.now();
  }

  async #connect(): Promise<Pipeline> {
    const { tls, timeout } = this.#settings;
    const socket = await openSocket(this.#endpoint, { tls, timeout });
    const pipeline = new Pipeline(socket, this.#endpoint, (closed) => {
      if (this.#pipeline === closed) this.#pipeline = null;
      this.#flush();
    });
    const late = this.#error('TIMEOUT', `no prompt within ${timeout} ms`);
    const timer = setTimeout(() => pipeline.close(late), timeout);
    try {
      await pipeline.greet();
      await this.#settings.onOpen(pipeline);
      if (this.#closed) throw this.#error('CLOSED', 'the client has been closed');
      if (pipeline.closed) throw this.#error('CLOSED', 'closed at once');
      return pipeline;
    } catch (error) {
      pipeline.close(error as Error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #error(code: string, text: string): RuntimeClientError {
    return new RuntimeClientError(code, `${text}: ${addressText(this.#endpoint)}`);
  }
}
