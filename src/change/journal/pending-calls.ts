import { JournalError } from './error.ts';

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (error: JournalError) => void;
  readonly load: Load;
  readonly since: number;
  /** The caller has been told that it takes too long. */
  late: boolean;
}

/** What a call keeps in memory while it waits. */
export interface Load {
  readonly records: number;
  /** About: the characters of its texts. */
  readonly bytes: number;
}

/** Texts that may wait, bytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** What comes back for a call. */
export type Settled = { readonly value: unknown } | { readonly error: JournalError };

/** Calls that wait for the thread of the journal, in the order made. */
export class PendingCalls {
  readonly #limit: number;
  readonly #calls = new Map<number, Pending>();
  #records = 0;
  #bytes = 0;
  #next = 1;

  /** `limit`: records that may wait. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#calls.size;
  }

  /** Why no more can wait, or null. A call that is alone always can. */
  full({ records, bytes }: Load): JournalError | null {
    if (this.#records === 0) return null;
    if (this.#records + records > this.#limit)
      return new JournalError(
        'behind',
        `${this.#records} records wait for the disk: the journal takes ${this.#limit} at most`,
      );
    if (this.#bytes + bytes <= MOST_BYTES) return null;
    return new JournalError(
      'behind',
      `${this.#bytes} bytes wait for the disk: the journal takes ${MOST_BYTES} at most`,
    );
  }

  /** Adds a call that `send` has posted under its number. What `send` throws is thrown, and nothing added. */
  add<T>(load: Load, send: (id: number) => void): Promise<T> {
    const id = this.#next++;
    return new Promise<T>((resolve, reject) => {
      send(id);
      this.#records += load.records;
      this.#bytes += load.bytes;
      this.#calls.set(id, { resolve, reject, load, since: performance.now(), late: false });
    });
  }

  /** Ends a call. False when none has that number. */
  settle(id: number, settled: Settled): boolean {
    const pending = this.#calls.get(id);
    if (pending === undefined) return false;
    this.#calls.delete(id);
    this.#records -= pending.load.records;
    this.#bytes -= pending.load.bytes;
    if (pending.late) return true;
    if ('value' in settled) pending.resolve(settled.value as never);
    else pending.reject(settled.error);
    return true;
  }

  /**
   * Rejects calls that have waited for `patience` (ms), and keeps their place: what they gave may still be written. Returns how long the
   * one that has waited longest has, null when none has for so long.
   */
  overdue(patience: number, error: (waited: number) => JournalError): number | null {
    const now = performance.now();
    let longest: number | null = null;
    for (const pending of this.#calls.values()) {
      const waited = now - pending.since;
      if (waited < patience) break;
      longest ??= waited;
      if (pending.late) continue;
      pending.late = true;
      pending.reject(error(longest));
    }
    return longest;
  }

  /** Rejects all. */
  fail(error: JournalError): void {
    for (const { reject, late } of this.#calls.values()) if (!late) reject(error);
    this.#calls.clear();
    this.#records = 0;
    this.#bytes = 0;
  }
}

/** About how much memory the texts of a value take, bytes. */
export function textBytes(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 0;
  let sum = 0;
  for (const member of Object.values(value)) sum += textBytes(member);
  return sum;
}
