/**
 * TLS sessions of clients that keep no tickets, for all threads (`tune.ssl.cachesize`): a table in shared memory, each session at the
 * place that its identifier says. A new one takes the place of what was there.
 */

/** Longest identifier (RFC 5246, 7.4.1.2). */
const ID_MAX = 32;
/** Longest session: those with a client's certificate are longer, and not kept. */
const SESSION_MAX = 472;
/** Words of a place: its version (odd while it is written), second at which it ends, lengths of identifier and session. */
const Word = { version: 0, expires: 1, idLength: 2, length: 3 } as const;
const HEADER = 4;
const PLACE = HEADER * 4 + ID_MAX + SESSION_MAX;

/** Memory for so many sessions; null for none. */
export function sessionMemory(sessions: number): SharedArrayBuffer | null {
  return sessions === 0 ? null : new SharedArrayBuffer(Math.min(sessions, 1 << 20) * PLACE);
}

export class SessionCache {
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #places: number;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#places = memory.byteLength / PLACE;
  }

  /** Keeps a session until `expires` (seconds since the epoch). One that is too long, or whose place is being written, is not kept. */
  keep(id: Uint8Array, session: Uint8Array, expires: number): void {
    if (id.length < 4 || id.length > ID_MAX || session.length > SESSION_MAX) return;
    const place = this.#placeOf(id);
    const word = (place * PLACE) >> 2;
    const words = this.#words;
    const version = Atomics.load(words, word + Word.version);
    if (version & 1 || Atomics.compareExchange(words, word + Word.version, version, version + 1) !== version) return;
    words[word + Word.expires] = expires;
    words[word + Word.idLength] = id.length;
    words[word + Word.length] = session.length;
    const at = place * PLACE + HEADER * 4;
    this.#bytes.set(id, at);
    this.#bytes.set(session, at + ID_MAX);
    Atomics.store(words, word + Word.version, version + 2);
  }

  /** The session of this identifier; null when there is none (any more). */
  find(id: Uint8Array, now: number): Buffer | null {
    if (id.length < 4 || id.length > ID_MAX) return null;
    const place = this.#placeOf(id);
    const word = (place * PLACE) >> 2;
    const words = this.#words;
    const version = Atomics.load(words, word + Word.version);
    if (version & 1 || words[word + Word.expires]! <= now || words[word + Word.idLength] !== id.length) return null;
    const at = place * PLACE + HEADER * 4;
    const known = Buffer.from(this.#bytes.subarray(at, at + id.length));
    const length = Math.min(SESSION_MAX, Math.max(0, words[word + Word.length]!));
    const session = Buffer.from(this.#bytes.subarray(at + ID_MAX, at + ID_MAX + length));
    return Atomics.load(words, word + Word.version) === version && known.equals(id) ? session : null;
  }

  /** Identifiers are random. */
  #placeOf(id: Uint8Array): number {
    return (((id[0]! << 24) | (id[1]! << 16) | (id[2]! << 8) | id[3]!) >>> 0) % this.#places;
  }
}
