import { errnoName, localName, peerName, resetOnClose, shutdownWriting } from '../../util/libc.ts';
import { noHandler } from '../no-handler.ts';
import { scratchBuffer } from '../scratch.ts';
import type { Conn, ConnHandler } from '../transport.ts';
import { type Completed, halvesOf, Kind, Op, type Ring, SKIP_SUCCESS, type SocketAddress } from './ring.ts';

/** What is reading: nothing, an operation that goes on by itself, one that fills a buffer of the connection's own. */
const Recv = { idle: 0, multishot: 1, bulk: 2 } as const;

/** What is sent: nothing, bytes in the arena that leave now or not at all, bytes that wait for the peer. */
const Send = { idle: 0, now: 1, waiting: 2 } as const;

const BULK_SIZE = 131_072;
const BULK_KEPT = 64;
/** Writes up to this size are put into the arena. */
const COPY_MAX = 65_536;
const CLOSE_PATIENCE = 60_000;

const MSG_DONTWAIT = 0x40;
const MSG_WAITALL = 0x100;
const MSG_NOSIGNAL = 0x4000;
const SEND_NOW = MSG_DONTWAIT | MSG_NOSIGNAL;
const SEND_ALL = MSG_WAITALL | MSG_NOSIGNAL;

const RECV_POLL_FIRST = 1;
const RECV_MULTISHOT = 2;
const SQE_BUFFER_SELECT = 1 << 5;

const EAGAIN = -11;
const EINTR = -4;
const ENOBUFS = -105;
const ECANCELED = -125;

/** A buffer of a connection that moves bulk data, with its address. */
interface BulkBuffer {
  readonly bytes: Buffer;
  readonly low: number;
  readonly high: number;
}

const bulkPool: BulkBuffer[] = [];
const bulkByMemory = new WeakMap<ArrayBufferLike, BulkBuffer>();

function takeBulk(): BulkBuffer {
  const kept = bulkPool.pop();
  if (kept !== undefined) return kept;
  const bytes = Buffer.allocUnsafeSlow(BULK_SIZE);
  const bulk = { bytes, ...halvesOf(bytes) };
  bulkByMemory.set(bytes.buffer, bulk);
  return bulk;
}

/** A connection over io_uring. */
export class UringConn implements Conn, Completed {
  handler: ConnHandler;
  readonly ring: Ring;
  readonly slot: number;
  /** -1 as soon as its close is under way. */
  #fd: number;
  closed: boolean;
  blocked: boolean;
  bulk: boolean;
  /** Operations that the kernel has not ended. */
  #underWay: number;
  #reading: boolean;
  #recv: number;
  /** The last read filled its buffer: the next ones are asked for one by one, so that little has come when the reader must pause. */
  #heavy: boolean;
  #bulkBuffer: BulkBuffer | null;
  /** Came while reading was paused. */
  #held: Buffer[] | null;
  #heldEnd: boolean;
  #cancelling: boolean;
  #send: number;
  /** The send in the arena, which may still grow while it is not submitted. */
  #sendBatch: number;
  #sendEntry: number;
  #sendAt: number;
  #sendLength: number;
  /** Must stay where it is: what is being sent, or the address while it connects. */
  #sendBytes: Uint8Array | null;
  #queue: Uint8Array[] | null;
  #ending: boolean;
  /** Closed by its owner, with something still to be sent. */
  #closing: boolean;
  #completing: boolean;
  #remote: { host: string; port: number } | null;
  #local: { host: string; port: number } | null;

  constructor(ring: Ring, fd: number, handler: ConnHandler) {
    this.handler = handler;
    this.ring = ring;
    this.slot = ring.join(this);
    this.#fd = fd;
    if (fd >= 0) ring.resources.addDescriptor(fd);
    this.closed = false;
    this.blocked = false;
    this.bulk = false;
    this.#underWay = 0;
    this.#reading = false;
    this.#recv = Recv.idle;
    this.#heavy = false;
    this.#bulkBuffer = null;
    this.#held = null;
    this.#heldEnd = false;
    this.#cancelling = false;
    this.#send = Send.idle;
    this.#sendBatch = 0;
    this.#sendEntry = 0;
    this.#sendAt = 0;
    this.#sendLength = 0;
    this.#sendBytes = null;
    this.#queue = null;
    this.#ending = false;
    this.#closing = false;
    this.#completing = false;
    this.#remote = null;
    this.#local = null;
  }

  get fd(): number {
    return this.closed ? -1 : this.#fd;
  }

