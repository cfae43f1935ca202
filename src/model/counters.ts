/**
 * Counters and gauges in shared memory.
 *
 * Every counted object (the process, a frontend side, a backend side, a server, a listener) owns a *slot*. For each slot there is
 * - one row of counters (Float64) per traffic thread plus one for the control thread: a row has a single writer, so
 *   increments need no atomics, and a reader sums the rows;
 * - one row of gauges (Int32) shared by all threads, changed with Atomics only (current connections, queue lengths).
 * Slots live in chunks, so that objects added at run time need no reallocation; a thread maps chunks as they are announced.
 */

/** Counter fields: index into a row. Times are milliseconds, dates are seconds since the epoch. */
export const C = {
  sessions: 0,
  connections: 1,
  /** Bytes from clients, and of responses from servers, as they came; `requestOut`, `responseOut`: as they were passed on. */
  requestIn: 2,
  responseIn: 3,
  deniedReq: 4,
  deniedResp: 5,
  failedReq: 6,
  failedConns: 7,
  failedResp: 8,
  retries: 9,
  redispatches: 10,
  hrsp1xx: 11,
  hrsp2xx: 12,
  hrsp3xx: 13,
  hrsp4xx: 14,
  hrsp5xx: 15,
  hrspOther: 16,
  requests: 17,
  cliAborts: 18,
  srvAborts: 19,
  lbTotal: 20,
  intercepted: 21,
  deniedConn: 22,
  deniedSess: 23,
  failedRewrites: 24,
  connect: 25,
  reuse: 26,
  cacheLookups: 27,
  cacheHits: 28,
  internalErrors: 29,
  compIn: 30,
  compOut: 31,
  compBypass: 32,
  compResp: 33,
  lastSession: 34,
  /** Sums over the requests counted in `timed`, and maxima: queue, connect, response, total time. */
  qTime: 35,
  cTime: 36,
  rTime: 37,
  tTime: 38,
  timed: 39,
  qTimeMax: 40,
  cTimeMax: 41,
  rTimeMax: 42,
  tTimeMax: 43,
  /** One-second rates: each is three fields [second, events in it, events in the second before]. */
  sessRate: 44,
  connRate: 47,
  reqRate: 50,
  h1Sessions: 53,
  h2Sessions: 54,
  sessOther: 55,
  h2Requests: 56,
  h1Connections: 57,
  h1Streams: 58,
  h2Connections: 59,
  h2Streams: 60,
  h1BytesIn: 61,
  h1BytesOut: 62,
  sslSessions: 63,
  sslReused: 64,
  sslFailed: 65,
  strictMaxReached: 66,
  sslKeyRate: 67,
  h2Errors: 70,
  bytesOutRate: 71,
  requestOut: 74,
  responseOut: 75,
  /** From here on: what is now, which `clear counters` leaves. */
  /** Rank of the first stream that waits in this thread's queue, 0 = none: the smallest over all threads is served first. */
  queueHead: 76,
  /** Idle connections to a server: not reused yet, reused before, bound to one client. */
  idleUnsafe: 77,
  idleSafe: 78,
  idlePrivate: 79,
  /** Connections to a server that are needed, by estimate, and the most that were in use since the last purge of idle ones. */
  neededConns: 80,
  mostUsedConns: 81,
  /** Rates of bytes that compression took and gave. */
  compInRate: 82,
  compOutRate: 85,
  /** Connections accepted that begin with TLS; sessions looked for in the cache, and not found there. */
  sslRate: 88,
  sslCacheLookups: 91,
  sslCacheMisses: 92,
  /** Connections that began with TLS (row of the process). */
  sslConnections: 93,
  /** Handshakes with servers that were not resumed (row of the process). */
  sslBackendKeyRate: 94,
} as const;
export const COUNTER_FIELDS = 97;

