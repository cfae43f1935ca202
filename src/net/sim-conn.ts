import { noHandler } from './no-handler.ts';
import { replaceScratch, scratchBuffer } from './scratch.ts';
import type { SimNetwork } from './sim.ts';
import type { Conn, ConnHandler } from './transport.ts';

const READ_SIZE = 65_536;
const BULK_SIZE = 131_072;
/** As in `tcp.ts`, ms. */
const CLOSE_PATIENCE = 60_000;
/** What read buffers are filled with once their bytes are no longer valid. */
const STALE = 0xdd;

const sharedRead = Buffer.allocUnsafeSlow(READ_SIZE);

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
