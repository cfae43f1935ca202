import { randomFillSync } from 'node:crypto';
import type { TicketKeysView } from '../../model/certificates/views.ts';

/** What the library is told for a ticket: 0 unknown, 1 known, 2 known but to be renewed; keys; for a new ticket its name and IV. */
export type TicketAnswer = readonly [number, Buffer, Buffer, Buffer?, Buffer?];

const NAME = 16;
const UNKNOWN: TicketAnswer = [0, Buffer.alloc(16), Buffer.alloc(16)];

/** One key as the library wants it (RFC 5077, section 4). Node encrypts with AES-128 only: longer keys are cut. */
interface Key {
  readonly name: Buffer;
  readonly hmac: Buffer;
  readonly aes: Buffer;
}

function keyOf(bytes: Uint8Array): Key {
  const copy = Buffer.from(bytes);
  const half = (copy.length - NAME) / 2;
  return {
    name: copy.subarray(0, NAME),
    hmac: copy.subarray(NAME, NAME + half),
    aes: copy.subarray(NAME + half, NAME + half + 16),
  };
}

const parsed = new WeakMap<TicketKeysView, readonly Key[]>();

function keysOf(view: TicketKeysView): readonly Key[] {
  let keys = parsed.get(view);
  if (keys === undefined) {
    keys = view.keys.map(keyOf);
    parsed.set(view, keys);
  }
  return keys;
}

/**
 * Answers the library's question about a ticket with the keys of `view`: new ones with the current key, old ones with whichever made
 * them. `renews`: also those of the current key are renewed.
 */
export function ticketAnswer(
  view: TicketKeysView | undefined,
  name: Buffer,
  encrypt: boolean,
  renews: boolean,
): TicketAnswer {
  if (view === undefined) return UNKNOWN;
  const keys = keysOf(view);
  if (encrypt) {
    const { hmac, aes, name: own } = keys[view.current]!;
    return [1, hmac, aes, own, randomFillSync(Buffer.allocUnsafe(16))];
  }
  const index = keys.findIndex((key) => key.name.equals(name));
  if (index < 0) return UNKNOWN;
  const { hmac, aes } = keys[index]!;
  return [renews || index !== view.current ? 2 : 1, hmac, aes];
}