/** Gauge fields: index into a shared Int32 row. `*Max` are maxima since start or `clear counters`. */
export const G = {
  current: 0,
  currentMax: 1,
  queued: 2,
  queuedMax: 3,
  /** Connections to a server, idle ones included. */
  used: 4,
  sessRateMax: 5,
  connRateMax: 6,
  reqRateMax: 7,
  h1Open: 8,
  h1OpenStreams: 9,
  h2Open: 10,
  h2OpenStreams: 11,
  /** Connections with TLS per second on frontends, and handshakes that were not resumed. */
  sslRateMax: 12,
  /** Round robin turns taken (wraps). */
  turns: 13,
  /** Streams begun (row of the process; wraps): the number of the next one (`%rt`). */
  streams: 13,
  /** Invalid messages captured, over all proxies (row of the process): numbers the next one. */
  captures: 14,
  /** Lines logged for a frontend (`%lc`; wraps). */
  logLines: 14,
  sslKeyRateMax: 15,
  /** Connections with TLS, both sides (row of the process). */
  sslCurrent: 16,
  sslBackendKeyRateMax: 17,
  /** 1: what streams cost is timed (row of the process; `set profiling tasks on`). */
  profiling: 18,
  /** Connections to a server that are not there yet, where they are bounded (`strict-maxconn`). */
  opening: 18,
} as const;
export const GAUGE_FIELDS = 19;

const MAXIMA = [
  G.sessRateMax,
  G.connRateMax,
  G.reqRateMax,
  G.sslRateMax,
  G.sslKeyRateMax,
  G.sslBackendKeyRateMax,
] as const;

const CHUNK = 256;

/** A chunk of slots as it is sent to threads. */
export interface CounterChunk {
  readonly first: number;
  readonly counters: SharedArrayBuffer;
  readonly gauges: SharedArrayBuffer;
}

/** All counters of the process. The control thread allocates; traffic threads map what it announces. */
export class CounterStore {
  readonly rows: number;
  readonly chunks: CounterChunk[] = [];
  #free: number[] = [];
  #next = 0;
  #onChunk: ((chunk: CounterChunk) => void) | null = null;

  /** `rows`: traffic threads + 1; the last row is the control thread's. */
  constructor(rows: number, chunks: readonly CounterChunk[] = []) {
    this.rows = rows;
    for (const chunk of chunks) this.chunks.push(chunk);
  }

  /** Called for every chunk allocated from now on, before a slot of it is handed out. */
  onChunk(listener: (chunk: CounterChunk) => void): void {
    this.#onChunk = listener;
  }

  /** Maps a chunk that another thread announced. */
  map(chunk: CounterChunk): void {
    this.chunks.push(chunk);
  }

  /** A zeroed slot. */
  allocate(): number {
    const reused = this.#free.pop();
    if (reused !== undefined) {
      this.rowsOf(reused).fill(0);
      this.clearMaxima(reused);
      return reused;
    }
    if (this.#next === this.chunks.length * CHUNK) {
      const chunk = {
        first: this.#next,
        counters: new SharedArrayBuffer(CHUNK * this.rows * COUNTER_FIELDS * 8),
        gauges: new SharedArrayBuffer(CHUNK * GAUGE_FIELDS * 4),
      };
      this.chunks.push(chunk);
      this.#onChunk?.(chunk);
    }
    return this.#next++;
  }

  /** Gives a slot back. The caller has made sure that no thread writes to it any more. */
  release(slot: number): void {
    this.#free.push(slot);
  }

  /** The counter row of `thread` for `slot`. */
  row(slot: number, thread: number): Float64Array {
    const chunk = this.chunks[(slot / CHUNK) | 0]!;
    return new Float64Array(chunk.counters, ((slot % CHUNK) * this.rows + thread) * COUNTER_FIELDS * 8, COUNTER_FIELDS);
  }

  /** The gauges of `slot`. */
  gauges(slot: number): Int32Array {
    const chunk = this.chunks[(slot / CHUNK) | 0]!;
    return new Int32Array(chunk.gauges, (slot % CHUNK) * GAUGE_FIELDS * 4, GAUGE_FIELDS);
  }

  /** All rows of `slot` in one array: field f of thread t is at `t * COUNTER_FIELDS + f`. For readers that keep it. */
  rowsOf(slot: number): Float64Array {
    const chunk = this.chunks[(slot / CHUNK) | 0]!;
    return new Float64Array(
      chunk.counters,
      (slot % CHUNK) * this.rows * COUNTER_FIELDS * 8,
      this.rows * COUNTER_FIELDS,
    );
  }

