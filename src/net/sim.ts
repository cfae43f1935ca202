import { noHandler } from './no-handler.ts';
import { SimConn } from './sim-conn.ts';
import type { Conn, ConnectSpec, ConnHandler, ListenSocket, ListenSpec, Transport } from './transport.ts';

/*
 * The driver without a system: connections in memory, a clock that moves from event to event, faults drawn from a seed. The same seed
 * and the same program give the same run. It keeps to what `tcp.ts` does and promises no more: what was read is overwritten when
 * `onData` returns, what `writeStable` could not send is read from the caller's buffer later, a paused connection does not learn that
 * its peer is gone.
 */

/** What may go wrong on a simulated network; chances from 0 to 1. */
export interface Faults {
  /** Longest time from a write to its arrival, ms. */
  readonly delay: number;
  /** Chance that a read brings only a few bytes. */
  readonly split: number;
  /** Bytes under way in one direction, at least and at most: what is beyond makes the writer wait. */
  readonly window: readonly [number, number];
  /** Chance that a connection is reset, after `resetAfter` bytes of one direction at most. */
  readonly reset: number;
  readonly resetAfter: number;
  /** Chance that a connect is refused; that it is never answered. */
  readonly refuse: number;
  readonly blackhole: number;
}

export const noFaults: Faults = {
  delay: 1,
  split: 0,
  window: [65_536, 65_536],
  reset: 0,
  resetAfter: 0,
  refuse: 0,
  blackhole: 0,
};

/** Numbers from 0 up to 1, the same for the same seed (Mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

interface Event {
  readonly at: number;
  readonly order: number;
  /** null = cancelled. */
  fire: (() => void) | null;
}

interface Listening {
  readonly onConnection: (conn: Conn) => void;
}

/** A network of its own: a transport, its clock, and what runs on it. */
export class SimNetwork implements Transport {
  readonly random: () => number;
  faults: Faults;
  /** Connections that are not closed on both sides; for checks at the end of a run. */
  readonly open = new Set<SimConn>();
  #now: number;
  #order = 0;
  #ports = 40_000;
  /** A heap by date, then by order of creation. */
  readonly #events: Event[] = [];
  readonly #listening = new Map<string, Listening>();

  constructor(seed: number, faults: Faults = noFaults) {
    this.random = seededRandom(seed);
    this.faults = faults;
    this.#now = 1_700_000_000_000;
  }

  /** Date in ms. */
  readonly now = (): number => this.#now;

  /** Calls back once after `ms`; returns a canceller. */
  readonly setTimer = (ms: number, fire: () => void): (() => void) => {
    const event: Event = { at: this.#now + Math.max(0, ms), order: ++this.#order, fire };
    this.#push(event);
    return () => {
      event.fire = null;
    };
  };

  /** Lets everything happen up to `limit` ms from now. True when nothing more is to come. */
  run(limit: number): boolean {
    const until = this.#now + limit;
    for (;;) {
      const next = this.#events[0];
      if (next === undefined || next.at > until) {
        this.#now = until;
        return next === undefined;
      }
      this.#pop();
      if (next.fire === null) continue;
      this.#now = next.at;
      next.fire();
    }
  }

  listen(spec: ListenSpec, onConnection: (conn: Conn) => void): Promise<ListenSocket> {
    const port = spec.port || ++this.#ports;
    const name = `${spec.host}:${port}`;
    if (this.#listening.has(name))
      return Promise.reject(Object.assign(new Error('address in use'), { code: 'EADDRINUSE' }));
    this.#listening.set(name, { onConnection });
    return Promise.resolve({
      port,
      fd: -1,
      close: async () => {
        this.#listening.delete(name);
      },
    });
  }

  connect(spec: ConnectSpec, handler: ConnHandler): Conn {
    const conn = new SimConn(
      this,
      spec.sourceHost ?? '127.0.0.1',
      spec.sourcePort || ++this.#ports,
      spec.host,
      spec.port,
      handler,
    );
    const { refuse, blackhole } = this.faults;
    const fate = this.random();
    if (fate < blackhole) return conn;
    this.setTimer(this.latency(), () => {
      if (conn.closed) return;
      const listening = this.#listening.get(`${spec.host}:${spec.port}`);
      if (listening === undefined || fate < blackhole + refuse) conn.fail('ECONNREFUSED');
      else this.#establish(conn, listening);
    });
    return conn;
  }

  #establish(conn: SimConn, listening: Listening): void {
    const accepted = new SimConn(this, conn.remoteHost, conn.remotePort, conn.localHost, conn.localPort, noHandler);
    conn.peer = accepted;
    accepted.peer = conn;
    this.open.add(conn);
    this.open.add(accepted);
    if (this.random() < this.faults.reset) {
      const victim = this.random() < 0.5 ? conn : accepted;
      victim.resetAfter = Math.floor(this.random() * this.faults.resetAfter);
    }
    this.setTimer(this.latency(), () => {
      if (accepted.peer === null) return;
      listening.onConnection(accepted);
    });
    conn.start();
    conn.handler.onConnect();
  }

  /** How long something takes to the other side, ms. */
  latency(): number {
    return this.random() * this.faults.delay;
  }

  window(): number {
    const [least, most] = this.faults.window;
    return least + Math.floor(this.random() * (most - least + 1));
  }

  #push(event: Event): void {
    const heap = this.#events;
    let at = heap.length;
    heap.push(event);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#events;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
