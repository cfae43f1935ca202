import { createHash } from 'node:crypto';
import type { Change, Kept } from '../change.ts';
import { isHash, type KeptStore } from './kept-store.ts';

/** What is too long or too secret for a journal, kept beside it. */
export interface Keeper {
  /** The Change as it goes into the journal: with the hash of what was put aside. On disk when it resolves. */
  away(change: Change): Promise<Change>;
  /** The Change with everything in it again. Rejects when what was kept is not there any more. */
  back(change: Change): Promise<Change>;
  /** What was put aside under a hash, as JSON; null: nothing is. */
  text(hash: string): Promise<string | null>;
  /** Forgets all that none of these Changes refers to. */
  sweep(used: () => Iterable<Change>): Promise<void>;
}

/** Whether a member of a Change is put aside. */
export type KeepRule = (change: Change, member: string, value: unknown) => boolean;

/** Members that keys are in. */
const SECRET = { 'cert.new': ['pem'], 'cert.set': ['pem'], 'ticket-key.set': ['key', 'oldest', 'older'] } as const;

/** Private keys, and keys of session tickets. */
export const secretsOnly: KeepRule = ({ kind }, member, value) => {
  const members: readonly string[] = Object.hasOwn(SECRET, kind) ? SECRET[kind as keyof typeof SECRET] : [];
  if (!members.includes(member)) return false;
  return member === 'pem' ? typeof value === 'string' && value.includes('PRIVATE KEY') : true;
};

/** Keeps in a store what a rule says. */
export function keeper(store: KeptStore, rule: KeepRule): Keeper {
  return {
    async away(change) {
      const members = Object.entries(change);
      const kept: [string, Kept][] = [];
      for (const [member, value] of members) {
        if (hashIn(value) !== null || !rule(change, member, value)) continue;
        const text = JSON.stringify(value);
        const hash = createHash('sha256').update(text).digest('hex');
        await store.put(hash, text);
        kept.push([member, { kept: hash }]);
      }
      return kept.length === 0 ? change : ({ ...change, ...Object.fromEntries(kept) } as Change);
    },
    async back(change) {
      const members = Object.entries(change).filter(([, value]) => hashIn(value) !== null);
      if (members.length === 0) return change;
      const found: [string, unknown][] = [];
      for (const [member, value] of members) {
        const text = await store.get(namedBy(value as Kept));
        if (text === null) throw new Error(`what ${change.kind} needs is not kept any more: ${hashIn(value)}`);
        found.push([member, JSON.parse(text)]);
      }
      return { ...change, ...Object.fromEntries(found) } as Change;
    },
    text: async (hash) => (isHash(hash) ? store.get(hash) : null),
    async sweep(used) {
      const hashes = await store.hashes();
      if (hashes.length === 0) return;
      const wanted = new Set<string>();
      for (const change of used()) for (const value of Object.values(change)) wanted.add(hashIn(value) ?? '');
      for (const hash of hashes) if (!wanted.has(hash)) await store.drop(hash);
    },
  };
}

/** What stands for something that was put aside; null for a value of its own. */
function hashIn(value: unknown): string | null {
  const isKept = typeof value === 'object' && value !== null && 'kept' in value && typeof value.kept === 'string';
  return isKept ? (value as Kept).kept : null;
}

function namedBy({ kept }: Kept): string {
  if (!isHash(kept)) throw new Error(`this names nothing that was kept: ${JSON.stringify(kept)}`);
  return kept;
}