  /** Sum of one field over all threads. */
  sum(slot: number, field: number): number {
    const rows = this.rowsOf(slot);
    let total = 0;
    for (let i = field; i < rows.length; i += COUNTER_FIELDS) total += rows[i]!;
    return total;
  }

  /** Largest value of one field over all threads (maxima, `lastSession`). */
  max(slot: number, field: number): number {
    const rows = this.rowsOf(slot);
    let most = 0;
    for (let i = field; i < rows.length; i += COUNTER_FIELDS) if (rows[i]! > most) most = rows[i]!;
    return most;
  }

  /** Events per second now, over all threads, for a rate field: the current second plus what is left of the one before. */
  rate(slot: number, field: number, nowMs: number): number {
    const rows = this.rowsOf(slot);
    const second = Math.floor(nowMs / 1000);
    const left = 1 - (nowMs % 1000) / 1000;
    let total = 0;
    for (let i = field; i < rows.length; i += COUNTER_FIELDS) {
      if (rows[i] === second) total += rows[i + 1]! + rows[i + 2]! * left;
      else if (rows[i] === second - 1) total += rows[i + 1]! * left;
    }
    return Math.round(total);
  }

  /**
   * Raises the maximum of a rate to what all threads together counted in `second`, which is over. (While it runs, each thread knows its
   * own share only.)
   */
  notePeak(slot: number, field: number, maxField: number, second: number): void {
    const rows = this.rowsOf(slot);
    let events = 0;
    for (let i = field; i < rows.length; i += COUNTER_FIELDS) {
      if (rows[i] === second) events += rows[i + 1]!;
      else if (rows[i] === second + 1) events += rows[i + 2]!;
    }
    if (events === 0) return;
    const gauges = this.gauges(slot);
    if (events > gauges[maxField]!) Atomics.store(gauges, maxField, events);
  }

  /** Zeroes counters (not what tells what is there now). */
  clear(slot: number): void {
    const rows = this.rowsOf(slot);
    for (let row = 0; row < rows.length; row += COUNTER_FIELDS) rows.fill(0, row, row + C.queueHead);
    this.clearMaxima(slot);
  }

  /** Sets the maxima back (`clear counters`). */
  clearMaxima(slot: number): void {
    const gauges = this.gauges(slot);
    for (const f of MAXIMA) Atomics.store(gauges, f, 0);
    Atomics.store(gauges, G.currentMax, Atomics.load(gauges, G.current));
    Atomics.store(gauges, G.queuedMax, Atomics.load(gauges, G.queued));
    const rows = this.rowsOf(slot);
    for (const f of [C.qTimeMax, C.cTimeMax, C.rTimeMax, C.tTimeMax]) {
      for (let i: number = f; i < rows.length; i += COUNTER_FIELDS) rows[i] = 0;
    }
  }
}

/** Counts one event of a one-second rate in a row that the caller owns, keeping the maximum gauge at `maxField`. */
export function countRate(
  row: Float64Array,
  field: number,
  nowSec: number,
  gauges: Int32Array,
  maxField: number,
): void {
  const events = addToRate(row, field, nowSec, 1);
  if (events > gauges[maxField]!) Atomics.store(gauges, maxField, events);
}

/** Counts so many events of a one-second rate in a row that the caller owns. Returns those of this second. */
export function addToRate(row: Float64Array, field: number, nowSec: number, events: number): number {
  if (row[field] !== nowSec) {
    row[field + 2] = row[field] === nowSec - 1 ? row[field + 1]! : 0;
    row[field] = nowSec;
    row[field + 1] = 0;
  }
  row[field + 1]! += events;
  return row[field + 1]!;
}

/** Adds one to a gauge and keeps its maximum (`field + 1`). Returns the new value. */
export function gaugeUp(gauges: Int32Array, field: number): number {
  const now = Atomics.add(gauges, field, 1) + 1;
  if (now > gauges[field + 1]!) Atomics.store(gauges, field + 1, now);
  return now;
}
