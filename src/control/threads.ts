import { Worker } from 'node:worker_threads';
import type { ThreadInit, TrafficCommand, TrafficEvent, TrafficLink } from '../model/messages.ts';
import { ThreadResources } from '../net/uring/resources.ts';
import { keptThreadEntry, threadEntry } from '../util/entry.ts';

/** A thread that has not answered a command after so long is stuck, ms. */
const ANSWER_TIMEOUT = 10_000;
/** How soon after its start a thread must be ready, ms. */
const START_TIMEOUT = 30_000;
/** How long to wait when a thread cannot be replaced, ms: twice as long each time. */
const RETRY_FIRST = 1000;
const RETRY_MAX = 60_000;

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout;
}

/** What a thread is started with. `uring`: it may use io_uring. */
export type ThreadStart = Omit<ThreadInit, 'resources'> & { readonly uring: boolean };

/** What the owner of the threads wants to hear. */
export interface ThreadsHooks {
  /** Start data of a thread: asked for at start, and again when one must be replaced. */
  init(thread: number): ThreadStart;
  onEvent(thread: number, event: TrafficEvent): void;
  /** A thread died or was stuck, or could not be replaced; another one is started in its place. */
  onLost(thread: number, why: string): void;
  /** The other one has started and must be told to listen. */
  onReplaced(thread: number): void;
}

/** The traffic threads: starts them, speaks with them, replaces one that dies. */
export class Threads implements TrafficLink {
  readonly threads: number;
  readonly #hooks: ThreadsHooks;
  readonly #workers: (TrafficThread | null)[] = [];
  /** The code of threads that replace others. */
  #kept: () => URL = () => threadEntry('traffic');
  #closing = false;

  constructor(threads: number, hooks: ThreadsHooks) {
    this.threads = threads;
    this.#hooks = hooks;
  }

  /** Starts all threads; resolves when all are ready. */
  async start(): Promise<void> {
    this.#kept = keptThreadEntry('traffic');
    const entry = threadEntry('traffic');
    await Promise.all(Array.from({ length: this.threads }, (_, thread) => this.#spawn(thread, entry)));
  }

  async #spawn(thread: number, entry: URL): Promise<void> {
    const worker = new TrafficThread(
      entry,
      this.#hooks.init(thread),
      (event) => this.#hooks.onEvent(thread, event),
      (why) => this.#lost(thread, worker, why),
    );
    this.#workers[thread] = worker;
    try {
      await worker.ready;
    } catch (error) {
      if (this.#workers[thread] === worker) this.#workers[thread] = null;
      void worker.terminate();
      throw error;
    }
  }

  #lost(thread: number, worker: TrafficThread, why: string): void {
    if (this.#closing || this.#workers[thread] !== worker) return;
    this.#workers[thread] = null;
    this.#hooks.onLost(thread, why);
    void this.#replace(thread, RETRY_FIRST);
  }

  /** Tries until there is a thread again: without it a part of the connections would not be accepted. */
  async #replace(thread: number, retry: number): Promise<void> {
    try {
      await this.#spawn(thread, this.#kept());
    } catch (error) {
      if (this.#closing) return;
      this.#hooks.onLost(
        thread,
        `it cannot be replaced, trying again in ${retry / 1000} s: ${(error as Error).message}`,
      );
      setTimeout(() => void this.#replace(thread, Math.min(RETRY_MAX, 2 * retry)), retry).unref();
      return;
    }
    this.#hooks.onReplaced(thread);
  }

  ask(command: TrafficCommand): Promise<unknown[]> {
    return Promise.all(this.#workers.map((worker) => worker?.ask(command) ?? Promise.resolve(null)));
  }

  /** Sends to one thread. */
  async askOne(thread: number, command: TrafficCommand): Promise<unknown> {
    return this.#workers[thread]?.ask(command);
  }

  /** Ends all threads at once. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all(this.#workers.map((worker) => worker?.terminate()));
  }
}

/** One worker and the questions that wait for its answer. */
class TrafficThread {
  readonly ready: Promise<void>;
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #seq = 0;
  #started = false;

  constructor(entry: URL, start: ThreadStart, onEvent: (event: TrafficEvent) => void, onLost: (why: string) => void) {
    const { uring, ...rest } = start;
    const resources = uring ? new ThreadResources() : null;
    const init: ThreadInit = { ...rest, resources: resources?.memory ?? null };
    this.#worker = new Worker(entry, {
      workerData: init,
      name: `traffic ${init.thread}`,
      stdin: false,
    });
    this.ready = new Promise((resolve, reject) => {
      let why: string | null = null;
      const timer = setTimeout(() => reject(new Error(`traffic thread ${init.thread} did not start`)), START_TIMEOUT);
      this.#worker.on('message', (message: TrafficEvent | { seq: number; value?: unknown; error?: string }) => {
        if ('seq' in message) this.#answered(message);
        else if (message.kind === 'ready') {
          clearTimeout(timer);
          this.#started = true;
          resolve();
        } else onEvent(message);
      });
      this.#worker.on('error', (cause) => {
        const error = cause instanceof Error ? cause : new Error(String(cause));
        why = error.stack ?? error.message;
        clearTimeout(timer);
        reject(error);
        this.#failAll(error.message);
      });
      this.#worker.on('exit', (code) => {
        clearTimeout(timer);
        resources?.release();
        reject(new Error(`traffic thread ended with ${code}`));
        this.#failAll('the traffic thread has ended');
        // What it held is let go of before another takes its place.
        if (this.#started) onLost(why ?? `exit code ${code}`);
      });
    });
  }

  ask(command: TrafficCommand): Promise<unknown> {
    const seq = ++this.#seq;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(seq);
        reject(new Error('a traffic thread does not answer'));
        void this.#worker.terminate();
      }, ANSWER_TIMEOUT);
      this.#waiting.set(seq, { resolve, reject, timer });
      this.#worker.postMessage({ seq, command });
    });
  }

  #answered(message: { seq: number; value?: unknown; error?: string }): void {
    const waiting = this.#waiting.get(message.seq);
    if (waiting === undefined) return;
    this.#waiting.delete(message.seq);
    clearTimeout(waiting.timer);
    if (message.error !== undefined) waiting.reject(new Error(message.error));
    else waiting.resolve(message.value);
  }

  #failAll(why: string): void {
    for (const { reject, timer } of this.#waiting.values()) {
      clearTimeout(timer);
      reject(new Error(why));
    }
    this.#waiting.clear();
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}
