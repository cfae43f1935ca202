import { DATA } from '../config/tables/data-types.ts';
import type { Tracked } from '../expr/tables.ts';
import type { Column } from '../model/tables/layout.ts';
import type { Ledger } from '../model/tables/ledger.ts';
import type { StickTable } from '../model/tables/table.ts';
import type { Stream } from './stream.ts';

/*
 * Counters that track entries of stick tables (`track-sc0` and so on): those of a session, which all its streams see, and those of a
 * stream. What happens is counted in all entries that are tracked.
 */

/** What is counted, as the numbers of the types of a count and of its rate. */
export const Event = {
  session: [DATA['sess_cnt']!, DATA['sess_rate']!],
  request: [DATA['http_req_cnt']!, DATA['http_req_rate']!],
  /** The client is to blame. */
  error: [DATA['http_err_cnt']!, DATA['http_err_rate']!],
  /** The server is to blame. */
  failure: [DATA['http_fail_cnt']!, DATA['http_fail_rate']!],
  glitch: [DATA['glitch_cnt']!, DATA['glitch_rate']!],
} as const satisfies Readonly<Record<string, readonly [count: number, rate: number]>>;

export type EventTypes = (typeof Event)[keyof typeof Event];

const CONN_CNT = DATA['conn_cnt']!;
const CONN_RATE = DATA['conn_rate']!;
const CONN_CUR = DATA['conn_cur']!;
const BYTES_IN = [DATA['bytes_in_cnt']!, DATA['bytes_in_rate']!] as const;
const BYTES_OUT = [DATA['bytes_out_cnt']!, DATA['bytes_out_rate']!] as const;
const BYTE_TYPES: readonly number[] = [...BYTES_IN, ...BYTES_OUT];

/** Bytes are counted when a stream ends, and as often as this, ms. */
const BYTES_EVERY = 5000;

/** A counter and what it tracks: `table` is null where it tracks nothing. */
class TrackCounter {
  table: StickTable | null = null;
  entry = 0;
  /** Where the ledger has noted it. */
  place = -1;
}

/** The counters of a stream or of a session. */
export class Tracking {
  readonly counters: TrackCounter[] = [];
  /** How many of them track something, and how many something that bytes are counted in. */
  active = 0;
  ofBytes = 0;

  /** What a counter tracks, null for nothing. */
  get(counter: number): Tracked | null {
    const found = this.counters[counter];
    return found === undefined || found.table === null ? null : (found as Tracked);
  }

  /** Begins to track the entry of the key that the table was told, and counts in it what there was before. False when the table is full. */
  start(ledger: Ledger, counter: number, table: StickTable, now: number, before: readonly EventTypes[]): boolean {
    const entry = table.openOrMake(now);
    if (entry !== 0) {
      table.use(entry, 1);
      add(table, entry, CONN_CUR, 1, now);
      add(table, entry, CONN_CNT, 1, now);
      add(table, entry, CONN_RATE, 1, now);
      for (let i = 0; i < before.length; i++) countIn(table, entry, before[i]!, now);
      table.touch(entry, now);
    }
    table.close();
    if (entry === 0) return false;
    while (this.counters.length <= counter) this.counters.push(new TrackCounter());
    const slot = this.counters[counter]!;
    slot.table = table;
    slot.entry = entry;
    slot.place = ledger.note(table.id, entry);
    this.active++;
    if (countsBytes(table)) this.ofBytes++;
    return true;
  }

  /** Gives all back. */
  release(ledger: Ledger, now: number): void {
    for (const slot of this.counters) {
      const { table, entry } = slot;
      if (table === null) continue;
      slot.table = null;
      ledger.clear(slot.place);
      table.openEntry(entry);
      const current = table.column(CONN_CUR);
      if (current !== null && table.get(entry, current, 0, now) > 0) table.add(entry, current, 0, -1, now);
      table.touch(entry, now);
      table.use(entry, -1);
      table.close();
    }
    this.active = 0;
    this.ofBytes = 0;
  }
}

