import type { Writing, Written } from './chain-table.ts';
import { JournalError } from './error.ts';
import type { Journal } from './journal.ts';
import { JournalStore, type StoreOptions } from './store.ts';

export interface LocalOptions extends StoreOptions {
  /** Hears of trouble that comes, changes or goes (null). */
  readonly onTrouble?: (trouble: JournalError | null) => void;
  /** While there is trouble, tries so often whether it has gone, ms. 0: only when something is to be recorded. */
  readonly probeEvery: number;
  /** Looks so often for entries that have become too old, ms; every hour unless told. */
  readonly ageEvery?: number;
}

/** A journal on disk that the process before may have still (`waits`). */
export interface LocalJournal extends Journal {
  /** Gets it, to be written from now on; false while another process has it. Rejects with JournalError `ended`. */
  take(): Promise<boolean>;
}

/** A call that waits for its turn to be written. */
interface Waiting {
  readonly writing: Writing;
  readonly resolve: (seqs: readonly number[]) => void;
  readonly reject: (error: Error) => void;
}

/** Records after which the retention limit is seen to, and how often that of age is, ms. */
const PRUNE_EVERY = 1000;
const AGE_EVERY = 3_600_000;

/**
 * The journal on disk in this thread: each call waits for the disk. Never throws: what hinders is told by `trouble`, and goes by itself
 * when its cause does. What is asked to be recorded in one turn of the event loop is written in one transaction.
 */
export function openLocalJournal(options: LocalOptions): LocalJournal {
  const store = new JournalStore(options);
  const waiting: Waiting[] = [];
  let told: JournalError | null = null;
  let closed = false;
  let unpruned = PRUNE_EVERY;
  let timer: NodeJS.Timeout | null = null;

  /** Tells of trouble, and looks for its end. */
  function watch(): void {
    const { trouble } = store;
    if (store.waits) return;
    if (trouble?.message !== told?.message) options.onTrouble?.(trouble);
    told = trouble;
    if (trouble === null || options.probeEvery === 0 || timer !== null || closed) return;
    timer = setTimeout(() => {
      timer = null;
      store.probe();
      watch();
    }, options.probeEvery).unref();
  }

  function flush(): void {
    if (waiting.length === 0) return;
    const batch = waiting.splice(0);
    const written: Written[] = store.write(batch.map(({ writing }) => writing));
    for (const [i, { resolve, reject }] of batch.entries()) {
      const result = written[i]!;
      if (result instanceof JournalError) reject(result);
      else resolve(result);
    }
    unpruned += batch.length;
    if (unpruned >= PRUNE_EVERY && store.trouble === null) setImmediate(prune);
    watch();
  }

  function prune(): void {
    if (closed || store.waits || unpruned < PRUNE_EVERY) return;
    unpruned = 0;
    try {
      if (store.prune()) unpruned = PRUNE_EVERY;
    } catch {
      // `trouble` tells.
    }
    watch();
  }

  function write(writing: Writing): Promise<readonly number[]> {
    if (closed) return Promise.reject(new JournalError('ended', 'the journal is closed'));
    return new Promise((resolve, reject) => {
      if (waiting.push({ writing, resolve, reject }) === 1) setImmediate(flush);
    });
  }

  async function read<T>(work: () => T): Promise<T> {
    if (closed) throw new JournalError('ended', 'the journal is closed');
    flush();
    try {
      return work();
    } finally {
      watch();
    }
  }

  const ageing = setInterval(() => {
    unpruned = PRUNE_EVERY;
    prune();
  }, options.ageEvery ?? AGE_EVERY).unref();
  if (options.keepAge === 0) clearInterval(ageing);
  if (!store.waits) store.probe();
  watch();
  return {
    get trouble() {
      return store.trouble?.message ?? null;
    },
    get troubleCode() {
      return store.trouble?.code ?? null;
    },
    attempt: (attempts) => write({ kind: 'attempt', attempts }),
    outcome: async (outcomes, effects = []) => void (await write({ kind: 'outcome', outcomes, effects })),
    entries: (query = {}) => read(() => store.entries(query)),
    overrides: (target) => read(() => store.overrides(target)),
    leases: (target) => read(() => store.leases(target)),
    take: () => read(() => store.take()),
    async close() {
      if (closed) return;
      flush();
      closed = true;
      clearInterval(ageing);
      if (timer !== null) clearTimeout(timer);
      store.close();
    },
  };
}
