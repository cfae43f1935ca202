import { createHash } from 'node:crypto';
import type { Change } from '../change.ts';

/** Private keys, in whatever member they come. */
const PRIVATE_KEY = /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g;

/**
 * A Change as the journal keeps it: without secrets. A private key, or a key that encrypts session tickets, is replaced by the first
 * half of its SHA-256, which tells two of them apart; such a Change can be made again by the process that has seen it only. A map or an
 * ACL that is replaced in bulk is in it by the hash of its entries: a record has a limit, and they are in no file of ours.
 */
export function keptChange(change: Change): Change {
  const { kind, ...members } = change as unknown as Readonly<Record<string, unknown>>;
  for (const name of ['entries', 'patterns'])
    if (Array.isArray(members[name]) && members[name].length > ENTRIES_AT_MOST)
      return { kind, ...members, [name]: { kept: hashOfAll(members[name]) } } as unknown as Change;
  if (kind === 'ticket-key.set') {
    const { key, oldest, older } = members;
    return {
      kind,
      ...members,
      ...(typeof key === 'string' ? { key: withheld(key) } : {}),
      ...(typeof oldest === 'string' ? { oldest: withheld(oldest) } : {}),
      ...(Array.isArray(older) ? { older: older.map(withheld) } : {}),
    } as unknown as Change;
  }
  if (typeof members['pem'] === 'string' && members['pem'].includes('PRIVATE KEY-----'))
    return { kind, ...members, pem: members['pem'].replace(PRIVATE_KEY, withheld) } as unknown as Change;
  if (kind === 'runtime.command' && typeof members['payload'] === 'string')
    return { kind, ...members, payload: members['payload'].replace(PRIVATE_KEY, withheld) } as unknown as Change;
  return change;
}

/** Entries of a map or patterns of an ACL that are written down one by one. */
const ENTRIES_AT_MOST = 10_000;

/** SHA-256 of a list as JSON, hex, without making its text. */
function hashOfAll(list: readonly unknown[]): string {
  const hash = createHash('sha256');
  let text = '[';
  for (const [i, element] of list.entries()) {
    text += (i === 0 ? '' : ',') + JSON.stringify(element);
    if (text.length < 65_536) continue;
    hash.update(text);
    text = '';
  }
  return hash.update(`${text}]`).digest('hex');
}

/** Secrets that this process has withheld, by what stands for them: so that it can take back what it did. The oldest go first. */
const remembered = new Map<string, string>();
const REMEMBERED_AT_MOST = 256;

function withheld(secret: string): string {
  const text = `(withheld, sha256 ${createHash('sha256').update(secret).digest('hex').slice(0, 32)})`;
  remembered.delete(text);
  remembered.set(text, secret);
  if (remembered.size > REMEMBERED_AT_MOST) remembered.delete(remembered.keys().next().value!);
  return text;
}

const WITHHELD = /\(withheld, sha256 [0-9a-f]{32}\)/g;

/** The members that secrets are withheld from, by kind: elsewhere the text that stands for one is a text like any other. */
const SECRET = new Map<unknown, readonly string[]>([
  ['cert.new', ['pem']],
  ['cert.set', ['pem']],
  ['ticket-key.set', ['key', 'oldest', 'older']],
]);

/** A Change (or what may become one) as it was before its secrets were withheld, as far as this process has seen them. */
export function rememberedChange<T extends object>(change: T): T {
  const secret = SECRET.get((change as { readonly kind?: unknown }).kind) ?? [];
  const again = (text: string) => text.replace(WITHHELD, (withheld) => remembered.get(withheld) ?? withheld);
  const restored = Object.entries(change).map(([name, value]) => {
    if (!secret.includes(name)) return [name, value];
    if (Array.isArray(value)) return [name, value.map(again)];
    return [name, typeof value === 'string' ? again(value) : value];
  });
  return Object.fromEntries(restored) as T;
}
