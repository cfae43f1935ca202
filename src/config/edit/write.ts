/** Writes configuration files so that at any time the old or the new one is there, whole. */

import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Document } from '../document.ts';
import { encodeText } from '../text.ts';
import type { EditProblem } from './edit.ts';
import { hashOf, type Source, systemReason } from './source.ts';

export interface WriteOptions {
  /** Where the old content is kept: beside the file (`FILE.bak-<time>`), or not at all. */
  readonly backup: 'beside' | 'none';
  /** For the name of the backup. */
  readonly now: Date;
}

/** A file that was written. */
export interface WrittenFile {
  readonly file: string;
  readonly backup: string | null;
}

/**
 * Writes edited documents over the files that they were read from, all or none: everything that can fail for want of space or of
 * permission is done before the first file is replaced. Refused when a file is no longer what was read. Symbolic links, owner,
 * group and mode stay; files without a difference are left alone.
 */
export async function writeSources(
  edits: readonly { readonly source: Source; readonly document: Document }[],
  options: WriteOptions,
): Promise<readonly WrittenFile[] | EditProblem> {
  const prepared: Prepared[] = [];
  const replaced: Prepared[] = [];
  try {
    for (const { source, document } of edits) {
      if (document.print() !== source.document.print()) await prepare(source, document, options, prepared);
    }
    for (const one of prepared) {
      await replace(one);
      replaced.push(one);
    }
  } catch (error) {
    const stuck = await takeBack(prepared, replaced);
    const result = stuck.length === 0 ? 'nothing was written' : `${stuck.join(', ')} could not be put back`;
    return { at: null, text: `${error instanceof Refusal ? error.message : systemReason(error)}: ${result}` };
  }
  return prepared.map(({ source, backup }) => ({ file: source.document.name, backup }));
}

/** A new file that waits beside the old one. */
interface Prepared {
  readonly source: Source;
  /** The file behind symbolic links. */
  readonly target: string;
  readonly old: Buffer;
  readonly owner: Owner;
  temporary: string | null;
  backup: string | null;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

class Refusal extends Error {}

async function prepare(source: Source, document: Document, options: WriteOptions, prepared: Prepared[]): Promise<void> {
  const file = source.document.name;
  const bytes = encodeText(document.print(), source.encoding);
  if (bytes === null)
    throw new Refusal(`${file} is not UTF-8, and the edit has a character that cannot be written in it`);
  const target = await realpath(file);
  const { uid, gid, mode, nlink, isFile } = await statOf(target);
  if (!isFile) throw new Refusal(`${file} is not a file`);
  if (nlink > 1) throw new Refusal(`${file} has ${nlink} hard links; writing it would part them`);
  const old = await readFile(target);
  const one: Prepared = { source, target, old, owner: { uid, gid, mode }, temporary: null, backup: null };
  prepared.push(one);
  checkUnchanged(one, old);
  if (options.backup === 'beside') await backUp(one, options.now);
  one.temporary = join(dirname(target), `.${basename(target)}.new-${randomBytes(6).toString('hex')}`);
  await create(one.temporary, bytes, one.owner);
}

async function statOf(file: string) {
  const found = await stat(file);
  return { uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, nlink: found.nlink, isFile: found.isFile() };
}

function checkUnchanged({ source }: Prepared, bytes: Buffer): void {
  if (hashOf(bytes) === source.hash) return;
  throw new Refusal(`${source.document.name} is no longer what was read: it was changed meanwhile`);
}

async function backUp(one: Prepared, now: Date): Promise<void> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  for (let n = 1; one.backup === null; n++) {
    const name = `${one.target}.bak-${time}${n === 1 ? '' : `-${n}`}`;
    try {
      await create(name, one.old, one.owner);
      one.backup = name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || n === 100) throw error;
    }
  }
}

/** A new file with all its bytes on the disk; none when that fails. */
async function create(name: string, bytes: Buffer, owner: Owner): Promise<void> {
  const handle = await open(name, 'wx', 0o600);
  try {
    await handle.writeFile(bytes);
    await own(handle, owner, name);
    await handle.sync();
    await handle.close();
  } catch (error) {
    await handle.close().catch(() => {});
    await rm(name, { force: true });
    throw error;
  }
}

async function own(handle: FileHandle, { uid, gid, mode }: Owner, name: string): Promise<void> {
  const now = await handle.stat();
  if (now.uid !== uid || now.gid !== gid) {
    try {
      await handle.chown(uid, gid);
    } catch (error) {
      throw new Refusal(`${systemReason(error)}: ${name} cannot be given the owner ${uid}:${gid} of the file`);
    }
  }
  await handle.chmod(mode);
}

async function replace(one: Prepared): Promise<void> {
  checkUnchanged(one, await readFile(one.target));
  await rename(one.temporary!, one.target);
  one.temporary = null;
  await syncFolder(one.target);
}

/** Undoes what a failed call did. Returns the files that could not be put back. */
async function takeBack(prepared: readonly Prepared[], replaced: readonly Prepared[]): Promise<string[]> {
  const stuck: string[] = [];
  for (const one of replaced) {
    try {
      await putBack(one);
    } catch (error) {
      stuck.push(
        `${one.source.document.name} (${systemReason(error)}; its old content is in ${one.backup ?? 'no file'})`,
      );
      one.backup = null;
    }
  }
  for (const { temporary, backup } of prepared)
    for (const name of [temporary, backup]) if (name !== null) await rm(name, { force: true }).catch(() => {});
  return stuck;
}

async function putBack(one: Prepared): Promise<void> {
  const name = join(dirname(one.target), `.${basename(one.target)}.old-${randomBytes(6).toString('hex')}`);
  await create(name, one.old, one.owner);
  await rename(name, one.target);
  await syncFolder(one.target);
}

async function syncFolder(file: string): Promise<void> {
  const handle = await open(dirname(file), 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
