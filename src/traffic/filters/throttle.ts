import type { Column } from '../../model/tables/layout.ts';
import type { Ledger } from '../../model/tables/ledger.ts';
import { addToRate, rateOf } from '../../model/tables/rates.ts';
import type { StickTable } from '../../model/tables/table.ts';

/**
 * What a stream sends in one direction, held back so that limits of bandwidth are kept (manual, section 9.7). What may pass is found out
 * when there is something to pass on; what may not waits in `held`, while the side it came from is not read, until a date that is set
 * in the stream's timer. There is no timer or allowance that runs by itself.
 */

/** Who must wait does so for as much as the limit allows in this time, ms. */
const PACE = 20;

const UNUSED = { age: 0, current: 0, previous: 0 };

/** A `filter bwlim-in` or `filter bwlim-out` line. */
export interface BandwidthLimit {
  readonly name: string;
  readonly upload: boolean;
  /** Bytes in a period, and the period in ms. */
  readonly bytes: number;
  readonly period: number;
  /** Bytes that are passed on at once at least, but for the last ones. */
  readonly minSize: number;
  /** The table with the rates of those who share the limit; null: each stream has its own. */
  readonly table: StickTable | null;
  readonly column: Column | null;
}

/** A limit as one stream must keep it. */
class Share {
  readonly limit: BandwidthLimit;
  /** Bytes in a period, and the period in ms. */
  #bytes = 0;
  #period = 0;
  /** What the limit allows in `PACE`. */
  #pace = 0;
  /** By how many bytes a period may go over the limit, which it makes up for: else what comes a little late is lost for good. */
  #slack = 0;
  /** Entry of the table, and where the ledger has noted it. */
  #entry = 0;
  #place = -1;
  /** How many bytes one of the table's rate stands for (`brates-factor`). */
  readonly #factor: number;
  /** The stream's part of the limit that it has not used, bytes, and since when. */
  #credit = 0;
  #creditAt = 0;
  /** The rate of a stream with its own limit. */
  readonly #rate: Int32Array | null;
  /** What was found last: bytes that may pass for all to be spread evenly, bytes that may pass at most, and how many streams they are for. */
  #even = 0;
  #most = 0;
  #users = 1;

  constructor(limit: BandwidthLimit) {
    this.limit = limit;
    this.#rate = limit.table === null ? new Int32Array(3) : null;
    this.#factor = limit.table === null ? 1 : limit.table.config.bratesFactor;
    this.set(limit.bytes, limit.period);
  }

  /** From now on so many bytes may pass in a period of so many ms. */
  set(bytes: number, period: number): void {
    this.#bytes = bytes;
    this.#period = period;
    this.#pace = (bytes * Math.min(PACE, period)) / period;
    this.#slack = 2 * Math.max(this.#pace, Math.min(this.limit.minSize, bytes));
  }

  /** Shares the limit with those of the same entry from now on. The entry is in use. */
  join(table: StickTable, entry: number, ledger: Ledger, now: number): void {
    this.release(ledger, now);
    this.#entry = entry;
    this.#place = ledger.note(table.id, entry);
  }

  #look(now: number): void {
    const { table, column } = this.limit;
    if (table === null) {
      this.#most = this.#bytes + this.#slack - rateOf(this.#rate!, 0, now, this.#period);
      this.#even = this.#most;
    } else {
      const factor = this.#factor;
      table.openEntry(this.#entry);
      const spare = table.spare(this.#entry, column!, now, this.#bytes / factor, PACE, this.#slack / factor);
      this.#most = this.#bytes + this.#slack - table.get(this.#entry, column!, 0, now) * factor;
      this.#users = Math.max(1, table.usesOf(this.#entry));
      table.close();
      this.#even = Math.min(spare * factor, this.#most);
    }
    this.#save(now);
  }

  /** Adds the stream's part of what the limit has allowed since the last time. */
  #save(now: number): void {
    const passed = this.#creditAt === 0 ? PACE : Math.max(0, now - this.#creditAt);
    this.#creditAt = now;
    const cap = this.limit.table === null ? this.#bytes : 2 * this.#piece;
    this.#credit = Math.min(cap, this.#credit + (this.#bytes * passed) / this.#period / this.#users);
  }

  /** What a stream that must wait waits for: its part of `PACE`. */
  get #piece(): number {
    return Math.max(1, this.#pace / this.#users);
  }

