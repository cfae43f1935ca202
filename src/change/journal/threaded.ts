import { setTimeout as wait } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { threadEntry } from '../../util/entry.ts';
import type { Owner } from './database.ts';
import { type JournalCode, JournalError } from './error.ts';
import { journalFailure } from './failure.ts';
import type { Journal } from './journal.ts';
import type { LocalOptions } from './local.ts';
import { PendingCalls, textBytes } from './pending-calls.ts';
import { journalPath, prepareStateDir } from './state-dir.ts';

/** What the thread is started with. */
export type ThreadInit = Omit<LocalOptions, 'onTrouble' | 'now'>;

type Call = 'attempt' | 'outcome' | 'entries' | 'overrides' | 'leases' | 'take' | 'close';

export interface ThreadCall {
  readonly id: number;
  readonly call: Call;
  readonly args: readonly unknown[];
}

interface Trouble {
  readonly code: JournalCode;
  readonly message: string;
}

export type ThreadAnswer =
  | { readonly id: number; readonly value: unknown }
  | ({ readonly id: number } & Trouble)
  | { readonly trouble: Trouble | null };

export interface JournalOptions {
  readonly stateDir: string;
  /** The user that the process becomes: the folder is made with the rights at hand, and given to him. */
  readonly owner: Owner;
  /** The process that this one replaces may have it still: it is read, and nothing is written, until `take` has got it. */
  readonly waits?: boolean;
  /** Hears of trouble that comes, changes or goes (null). */
  readonly onTrouble?: (trouble: string | null) => void;
  /** File with the end of the chain, when it is not to lie beside it. */
  readonly anchor?: string;
  /** Entries kept, and their age, ms; 0: no limit. */
  readonly keepEntries: number;
  readonly keepAge: number;
  /** How long a call waits for the disk, ms; 10,000 unless told. */
  readonly patience?: number;
  /** Records that may wait for the disk; 10,000 unless told. */
  readonly queue?: number;
}

/** How soon after its end, or after trouble of a kind that a new thread may not have, the thread is started again, ms. */
const RESTART_DELAY = 1000;
const PROBE_EVERY = 1000;
/** How long the end of the thread is waited for, ms. */
const END_TIMEOUT = 1000;

