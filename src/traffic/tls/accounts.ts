import { C, countRate, G } from '../../model/counters.ts';

/** TLS connections of the process, those to servers and of health checks among them (`CurrSslConns`, `maxsslconn`). */
export class TlsAccounts {
  readonly #row: Float64Array;
  readonly #gauges: Int32Array;
  readonly #now: () => number;

  /** `row` and `gauges`: of the process; the row is that of this thread. `now`: ms since the epoch. */
  constructor(row: Float64Array, gauges: Int32Array, now: () => number) {
    this.#row = row;
    this.#gauges = gauges;
    this.#now = now;
  }

  /** One more, unless there are `limit` (0: no limit). */
  enter(limit: number): boolean {
    const before = Atomics.add(this.#gauges, G.sslCurrent, 1);
    if (limit === 0 || before < limit) return true;
    this.leave();
    return false;
  }

  leave(): void {
    Atomics.sub(this.#gauges, G.sslCurrent, 1);
  }

  /** A connection to a server begins. */
  began(): void {
    this.#row[C.sslConnections]!++;
  }

  /** Key material was made with a client or a server. */
  key(side: 'client' | 'server'): void {
    const second = Math.floor(this.#now() / 1000);
    if (side === 'client') countRate(this.#row, C.sslKeyRate, second, this.#gauges, G.sslKeyRateMax);
    else countRate(this.#row, C.sslBackendKeyRate, second, this.#gauges, G.sslBackendKeyRateMax);
  }
}