  /** How many of `length` bytes may pass now. */
  allow(now: number, length: number): number {
    this.#look(now);
    // What others leave for long may be used.
    const left = this.limit.table === null ? 0 : Math.max(0, this.#even - 2 * this.#pace);
    const share = Math.floor(Math.min(this.#even, this.#credit + left));
    if (share >= length) return length;
    if (share < Math.min(length, Math.floor(this.#piece))) return 0;
    const least = Math.min(length, this.limit.minSize, this.#bytes);
    if (share >= least) return share;
    // More than its part: what follows waits the longer.
    return least <= this.#most ? least : 0;
  }

  charge(now: number, bytes: number): void {
    const { table, column } = this.limit;
    this.#credit -= bytes;
    if (table === null) {
      addToRate(this.#rate!, 0, now, this.#period, bytes);
      return;
    }
    table.openEntry(this.#entry);
    table.add(this.#entry, column!, 0, Math.ceil(bytes / this.#factor), now);
    table.close();
  }

  /** How long it takes, ms, until it is worth while to try again. */
  delay(now: number): number {
    this.#look(now);
    const missing = Math.max(
      (this.#piece - this.#credit) * this.#users,
      this.#piece - this.#even,
      Math.min(this.limit.minSize, this.#bytes) - this.#most,
    );
    return Math.min(this.#period, Math.max(1, Math.ceil((missing * this.#period) / this.#bytes)));
  }

  release(ledger: Ledger, now: number): void {
    const { table } = this.limit;
    if (table === null || this.#entry === 0) return;
    ledger.clear(this.#place);
    table.openEntry(this.#entry);
    table.touch(this.#entry, now);
    table.use(this.#entry, -1);
    table.close();
    this.#entry = 0;
  }
}

export class Throttle {
  /** Bytes that came and may not pass yet. */
  held: Buffer | null = null;
  /** Date at which more of them may, 0: none is waited for. */
  until = 0;
  readonly #shares: Share[] = [];

  /** Keeps a limit of the stream's own from now on, or keeps it anew. `bytes`, `period`: 0 as the filter says. */
  keep(limit: BandwidthLimit, bytes: number, period: number): void {
    this.#share(limit).set(bytes || limit.bytes, period || limit.period);
  }

  /** Keeps a limit that is shared by those of the key that its table was told; not where the table is full. */
  join(limit: BandwidthLimit, table: StickTable, ledger: Ledger, now: number): void {
    const entry = table.openOrMake(now);
    if (entry !== 0) {
      table.use(entry, 1);
      // The period begins with its first bytes: what could have passed before is not saved up.
      if (table.get(entry, limit.column!, 0, now) === 0) table.setRate(entry, limit.column!, 0, UNUSED, now);
    }
    table.close();
    if (entry === 0) return;
    this.#share(limit).join(table, entry, ledger, now);
  }

  #share(limit: BandwidthLimit): Share {
    let share = this.#shares.find((one) => one.limit === limit);
    if (share === undefined) {
      share = new Share(limit);
      this.#shares.push(share);
    }
    return share;
  }

  /** How many of `length` bytes may pass now. */
  allow(now: number, length: number): number {
    let allowed = length;
    for (const share of this.#shares) allowed = Math.min(allowed, share.allow(now, length));
    return allowed;
  }

  /** So many bytes have passed. */
  charge(now: number, bytes: number): void {
    if (bytes > 0) for (const share of this.#shares) share.charge(now, bytes);
  }

  /** No more may pass now: sets `until`. */
  wait(now: number): void {
    let delay = 1;
    for (const share of this.#shares) delay = Math.max(delay, share.delay(now));
    this.until = now + delay;
  }

  /** Of bytes [start, end) without framing: returns the offset up to which they are to be passed on now; the others are held. */
  pass(now: number, buf: Buffer, start: number, end: number): number {
    const allowed = this.held === null ? this.allow(now, end - start) : 0;
    this.charge(now, allowed);
    if (allowed === end - start) return end;
    this.hold(buf, start + allowed, end);
    if (this.until === 0) this.wait(now);
    return start + allowed;
  }

  /** Keeps bytes [start, end), behind what is held. */
  hold(buf: Buffer, start: number, end: number): void {
    const bytes = buf.subarray(start, end);
    this.held = this.held === null ? Buffer.from(bytes) : Buffer.concat([this.held, bytes]);
  }

  /** What was held is to be passed on, or held again. */
  take(): Buffer | null {
    const { held } = this;
    this.held = null;
    this.until = 0;
    return held;
  }

  /** The stream is over. */
  release(ledger: Ledger, now: number): void {
    this.held = null;
    for (const share of this.#shares) share.release(ledger, now);
  }
}
