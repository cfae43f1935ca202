import type { FileHandle } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';
import type { StickTableConfig } from '../../config/types.ts';
import type { Dictionary } from '../../model/tables/dictionary.ts';
import { newRecord, putRecord } from '../../model/tables/record.ts';
import {
  BLOCK_PREFIX,
  blockSize,
  checkBlock,
  decodeBlock,
  decodeHead,
  MAX_HEAD,
  StateDamage,
  type StateEntry,
  type StateHead,
} from '../../model/tables/state-codec.ts';
import type { StickTable } from '../../model/tables/table.ts';
import { openFile } from '../../util/open-file.ts';

/** What became of a file: how many entries were taken in, or the reason why none was. */
export type LoadedTable = { readonly head: StateHead; readonly entries: number } | { readonly problem: string };

/** What the file at `path` says of itself; null when there is none, or none that can be read. */
export async function readStateHead(path: string): Promise<StateHead | null> {
  const file = await openFile(path).catch(() => null);
  try {
    return file === null ? null : (await readHead(file)).head;
  } catch {
    return null;
  } finally {
    await file?.close();
  }
}

/**
 * Takes what a state file holds into a table: entries that have not expired meanwhile, with what the table stores of their data. An entry of
 * the table that was used later stays as it is. The whole file is checked before any of it is used; a block of it at a time is in memory.
 * Resolves to null when there is no file.
 */
export async function loadTable(table: StickTable, dictionary: Dictionary, path: string): Promise<LoadedTable | null> {
  let file: FileHandle | null = null;
  try {
    file = await openFile(path);
    if (file === null) return { problem: 'it is no file' };
    const { head, end } = await readHead(file);
    const misfit = misfitOf(head, table.config);
    if (misfit !== null) return { problem: misfit };
    await eachBlock(file, end, () => {});
    const put = putInto(table, dictionary, head);
    await eachBlock(file, end, put.block);
    return { head, entries: put.entries() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return null;
    if (error instanceof StateDamage) return { problem: message };
    return { problem: code === undefined || code.startsWith('ERR_') ? 'it is damaged' : message };
  } finally {
    await file?.close();
  }
}

async function readHead(file: FileHandle): Promise<{ readonly head: StateHead; readonly end: number }> {
  const bytes = Buffer.alloc(MAX_HEAD);
  const { bytesRead } = await file.read(bytes, 0, bytes.length, 0);
  try {
    return decodeHead(bytes.subarray(0, bytesRead));
  } catch (error) {
    throw error instanceof StateDamage ? error : new StateDamage('its head is damaged');
  }
}

/** Why entries of a file cannot be in a table; null when they can. */
function misfitOf({ type, keyLength }: StateHead, table: StickTableConfig): string | null {
  const isSame = type === table.type && (type === 'string' || keyLength === table.keyLength);
  if (isSame) return null;
  const long = (kind: string, length: number) => (kind === 'binary' ? `${kind} of ${length} bytes` : kind);
  return `its keys are of type ${long(type, keyLength)}, those of the table of type ${long(table.type, table.keyLength)}`;
}

/** Reads and checks all blocks from `at` on, and gives each to `use`. */
async function eachBlock(file: FileHandle, at: number, use: (block: Buffer) => void): Promise<void> {
  const prefix = Buffer.alloc(BLOCK_PREFIX);
  let total = 0;
  for (let from = at; ; ) {
    await readWhole(file, prefix, from);
    const { bytes, count } = blockSize(prefix);
    if (bytes === 0) {
      checkBlock(prefix);
      if (count !== total) throw new StateDamage(`it has ${total} of its ${count} entries`);
      return;
    }
    const block = Buffer.allocUnsafe(BLOCK_PREFIX + bytes);
    await readWhole(file, block, from);
    checkBlock(block);
    use(block);
    total += count;
    from += block.length;
    await setImmediate();
  }
}

async function readWhole(file: FileHandle, into: Buffer, from: number): Promise<void> {
  const { bytesRead } = await file.read(into, 0, into.length, from);
  if (bytesRead < into.length) throw new StateDamage('it is cut off');
}

function putInto(table: StickTable, dictionary: Dictionary, head: StateHead) {
  const entry: StateEntry = { ...newRecord(), text: '' };
  const now = Date.now();
  // A clock that was put back makes nothing younger.
  const gone = Math.max(0, now - head.savedAt);
  const { expire, keyLength } = table.config;
  let entries = 0;
  const each = () => {
    entry.idle += gone;
    if (entry.key.length > keyLength || (expire > 0 && entry.idle >= expire)) return;
    age(entry, head, gone, entry.text === '' ? 0 : dictionary.number(entry.text));
    if (putRecord(table, entry, head.columns, { foreign: true }, now)) entries++;
  };
  return {
    block: (block: Buffer) => decodeBlock(block, head, entry, each),
    entries: () => entries,
  };
}

/** Makes the rates of an entry older, and puts the number of its server key in. */
function age({ values }: StateEntry, { columns }: StateHead, gone: number, serverKey: number): void {
  let at = 0;
  for (const { kind, length } of columns) {
    for (let i = 0; i < length; i++) {
      if (kind === 'rate') values[at] = Math.min(values[at]! + gone, 2 ** 31 - 1);
      else if (kind === 'dict') values[at] = serverKey;
      at += kind === 'rate' ? 3 : 1;
    }
  }
}