/** The journal of a server process: on disk, in a thread of its own. */
export class ThreadedJournal implements Journal {
  readonly #options: JournalOptions;
  readonly #patience: number;
  readonly #pending: PendingCalls;
  readonly #watch: NodeJS.Timeout;
  #worker: Worker | null = null;
  #restart: NodeJS.Timeout | null = null;
  #trouble: Trouble | null = null;
  #stuck: Trouble | null = null;
  #told: JournalCode | null = null;
  #waits: boolean;
  #closed = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#patience = options.patience ?? 10_000;
    this.#pending = new PendingCalls(options.queue ?? 10_000);
    this.#waits = options.waits ?? false;
    this.#start();
    this.#watch = setInterval(() => this.#checkPatience(), Math.max(10, this.#patience / 10)).unref();
  }

  get trouble(): string | null {
    return (this.#stuck ?? this.#trouble)?.message ?? null;
  }

  get troubleCode(): JournalCode | null {
    return (this.#stuck ?? this.#trouble)?.code ?? null;
  }

  attempt: Journal['attempt'] = (attempts) => this.#call('attempt', [attempts], attempts.length);

  outcome: Journal['outcome'] = (outcomes, effects = []) =>
    this.#call('outcome', [outcomes, effects], outcomes.length + effects.length);

  entries: Journal['entries'] = (query = {}) => this.#call('entries', [query], 1);

  overrides: Journal['overrides'] = (target) => this.#call('overrides', [target], 1);

  leases: Journal['leases'] = (target) => this.#call('leases', [target], 1);

  /** Gets a journal that was waited for; false while another process has it. Rejects with JournalError when it cannot be tried. */
  async take(): Promise<boolean> {
    const taken = await this.#call<boolean>('take', [], 0);
    if (taken) this.#waits = false;
    return taken;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    const last = this.#worker === null ? null : this.#call<void>('close', [], 0);
    this.#closed = true;
    await last?.catch(() => {});
    clearInterval(this.#watch);
    if (this.#restart !== null) clearTimeout(this.#restart);
    this.#failAll(new JournalError('ended', 'the journal is closed'));
    // A thread that waits for a disk ends when the disk answers.
    await Promise.race([this.#worker?.terminate(), wait(END_TIMEOUT, undefined, { ref: false })]);
  }

  #start(): void {
    this.#restart = null;
    const { stateDir, owner, anchor, keepEntries, keepAge } = this.#options;
    const path = journalPath(stateDir);
    try {
      prepareStateDir(stateDir, owner);
    } catch (error) {
      const { code, message } = journalFailure(error, path);
      this.#trouble = { code, message };
      this.#tell();
      this.#startLater();
      return;
    }
    const init: ThreadInit = {
      path,
      owner,
      exclusive: true,
      waits: this.#waits,
      keepEntries,
      keepAge,
      probeEvery: PROBE_EVERY,
      ...(anchor === undefined ? {} : { anchor }),
    };
    const worker = new Worker(threadEntry('journal'), { workerData: init, name: 'journal', stdin: false });
    this.#worker = worker;
    worker.unref();
    worker.on('message', (answer: ThreadAnswer) => this.#answered(answer));
    worker.on('error', (error) => this.#ended(worker, error instanceof Error ? error.message : String(error)));
    worker.on('exit', (code) => this.#ended(worker, `exit code ${code}`));
  }

  #startLater(): void {
    if (this.#closed || this.#restart !== null) return;
    this.#restart = setTimeout(() => this.#start(), RESTART_DELAY).unref();
  }

  #ended(worker: Worker, why: string): void {
    if (this.#worker !== worker || this.#closed) return;
    this.#worker = null;
    this.#trouble ??= { code: 'ended', message: `the thread of the journal has ended: ${why}; it is started again` };
    this.#failAll(new JournalError('ended', this.#trouble.message));
    this.#tell();
    this.#startLater();
  }

  #call<T>(call: Call, args: readonly unknown[], records: number): Promise<T> {
    if (this.#closed) return Promise.reject(new JournalError('ended', 'the journal is closed'));
    const worker = this.#worker;
    if (worker === null) return Promise.reject(new JournalError(this.troubleCode ?? 'ended', this.trouble ?? ''));
    const load = { records, bytes: textBytes(args) };
    const full = this.#pending.full(load);
    if (full !== null) return Promise.reject(full);
    const answer = this.#pending.add<T>(load, (id) => worker.postMessage({ id, call, args } satisfies ThreadCall));
    if (this.#pending.size > 0) worker.ref();
    return answer.catch((error: Error) => {
      if (error instanceof JournalError) throw error;
      throw new JournalError('too-large', `${error.message}: a record that cannot be written`);
    });
  }

  #answered(answer: ThreadAnswer): void {
    if ('trouble' in answer) {
      this.#troubled(answer.trouble);
      return;
    }
    const { id } = answer;
    const settled = 'value' in answer ? answer : { error: new JournalError(answer.code, answer.message) };
    if (!this.#pending.settle(id, settled)) return;
    if (this.#pending.size === 0) this.#worker?.unref();
    if (this.#stuck === null) return;
    this.#stuck = null;
    this.#tell();
  }

  /** What the file system does not let the thread do, a new one may: it has the folder made anew, and the root of the main thread. */
  #troubled(trouble: Trouble | null): void {
    this.#trouble = trouble;
    this.#tell();
    if (trouble?.code !== 'denied' || this.#closed || this.#restart !== null) return;
    const worker = this.#worker;
    this.#restart = setTimeout(() => {
      this.#restart = null;
      if (this.#trouble?.code === 'denied' && this.#pending.size === 0) void worker?.terminate();
      else if (this.#trouble?.code === 'denied') this.#troubled(this.#trouble);
    }, RESTART_DELAY).unref();
  }

  /** Callers are not kept waiting for a disk that hangs. */
  #checkPatience(): void {
    const text = (ms: number) =>
      `the disk has not answered for ${Math.round(ms / 1000)} s: journal in '${this.#options.stateDir}'`;
    const waited = this.#pending.overdue(this.#patience, (ms) => new JournalError('timeout', text(ms)));
    if (waited === null) return;
    this.#stuck = { code: 'timeout', message: text(waited) };
    this.#tell();
  }

  #tell(): void {
    if (this.troubleCode === this.#told) return;
    this.#told = this.troubleCode;
    this.#options.onTrouble?.(this.trouble);
  }

  #failAll(error: JournalError): void {
    this.#pending.fail(error);
    this.#stuck = null;
  }
}
