/** Bytes for all texts, and of the longest one. */
const BYTES = 4 * 1024 * 1024;
const MAX_LENGTH = 255;
/** Words: the lock, where free memory begins, then heads of chains. */
const LOCK = 0;
const TOP = 1;
const HEADS = 2;
const CHAINS = 4096;
/** A text: the next of its chain, its length; its bytes follow. */
const LENGTH = 1;
const TEXT = 2;
/** How long somebody may hold the lock, ms: then it is gone. */
const PATIENCE = 1000;

/** Memory for the texts that entries of stick tables have by number (`server_key`). */
export function newDictionaryMemory(): SharedArrayBuffer {
  const buffer = new SharedArrayBuffer(BYTES);
  new Int32Array(buffer)[TOP] = HEADS + CHAINS;
  return buffer;
}

/** The texts, one for all tables and threads: each is kept once, for as long as the process lives. */
export class Dictionary {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #owner: number;
  /** What this thread has asked for. */
  readonly #numbers = new Map<string, number>();
  readonly #texts = new Map<number, string>();

  /** `owner`: the number by which the thread is known in locks, not 0. */
  constructor(buffer: SharedArrayBuffer, owner: number) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#owner = owner;
  }

  /** The number of a text of one char a byte; 0 when it is too long or there is no room left. */
  number(text: string): number {
    const known = this.#numbers.get(text);
    if (known !== undefined) return known;
    if (text.length === 0 || text.length > MAX_LENGTH) return 0;
    const head = HEADS + chainOf(text);
    let number = this.#find(head, text);
    if (number === 0) {
      this.#lock();
      number = this.#find(head, text) || this.#append(head, text);
      Atomics.store(this.#words, LOCK, 0);
    }
    if (number !== 0) this.#numbers.set(text, number);
    return number;
  }

  /** The text of a number; '' for 0 and for what is none. */
  text(number: number): string {
    const known = this.#texts.get(number);
    if (known !== undefined) return known;
    if (number < HEADS + CHAINS || number >= this.#words.length) return '';
    const text = this.#read(number);
    this.#texts.set(number, text);
    return text;
  }

  #read(at: number): string {
    const from = 4 * (at + TEXT);
    return Buffer.from(this.#bytes.subarray(from, from + this.#words[at + LENGTH]!)).latin1Slice();
  }

  #find(head: number, text: string): number {
    for (let at = Atomics.load(this.#words, head); at !== 0; at = this.#words[at]!)
      if (this.#words[at + LENGTH] === text.length && this.#read(at) === text) return at;
    return 0;
  }

  /** Adds a text: it is seen when it is whole. */
  #append(head: number, text: string): number {
    const words = this.#words;
    const at = words[TOP]!;
    const end = at + TEXT + ((text.length + 3) >>> 2);
    if (end > words.length) return 0;
    words[at] = words[head]!;
    words[at + LENGTH] = text.length;
    for (let i = 0; i < text.length; i++) this.#bytes[4 * (at + TEXT) + i] = text.charCodeAt(i);
    words[TOP] = end;
    Atomics.store(words, head, at);
    return at;
  }

  /** One that has died cannot have left half a text where anybody sees it. */
  #lock(): void {
    const start = Date.now();
    for (;;) {
      const holder = Atomics.compareExchange(this.#words, LOCK, 0, this.#owner);
      if (holder === 0) return;
      if (Date.now() - start > PATIENCE && Atomics.compareExchange(this.#words, LOCK, holder, this.#owner) === holder)
        return;
      Atomics.wait(this.#words, LOCK, holder, 1);
    }
  }
}

function chainOf(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  return (hash ^ (hash >>> 15)) & (CHAINS - 1);
}
