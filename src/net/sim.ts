import { replaceScratch, scratchBuffer } from './scratch.ts';
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

const READ_SIZE = 65_536;
const BULK_SIZE = 131_072;
/** As in `tcp.ts`, ms. */
const CLOSE_PATIENCE = 60_000;
/** What read buffers are filled with once their bytes are no longer valid. */
const STALE = 0xdd;

const noHandler: ConnHandler = { onData() {}, onEnd() {}, onDrain() {}, onError() {}, onConnect() {} };
const sharedRead = Buffer.allocUnsafeSlow(READ_SIZE);

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

/** One side of a simulated connection. */
export class SimConn implements Conn {
  handler: ConnHandler;
  readonly network: SimNetwork;
  readonly localHost: string;
  readonly localPort: number;
  readonly remoteHost: string;
  readonly remotePort: number;
  readonly fd = -1;
  /** The other side; null before it is established and after it is gone. */
  peer: SimConn | null = null;
  closed = false;
  blocked = false;
  bulk = false;
  /** Bytes of the outgoing direction after which the connection is reset. */
  resetAfter = Infinity;
  #sent = 0;
  readonly #window: number;
  /** Accepted by the network, not yet read by the peer. */
  #underWay: Buffer[] = [];
  #underWaySize = 0;
  /** Not yet accepted: references to the writers' buffers. */
  #waiting: Uint8Array[] = [];
  #ending = false;
  #finSent = false;
  #finSeen = false;
  #lingering = false;
  #reading = false;
  #wasReset = false;
  #readSoon = false;
  #bulkBuffer: Buffer | null = null;

  constructor(
    network: SimNetwork,
    localHost: string,
    localPort: number,
    remoteHost: string,
    remotePort: number,
    handler: ConnHandler,
  ) {
    this.network = network;
    this.localHost = localHost;
    this.localPort = localPort;
    this.remoteHost = remoteHost;
    this.remotePort = remotePort;
    this.handler = handler;
    this.#window = network.window();
  }

  start(): void {
    this.resume();
  }

  write(buffer: Uint8Array, start: number, end: number): boolean {
    return this.writeStable(Buffer.from(buffer.subarray(start, end)), 0, end - start);
  }

  flushScratch(length: number): boolean {
    const ok = this.writeStable(scratchBuffer(), 0, length);
    if (!ok) replaceScratch();
    return ok;
  }

  writeLatin1(text: string): boolean {
    return this.writeStable(Buffer.from(text, 'latin1'), 0, text.length);
  }

