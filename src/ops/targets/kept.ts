import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Change, Kept } from '../../change/change.ts';

/** What is too long or too secret for a journal, in files of a folder that only its owner can read. */
export interface Keeper {
  /** The Change as it goes into the journal: with the hash of what was put aside. On disk when it resolves. */
  away(change: Change): Promise<Change>;
  /** The Change with everything in it again. Rejects when what was kept is not there any more. */
  back(change: Change): Promise<Change>;
}

/** Members of Changes that may be long or secret. */
const MEMBERS = ['pem', 'key', 'entries', 'patterns', 'payload'] as const;

/** Lists of up to so many entries stay in the journal. */
const MOST_ENTRIES = 100;

/** So many characters of a payload stay in the journal. */
const MOST_PAYLOAD = 4096;

/** Keeps in `folder`, which is made when something is to be kept. */
export function keeper(folder: string): Keeper {
  const path = (hash: string) => join(folder, hash);
  return {
    async away(change) {
      const name = MEMBERS.find((member) => tooMuch(change, member));
      if (!name) return change;
      const text = JSON.stringify(member(change, name));
      const hash = createHash('sha256').update(text).digest('hex');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await write(path(hash), text);
      return { ...change, [name]: { kept: hash } } as Change;
    },
    async back(change) {
      const name = MEMBERS.find((member) => isKept(change, member));
      if (!name) return change;
      const { kept } = member(change, name) as Kept;
      if (!/^[0-9a-f]{64}$/.test(kept)) throw new Error(`this names nothing that was kept: ${JSON.stringify(kept)}`);
      const text = await readFile(path(kept), 'utf8').catch(() => {
        throw new Error(`what ${change.kind} needs is not kept any more: ${path(kept)}`);
      });
      return { ...change, [name]: JSON.parse(text) } as Change;
    },
  };
}

function member(change: Change, name: string): unknown {
  return (change as unknown as Readonly<Record<string, unknown>>)[name];
}

function tooMuch(change: Change, name: string): boolean {
  const value = member(change, name);
  if (Array.isArray(value)) return value.length > MOST_ENTRIES;
  if (typeof value !== 'string') return false;
  if (name === 'pem') return value.includes('PRIVATE KEY');
  if (name === 'payload') return value.includes('PRIVATE KEY') || value.length > MOST_PAYLOAD;
  // Keys of maps and tables are called so, too; they are no secret.
  return change.kind === 'ticket-key.set';
}

function isKept(change: Change, name: string): boolean {
  const value = member(change, name);
  return typeof value === 'object' && value !== null && 'kept' in value;
}

async function write(path: string, text: string): Promise<void> {
  const draft = `${path}.${process.pid}`;
  const file = await open(draft, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
}
