/**
 * Reads the random number of a hello from the records that one side of TLS sends (RFC 8446, section 4.1; RFC 5246, section 7.4.1), which
 * are in the clear up to there.
 */

const RECORD_HEADER = 5;
const MESSAGE_HEADER = 4;
const VERSION = 2;
const RANDOM = 32;
const CHANGE_CIPHER_SPEC = 20;
const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
/** A side that has sent as much without a hello sends none. */
const PATIENCE = 65_536;

/** Stands in a hello that asks for another one of the client (RFC 8446, section 4.1.3): SHA-256 of `HelloRetryRequest`. */
const RETRY = Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex');

/** One side of a handshake, as far as its hello. */
export class HelloReader {
  /** The number as latin1; '' until it was read, and where none came. */
  random = '';
  #kept: Buffer | null = Buffer.alloc(0);

  /** What the side has sent next. Its bytes may change afterwards. */
  push(bytes: Uint8Array): void {
    if (this.#kept === null) return;
    this.#kept = Buffer.concat([this.#kept, bytes]);
    const random = helloRandom(this.#kept);
    if (random === 'more' && this.#kept.length < PATIENCE) return;
    this.#kept = null;
    if (random !== 'more' && random !== null) this.random = random.latin1Slice();
  }
}

/** The number; null: there is no hello in what was sent. */
function helloRandom(sent: Buffer): Buffer | null | 'more' {
  let messages = Buffer.alloc(0);
  let over = false;
  for (let at = 0; at + RECORD_HEADER <= sent.length && !over; ) {
    const end = at + RECORD_HEADER + sent.readUInt16BE(at + 3);
    if (sent[at] === HANDSHAKE) messages = Buffer.concat([messages, sent.subarray(at + RECORD_HEADER, end)]);
    else over = sent[at] !== CHANGE_CIPHER_SPEC;
    at = end;
  }
  for (let at = 0; at + MESSAGE_HEADER + VERSION + RANDOM <= messages.length; ) {
    if (messages[at] !== CLIENT_HELLO && messages[at] !== SERVER_HELLO) return null;
    const start = at + MESSAGE_HEADER + VERSION;
    const random = messages.subarray(start, start + RANDOM);
    if (!random.equals(RETRY)) return random;
    at += MESSAGE_HEADER + messages.readUIntBE(at + 1, 3);
  }
  return over ? null : 'more';
}