  writeStable(buffer: Uint8Array, start: number, end: number): boolean {
    if (this.closed || start === end) return !this.blocked;
    if (this.#ending) throw new Error('written after the end');
    if (this.#wasReset || this.peer === null) {
      this.network.setTimer(0, () => this.fail(this.#wasReset ? 'ECONNRESET' : 'EPIPE'));
      return true;
    }
    this.#waiting.push(buffer.subarray(start, end));
    this.#accept();
    if (this.#waiting.length > 0) this.blocked = true;
    return !this.blocked;
  }

  /** Moves what fits from the writers' buffers into the network. */
  #accept(): void {
    while (this.#waiting.length > 0 && this.#underWaySize < this.#window) {
      const bytes = this.#waiting[0]!;
      const size = Math.min(bytes.length, this.#window - this.#underWaySize);
      this.#underWay.push(Buffer.from(bytes.subarray(0, size)));
      this.#underWaySize += size;
      this.#sent += size;
      if (size === bytes.length) this.#waiting.shift();
      else this.#waiting[0] = bytes.subarray(size);
    }
    if (this.#sent > this.resetAfter) {
      this.resetAfter = Infinity;
      this.network.setTimer(this.network.latency(), () => this.#breakOff());
    }
    if (this.#ending && this.#waiting.length === 0) this.#finSent = true;
    const { peer } = this;
    if (peer === null) return;
    if (peer.closed) this.#unwanted(peer);
    else peer.readSoon();
  }

  /** The peer reads no more: who closes gently drops what comes, who is gone answers it with a reset. */
  #unwanted(peer: SimConn): void {
    if (this.#underWaySize === 0) return;
    if (!peer.#lingering) {
      this.network.setTimer(this.network.latency(), () => this.onReset());
      return;
    }
    this.#underWay = [];
    this.#underWaySize = 0;
    if (this.#waiting.length > 0) this.network.setTimer(this.network.latency(), () => this.#goOn());
  }

  /** The network resets the connection on both sides. */
  #breakOff(): void {
    const { peer } = this;
    this.onReset();
    peer?.onReset();
  }

  onReset(): void {
    this.#wasReset = true;
    this.peer = null;
    this.network.open.delete(this);
    this.readSoon();
    // Who has something under way learns of it, reading or not.
    if (this.blocked) this.network.setTimer(0, () => this.fail('ECONNRESET'));
  }

  readBulk(on: boolean): void {
    this.bulk = on;
  }

  ownsBuffer(buffer: Uint8Array): boolean {
    return buffer === this.#bulkBuffer;
  }

  pause(): void {
    this.#reading = false;
  }

  resume(): void {
    if (this.#reading || this.closed) return;
    this.#reading = true;
    this.readSoon();
  }

  /** Something can be read, or will be as soon as it has arrived. */
  readSoon(): void {
    if (this.#readSoon || this.closed) return;
    this.#readSoon = true;
    this.network.setTimer(this.network.latency(), () => {
      this.#readSoon = false;
      this.#read();
    });
  }

  #read(): void {
    if (!this.#reading || this.closed) return;
    if (this.#wasReset) {
      this.fail('ECONNRESET');
      return;
    }
    const { peer } = this;
    if (peer === null || this.#finSeen) return;
    if (peer.#underWaySize > 0) {
      this.#deliver(peer);
      return;
    }
    if (!peer.#finSent) return;
    this.#finSeen = true;
    this.#reading = false;
    this.handler.onEnd();
  }

  #deliver(peer: SimConn): void {
    if (this.bulk !== (this.#bulkBuffer !== null)) {
      // Given up, it serves other connections.
      this.#bulkBuffer?.fill(STALE);
      this.#bulkBuffer = this.bulk ? Buffer.allocUnsafeSlow(BULK_SIZE) : null;
    }
    const buffer = this.#bulkBuffer ?? sharedRead;
    const few = this.network.random() < this.network.faults.split;
    const most = few ? 1 + Math.floor(this.network.random() * 20) : buffer.length;
    const count = peer.#take(buffer, most);
    this.handler.onData(buffer, 0, count);
    if (buffer === sharedRead) buffer.fill(STALE, 0, count);
    if (!this.closed) this.readSoon();
  }

  /** Hands up to `most` bytes to the reader; lets waiting ones follow. */
  #take(out: Buffer, most: number): number {
    let count = 0;
    while (this.#underWay.length > 0 && count < most) {
      const bytes = this.#underWay[0]!;
      const size = Math.min(bytes.length, most - count);
      bytes.copy(out, count, 0, size);
      count += size;
      if (size === bytes.length) this.#underWay.shift();
      else this.#underWay[0] = bytes.subarray(size);
    }
    this.#underWaySize -= count;
    if (this.#waiting.length > 0) this.network.setTimer(this.network.latency(), () => this.#goOn());
    return count;
  }

  #goOn(): void {
    if ((this.closed && !this.#lingering) || this.#waiting.length === 0) return;
    this.#accept();
    if (this.#waiting.length > 0) return;
    if (this.#lingering) {
      this.#part();
      return;
    }
    this.network.setTimer(0, () => {
      if (this.closed || this.#waiting.length > 0 || !this.blocked) return;
      this.blocked = false;
      this.handler.onDrain();
    });
  }

  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    this.#accept();
  }

  destroy(reset = false): void {
    if (this.closed) return;
    this.closed = true;
    this.#reading = false;
    this.handler = noHandler;
    this.#waiting = [];
    const { peer } = this;
    // What was not read is answered by a reset, as systems do.
    if (reset || (peer !== null && peer.#underWaySize > 0)) {
      this.peer = null;
      this.network.open.delete(this);
      if (peer !== null) this.network.setTimer(this.network.latency(), () => peer.onReset());
      return;
    }
    this.#ending = true;
    this.#finSent = true;
    this.#part();
  }

  /** This side is gone; the peer still gets what is under way. */
  #part(): void {
    this.closed = true;
    this.network.open.delete(this);
    this.peer?.readSoon();
  }

  closeGently(): void {
    if (this.closed) return;
    if (!this.blocked) {
      this.end();
      this.destroy();
      return;
    }
    this.end();
    this.#lingering = true;
    this.closed = true;
    this.#reading = false;
    this.handler = noHandler;
    if (this.#waiting.length === 0) this.#part();
    else this.network.setTimer(CLOSE_PATIENCE, () => this.#giveUp());
  }

  /** The peer took too long for the last bytes. */
  #giveUp(): void {
    if (this.#waiting.length === 0) return;
    const { peer } = this;
    this.#waiting = [];
    this.peer = null;
    this.network.open.delete(this);
    if (peer !== null) this.network.setTimer(this.network.latency(), () => peer.onReset());
  }

  /** Ends the connection for an error and tells the handler. */
  fail(code: string): void {
    if (this.closed) return;
    const { handler, peer } = this;
    this.closed = true;
    this.handler = noHandler;
    this.#reading = false;
    this.#waiting = [];
    this.peer = null;
    this.network.open.delete(this);
    if (peer !== null && peer.peer === this) this.network.setTimer(this.network.latency(), () => peer.onReset());
    handler.onError(code);
  }
}
