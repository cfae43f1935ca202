import { readFileSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { configuredPath } from '../config/paths.ts';
import type { ExprError } from '../expr/sample.ts';
import { Database, type DatabaseView } from '../model/databases/database.ts';
import { openFile } from '../util/open-file.ts';

/** Larger files than this are no databases of addresses: the largest known have 120 MB. */
const LARGEST = 1 << 30;

/** Which databases a configuration uses, found while it is compiled. */
export interface DatabaseCollection {
  /** Reads and opens a database when it is new. `from`: the configuration file that names it. */
  database(path: string, from: string): Database | ExprError;
  views(): readonly DatabaseView[];
}

/** Starts a collection. `defaultPath`: where names of files begin. */
export function collectDatabases(defaultPath: readonly string[]): DatabaseCollection {
  const all = new Map<string, Database>();
  return {
    database(name, from) {
      const path = configuredPath(name, from, defaultPath);
      const known = all.get(path);
      if (known !== undefined) return known;
      const made = opened(path, () => readFileSync(path));
      if (!('error' in made)) all.set(path, made);
      return made;
    },
    views: () => [...all.values()].map(({ view }) => view),
  };
}

/** Reads a database anew; the error says why that cannot be. */
export async function readDatabase(path: string): Promise<Database | ExprError> {
  let file: FileHandle | null = null;
  try {
    file = await openFile(path);
    if (file === null) return { error: `${path} is no file` };
    const { size } = await file.stat();
    if (size > LARGEST) return { error: `${path} is larger than ${LARGEST} bytes` };
    const bytes = await file.readFile();
    return opened(path, () => bytes);
  } catch (error) {
    return { error: `cannot read ${path}: ${reasonOf(error)}` };
  } finally {
    await file?.close();
  }
}

function opened(path: string, read: () => Buffer): Database | ExprError {
  try {
    const bytes = read();
    const content = new SharedArrayBuffer(bytes.length);
    new Uint8Array(content).set(bytes);
    return new Database({ path, content });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const unread = code !== undefined && /^E[A-Z]+$/.test(code);
    return { error: unread ? `cannot read ${path}: ${reasonOf(error)}` : `${path} is no MaxMind DB file` };
  }
}

const reasonOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);