  get remoteHost(): string {
    return (this.#remote ??= this.#name(peerName)).host;
  }

  get remotePort(): number {
    return (this.#remote ??= this.#name(peerName)).port;
  }

  get localHost(): string {
    return (this.#local ??= this.#name(localName)).host;
  }

  get localPort(): number {
    return (this.#local ??= this.#name(localName)).port;
  }

  #name(ask: typeof peerName): { host: string; port: number } {
    if (this.closed) return { host: '', port: 0 };
    try {
      const name = ask(this.#fd);
      if (name.family !== 'inet' && name.family !== 'inet6') return { host: '', port: 0 };
      const { host, port } = name;
      return { host: host.startsWith('::ffff:') ? host.slice(7) : host, port };
    } catch {
      // The peer has gone meanwhile.
      return { host: '', port: 0 };
    }
  }

  /** Begins an outgoing connection. */
  connect(address: SocketAddress): void {
    const { ring } = this;
    this.#sendBytes = address.bytes;
    const at = ring.submit(Op.connect, this.#fd, this.slot, Kind.connect);
    ring.sqes[at + 2] = address.bytes.length;
    ring.sqes[at + 4] = address.low;
    ring.sqes[at + 5] = address.high;
    this.#underWay++;
  }

  start(): void {
    this.resume();
  }

  resume(): void {
    if (this.#reading || this.closed) return;
    this.#reading = true;
    if (this.#held !== null || this.#heldEnd) this.ring.soon(() => this.#deliverHeld());
    else this.#arm(0);
  }

  pause(): void {
    this.#reading = false;
  }

  readBulk(on: boolean): void {
    if (this.bulk === on) return;
    this.bulk = on;
    // What is reading in the other way ends first.
    if (this.#recv !== Recv.idle) this.#cancelRecv();
  }

  ownsBuffer(buffer: Uint8Array): boolean {
    return this.#bulkBuffer !== null && buffer === this.#bulkBuffer.bytes;
  }

  #arm(how: number): void {
    if (this.#recv !== Recv.idle || !this.#reading || this.closed) return;
    const { ring } = this;
    const at = ring.submit(Op.recv, this.#fd, this.slot, Kind.recv);
    const { sqes } = ring;
    this.#underWay++;
    if (this.bulk) {
      this.#bulkBuffer ??= takeBulk();
      this.#recv = Recv.bulk;
      sqes[at + 4] = this.#bulkBuffer.low;
      sqes[at + 5] = this.#bulkBuffer.high;
      sqes[at + 6] = BULK_SIZE;
      return;
    }
    if (this.#bulkBuffer !== null) {
      // Reading goes on only after what was written from the buffer is out, so nothing refers to it any more.
      if (bulkPool.length < BULK_KEPT) bulkPool.push(this.#bulkBuffer);
      this.#bulkBuffer = null;
    }
    this.#recv = Recv.multishot;
    sqes[at] = Op.recv | (SQE_BUFFER_SELECT << 8) | ((this.#heavy ? how : RECV_MULTISHOT | how) << 16);
  }

  #cancelRecv(): void {
    if (this.#cancelling) return;
    this.#cancelling = true;
    this.ring.cancel(this.slot, Kind.recv);
  }

  complete(kind: number, result: number, buffer: number, more: boolean): void {
    if (kind === Kind.other) return;
    if (!more) this.#underWay--;
    this.#completing = true;
    if (kind === Kind.recv) this.#received(result, buffer, more);
    else if (kind === Kind.send) this.#sent(result);
    else this.#connected(result);
    this.#completing = false;
    if (this.#fd < 0 && this.#underWay === 0) this.#leave();
  }

  /** Nothing is under way any more: the kernel has no pointer to what is here. */
  #leave(): void {
    // Not given back to the pool: the other side may still be writing from it.
    this.#bulkBuffer = null;
    this.ring.leave(this.slot);
  }

  #received(result: number, buffer: number, more: boolean): void {
    const how = this.#recv;
    if (!more) {
      this.#recv = Recv.idle;
      this.#cancelling = false;
    }
    if (this.closed) return;
    if (result > 0) {
      const { ring } = this;
      if (buffer >= 0) this.#weigh(result === ring.buffers.size);
      // What is held already comes first.
      if (!this.#reading || this.#held !== null) this.#hold(how, result, buffer);
      else if (buffer >= 0) {
        const start = buffer * ring.buffers.size;
        this.handler.onData(ring.received, start, start + result);
      } else this.handler.onData(this.#bulkBuffer!.bytes, 0, result);
      if (!more) this.#arm(0);
      return;
    }
    if (more) return;
    if (result === 0) {
      if (!this.#reading || this.#held !== null) this.#heldEnd = true;
      else {
        this.#reading = false;
        this.handler.onEnd();
      }
      return;
    }
    if (result === ENOBUFS || result === ECANCELED || result === EINTR || result === EAGAIN) {
      if (this.#reading) this.#arm(0);
      return;
    }
    this.fail(result);
  }

  #weigh(heavy: boolean): void {
    if (heavy && !this.#heavy && this.#recv !== Recv.idle) this.#cancelRecv();
    this.#heavy = heavy;
  }

  /** Keeps what came while nobody wanted it, and asks for no more. */
  #hold(how: number, length: number, buffer: number): void {
    const { ring } = this;
    const start = buffer * ring.buffers.size;
    const bytes =
      buffer >= 0 ? ring.received.subarray(start, start + length) : this.#bulkBuffer!.bytes.subarray(0, length);
    this.#held ??= [];
    this.#held.push(Buffer.from(bytes));
    if (how === Recv.multishot && this.#recv !== Recv.idle) this.#cancelRecv();
  }

  #deliverHeld(): void {
    while (this.#held !== null && this.#reading && !this.closed) {
      const bytes = this.#held.shift()!;
      if (this.#held.length === 0) this.#held = null;
      this.handler.onData(bytes, 0, bytes.length);
    }
    if (!this.#reading || this.closed) return;
    if (this.#heldEnd) {
      this.#heldEnd = false;
      this.#reading = false;
      this.handler.onEnd();
    } else this.#arm(0);
  }

  write(buffer: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.closed || length === 0) return !this.blocked;
    const at = this.#room(length);
    if (at < 0) return this.#enqueue(Buffer.from(buffer.subarray(start, end)));
    this.ring.arena.set(start === 0 && end === buffer.length ? buffer : buffer.subarray(start, end), at);
    return true;
  }

  writeLatin1(text: string): boolean {
    if (this.closed || text.length === 0) return !this.blocked;
    const at = this.#room(text.length);
    if (at < 0) return this.#enqueue(Buffer.from(text, 'latin1'));
    this.ring.arena.latin1Write(text, at, text.length);
    return true;
  }

  flushScratch(length: number): boolean {
    return this.write(scratchBuffer(), 0, length);
  }

  writeStable(buffer: Uint8Array, start: number, end: number): boolean {
    const length = end - start;
    if (this.closed || length === 0) return !this.blocked;
    if (length <= COPY_MAX && !bulkByMemory.has(buffer.buffer)) return this.write(buffer, start, end);
    return this.#enqueue(buffer.subarray(start, end));
  }

  /** Room in the arena for what leaves in this turn, with an entry that sends it; -1 when it has to wait. */
  #room(length: number): number {
    const { ring } = this;
    if (this.#send === Send.now && this.#sendBatch === ring.batch && this.#queue === null) {
      // Grows while it is the last in the arena; else both parts are put together at another place.
      const whole = this.#sendLength + length;
      let at = this.#sendAt;
      if (at + this.#sendLength !== ring.arenaUsed || ring.reserve(length) < 0) {
        if (whole > COPY_MAX) return -1;
        const moved = ring.reserve(whole);
        if (moved < 0) return -1;
        ring.arena.copyWithin(moved, at, at + this.#sendLength);
        this.#pointTo(moved);
        at = moved;
      }
      this.#sendAt = at;
      ring.sqes[this.#sendEntry + 6] = whole;
      this.#sendLength = whole;
      return at + whole - length;
    }
    if (this.#send !== Send.idle || this.#queue !== null) return -1;
    const at = ring.reserve(length);
    if (at < 0) return -1;
    this.#sendEntry = ring.submit(Op.send, this.#fd, this.slot, Kind.send);
    this.#sendBatch = ring.batch;
    this.#send = Send.now;
    this.#sendAt = at;
    this.#sendLength = length;
    this.#pointTo(at);
    ring.sqes[this.#sendEntry + 6] = length;
    ring.sqes[this.#sendEntry + 7] = SEND_NOW;
    ring.arenaSends++;
    this.#underWay++;
    return at;
  }

  #pointTo(at: number): void {
    const { sqes, arenaLow, arenaHigh } = this.ring;
    const low = arenaLow + at;
    sqes[this.#sendEntry + 4] = low;
    sqes[this.#sendEntry + 5] = low > 0xffffffff ? arenaHigh + 1 : arenaHigh;
  }

  /** Sends bytes that stay as they are, after what is being sent; the writer waits. */
  #enqueue(bytes: Uint8Array): boolean {
    this.blocked = true;
    if (this.#send === Send.idle && this.#queue === null) this.#sendWaiting(bytes);
    else {
      this.#queue ??= [];
      this.#queue.push(bytes);
    }
    return false;
  }

  #sendWaiting(bytes: Uint8Array): void {
    const { ring } = this;
    const at = ring.submit(Op.send, this.#fd, this.slot, Kind.send);
    const bulk = bulkByMemory.get(bytes.buffer);
    const whole = bulk ?? halvesOf(bytes);
    const low = bulk === undefined ? whole.low : whole.low + bytes.byteOffset;
    ring.sqes[at + 4] = low;
    ring.sqes[at + 5] = low > 0xffffffff ? whole.high + 1 : whole.high;
    ring.sqes[at + 6] = bytes.length;
    ring.sqes[at + 7] = SEND_ALL;
    this.#send = Send.waiting;
    this.#sendBytes = bytes;
    this.#underWay++;
  }

  #sent(result: number): void {
    const { ring } = this;
    const now = this.#send === Send.now;
    this.#send = Send.idle;
    let rest: Uint8Array | null = null;
    if (now) {
      ring.arenaSends--;
      const done = result === EAGAIN || result === EINTR ? 0 : result;
      if (done >= 0 && done < this.#sendLength)
        rest = Buffer.from(ring.arena.subarray(this.#sendAt + done, this.#sendAt + this.#sendLength));
    } else {
      const bytes = this.#sendBytes!;
      this.#sendBytes = null;
      if (result === EINTR || result === EAGAIN) rest = bytes;
      else if (result >= 0 && result < bytes.length) rest = bytes.subarray(result);
    }
    if (this.closed && !this.#closing) return;
    if (rest === null && result < 0) {
      if (this.#closing) this.#close();
      else this.fail(result);
      return;
    }
    const next = rest ?? this.#queue?.shift();
    if (next !== undefined) {
      if (this.#queue !== null && this.#queue.length === 0) this.#queue = null;
      if (this.#closing && rest !== null) setTimeout(() => this.#cutOff(), CLOSE_PATIENCE).unref();
      this.blocked = true;
      this.#sendWaiting(next);
      return;
    }
    if (this.#closing) {
      this.#close();
      return;
    }
    if (this.#ending) shutdownWriting(this.#fd);
    if (!this.blocked) return;
    this.blocked = false;
    this.handler.onDrain();
  }

  end(): void {
    if (this.#ending || this.closed) return;
    this.#ending = true;
    if (this.#send === Send.idle) shutdownWriting(this.#fd);
  }

  destroy(reset = false): void {
    if (this.closed) return;
    this.closed = true;
    this.#reading = false;
    this.handler = noHandler;
    this.#held = null;
    if (reset) resetOnClose(this.#fd);
    // What was taken from the writer as sent has still to leave.
    if (this.#send === Send.now && !this.blocked && !reset) this.#closing = true;
    else this.#close();
  }

  /** Ends what is under way, and closes the descriptor. */
  #close(): void {
    const { ring, slot } = this;
    const fd = this.#fd;
    this.#fd = -1;
    this.#closing = false;
    this.#queue = null;
    if (this.#recv !== Recv.idle) {
      if (!this.#cancelling) ring.cancel(slot, Kind.recv);
    } else if (this.#send === Send.idle && this.#underWay > 0) ring.cancel(slot, Kind.connect);
    if (this.#send === Send.waiting) ring.cancel(slot, Kind.send);
    if (fd >= 0) {
      ring.resources.deleteDescriptor(fd);
      const at = ring.submit(Op.close, fd, slot, Kind.other);
      ring.sqes[at] = Op.close | SKIP_SUCCESS;
    }
    // `complete` looks for itself when it is over.
    if (this.#underWay === 0 && !this.#completing) this.#leave();
  }

  /** What is sent last has had its time. */
  #cutOff(): void {
    if (this.#closing) this.#close();
  }

  closeGently(): void {
    if (this.closed) return;
    if (!this.blocked) {
      this.destroy();
      return;
    }
    this.handler = { ...noHandler, onDrain: () => this.destroy() };
    this.end();
    setTimeout(() => this.destroy(), CLOSE_PATIENCE).unref();
  }

  #connected(result: number): void {
    this.#sendBytes = null;
    if (this.closed) return;
    if (result < 0) {
      this.fail(result);
      return;
    }
    this.#reading = true;
    this.#arm(RECV_POLL_FIRST);
    this.handler.onConnect();
  }

  /** Ends the connection for an error (negative errno) and tells the handler. */
  fail(result: number): void {
    if (this.closed) return;
    const { handler } = this;
    // Logs tell it of a connection that failed, too.
    this.#local ??= this.#name(localName);
    this.destroy();
    handler.onError(errnoName(-result));
  }
}
