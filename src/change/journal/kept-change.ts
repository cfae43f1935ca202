import { createHash } from 'node:crypto';
import type { Change } from '../change.ts';

/** Private keys, in whatever member they come. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/**
 * A Change as the journal keeps it: without secrets. A private key, or a key that encrypts session tickets, is replaced by the first
 * half of its SHA-256, which tells two of them apart; such a Change cannot be made again from the journal.
 */
export function keptChange(change: Change): Change {
  const { kind, ...members } = change as unknown as Readonly<Record<string, unknown>>;
  if (kind === 'ticket-key.set' && typeof members['key'] === 'string')
    return { kind, ...members, key: withheld(members['key']) } as unknown as Change;
  if (typeof members['pem'] === 'string' && members['pem'].includes('PRIVATE KEY-----'))
    return { kind, ...members, pem: members['pem'].replace(PRIVATE_KEY, withheld) } as unknown as Change;
  if (kind === 'runtime.command' && typeof members['payload'] === 'string')
    return { kind, ...members, payload: members['payload'].replace(PRIVATE_KEY, withheld) } as unknown as Change;
  return change;
}

function withheld(secret: string): string {
  return `(withheld, sha256 ${createHash('sha256').update(secret).digest('hex').slice(0, 32)})`;
}
