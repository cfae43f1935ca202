import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { lchown, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Owner } from './database.ts';

/** Texts under their SHA-256, hex. */
export interface KeptStore {
  /** On disk when it resolves, where there is one. */
  put(hash: string, text: string): Promise<void>;
  /** null: it is not there. */
  get(hash: string): Promise<string | null>;
  hashes(): Promise<readonly string[]>;
  drop(hash: string): Promise<void>;
}

const HASH = /^[0-9a-f]{64}$/;

/** Whether this is the name of a text in a store. */
export function isHash(text: string): boolean {
  return HASH.test(text);
}

/**
 * A file for each text (0600) in a folder that only its owner can enter (0700); it is made when something is to be kept. `owner`: the user
 * that the process becomes.
 */
export function folderStore(folder: string, owner: Owner = null): KeptStore {
  const path = (hash: string) => join(folder, hash);
  const give = async (name: string) => {
    if (owner !== null && process.geteuid!() === 0) await lchown(name, owner.uid, owner.gid);
  };
  return {
    async put(hash, text) {
      if (await isThere(path(hash))) return;
      if (mkdirSync(folder, { recursive: true, mode: 0o700 }) !== undefined) await give(folder);
      const draft = join(folder, `${hash}.${randomBytes(6).toString('hex')}`);
      try {
        await write(draft, text);
        await give(draft);
        await rename(draft, path(hash));
      } catch (error) {
        await rm(draft, { force: true });
        throw error;
      }
      await syncFolder(folder);
    },
    get: (hash) => readFile(path(hash), 'utf8').catch(nullIfAbsent),
    // What a process left behind that ended while it wrote is among them, to be dropped.
    hashes: async () => (await readdir(folder).catch(nullIfAbsent)) ?? [],
    drop: (name) => rm(join(folder, name), { force: true }),
  };
}

/** Texts in memory: as long as the process is there. */
export function memoryStore(): KeptStore {
  const texts = new Map<string, string>();
  return {
    async put(hash, text) {
      texts.set(hash, text);
    },
    get: async (hash) => texts.get(hash) ?? null,
    hashes: async () => [...texts.keys()],
    async drop(hash) {
      texts.delete(hash);
    },
  };
}

/** A store that never fails to take a text: what cannot be written waits in memory, and is tried again with the next one. */
export function patientStore(store: KeptStore): KeptStore {
  const waiting = new Map<string, string>();
  const flush = async () => {
    for (const [hash, text] of waiting) {
      await store.put(hash, text);
      waiting.delete(hash);
    }
  };
  return {
    async put(hash, text) {
      waiting.set(hash, text);
      await flush().catch(() => undefined);
    },
    get: async (hash) => waiting.get(hash) ?? store.get(hash),
    async hashes() {
      await flush().catch(() => undefined);
      return [...waiting.keys(), ...(await store.hashes())];
    },
    async drop(hash) {
      waiting.delete(hash);
      await store.drop(hash);
    },
  };
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(nullIfAbsent)) !== null;
}

function nullIfAbsent(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT') return null;
  throw error;
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