/** Bytes are counted in entries of a table. */
function countsBytes(table: StickTable): boolean {
  for (let i = 0; i < BYTE_TYPES.length; i++) if (table.column(BYTE_TYPES[i]!) !== null) return true;
  return false;
}

/** Adds to what an open entry stores, if it does. */
function add(table: StickTable, entry: number, type: number, n: number, now: number): void {
  const column = table.column(type);
  if (column !== null) table.add(entry, column, 0, n, now);
}

/** Counts an event in an open entry. */
function countIn(table: StickTable, entry: number, [count, rate]: EventTypes, now: number): void {
  add(table, entry, count, 1, now);
  add(table, entry, rate, 1, now);
}

function countEvent(table: StickTable, entry: number, event: EventTypes, now: number): void {
  if (table.column(event[0]) === null && table.column(event[1]) === null) return;
  table.openEntry(entry);
  countIn(table, entry, event, now);
  table.touch(entry, now);
  table.close();
}

/** Counts an event in what a session tracks. */
export function countSession(tracking: Tracking | null, event: EventTypes, now: number): void {
  if (tracking === null) return;
  for (const { table, entry } of tracking.counters) if (table !== null) countEvent(table, entry, event, now);
}

/** Counts an event in what a stream and its session track. */
export function countTracked(stream: Stream, event: EventTypes): void {
  const own = stream.tracking;
  const session = stream.client === null ? null : stream.client.base.tracking;
  if ((own === null || own.active === 0) && session === null) return;
  const now = stream.env.now();
  const counters = Math.max(own?.counters.length ?? 0, session?.counters.length ?? 0);
  for (let i = 0; i < counters; i++) {
    const { table, entry } = (own?.get(i) ?? session?.get(i) ?? NOTHING) as { table: StickTable | null; entry: number };
    if (table !== null) countEvent(table, entry, event, now);
  }
}

const NOTHING = { table: null, entry: 0 };

/** Counts the bytes of a stream that were not counted yet; `end`: all of them, else only once in a while. */
export function countTrackedBytes(stream: Stream, end: boolean): void {
  const { log, client } = stream;
  const session = client === null ? null : client.base.tracking;
  if ((stream.tracking === null || stream.tracking.ofBytes === 0) && (session === null || session.ofBytes === 0))
    return;
  const now = stream.env.now();
  if (!end && stream.bytesTrackedAt === 0) stream.bytesTrackedAt = now;
  if (!end && now - stream.bytesTrackedAt < BYTES_EVERY) return;
  const bytesIn = log.bytesUploaded - stream.bytesInTracked;
  const bytesOut = log.bytesRead - stream.bytesOutTracked;
  stream.bytesTrackedAt = now;
  stream.bytesInTracked = log.bytesUploaded;
  stream.bytesOutTracked = log.bytesRead;
  const counters = Math.max(stream.tracking?.counters.length ?? 0, session?.counters.length ?? 0);
  for (let i = 0; i < counters; i++) {
    const { table, entry } = (stream.tracked(i) ?? NOTHING) as { table: StickTable | null; entry: number };
    if (table === null) continue;
    if (bytesIn > 0) countBytes(table, entry, BYTES_IN, bytesIn, now);
    if (bytesOut > 0) countBytes(table, entry, BYTES_OUT, bytesOut, now);
  }
}

function countBytes(table: StickTable, entry: number, types: readonly [number, number], n: number, now: number): void {
  const count: Column | null = table.column(types[0]);
  const rate: Column | null = table.column(types[1]);
  if (count === null && rate === null) return;
  table.openEntry(entry);
  if (count !== null) table.add(entry, count, 0, n, now);
  if (rate !== null) table.add(entry, rate, 0, Math.ceil(n / table.config.bratesFactor), now);
  table.touch(entry, now);
  table.close();
}
