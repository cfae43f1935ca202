/** Writes files so that at any time the old or the new one is there, whole. */

import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, statSync, unlinkSync } from 'node:fs';
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

/** A file that is to have another content. */
export interface FileEdit {
  readonly file: string;
  /** SHA-256 of what was read, in hexadecimal; null: there was none. */
  readonly hash: string | null;
  /** null: it is taken away. */
  readonly bytes: Buffer | null;
  /** A mode in place of the one that it has; a file that is made has this one, or 0600. */
  readonly mode?: number;
  /** Its backup begins with a dot: in a folder that is read as a whole it would be taken for one of the files. */
  readonly hidden?: true;
}

/** A file that was written. */
export interface WrittenFile {
  readonly file: string;
  readonly backup: string | null;
}

/** Writes edited documents over the files that they were read from, as `writeFiles` does; those without a difference are left alone. */
export async function writeSources(
  edits: readonly { readonly source: Source; readonly document: Document }[],
  options: WriteOptions,
): Promise<readonly WrittenFile[] | EditProblem> {
  const files: FileEdit[] = [];
  for (const { source, document } of edits) {
    if (document.print() === source.document.print()) continue;
    const edit = documentEdit(source, document);
    if (edit === null) {
      const text = `${source.document.name} is not UTF-8, and the edit has a character that cannot be written in it`;
      return { at: null, text: `${text}: nothing was written` };
    }
    files.push(edit);
  }
  return writeFiles(files, options);
}

/** What writes a document over the file that it was read from; null where a character cannot be written in it. */
export function documentEdit({ document: { name }, hash, encoding }: Source, document: Document): FileEdit | null {
  const bytes = encodeText(document.print(), encoding);
  return bytes && { file: name, hash, bytes };
}

/**
 * Writes all files or none: everything that can fail for want of space or of permission is done before the first file is replaced. Refused
 * when a file is no longer what was read. Symbolic links, owner, group and mode stay. A file that is made belongs to the owner of its folder.
 */
export async function writeFiles(
  edits: readonly FileEdit[],
  options: WriteOptions,
): Promise<readonly WrittenFile[] | EditProblem> {
  const prepared: Prepared[] = [];
  const replaced: Prepared[] = [];
  try {
    for (const edit of edits) await prepare(edit, options, prepared);
    for (const one of prepared) {
      await replace(one);
      replaced.push(one);
    }
  } catch (error) {
    const stuck = await takeBack(prepared, replaced);
    const result = stuck.length === 0 ? 'nothing was written' : `${stuck.join(', ')} could not be put back`;
    return { at: null, text: `${error instanceof Refusal ? error.message : systemReason(error)}: ${result}` };
  }
  return prepared.map(({ edit, backup }) => ({ file: edit.file, backup }));
}

/** A new file that waits beside the old one. */
interface Prepared {
  readonly edit: FileEdit;
  /** The file behind symbolic links. */
  readonly target: string;
  /** null: there is none. */
  readonly old: Buffer | null;
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

async function prepare(edit: FileEdit, options: WriteOptions, prepared: Prepared[]): Promise<void> {
  const { file, bytes, mode } = edit;
  const target = edit.hash === null ? file : await realpath(file);
  const old = await readOrNull(target);
  const owner = old === null ? await newOwner(target) : await oldOwner(file, target);
  const one: Prepared = {
    edit,
    target,
    old,
    owner: { ...owner, mode: mode ?? owner.mode },
    temporary: null,
    backup: null,
  };
  prepared.push(one);
  checkUnchanged(one, old);
  if (options.backup === 'beside' && old !== null) await backUp(one, old, options.now);
  if (bytes === null) return;
  one.temporary = join(dirname(target), `.${basename(target)}.new-${randomBytes(6).toString('hex')}`);
  await create(one.temporary, bytes, one.owner);
}

async function oldOwner(file: string, target: string): Promise<Owner> {
  const { uid, gid, mode, nlink, isFile } = await statOf(target);
  if (!isFile) throw new Refusal(`${file} is not a file`);
  if (nlink > 1) throw new Refusal(`${file} has ${nlink} hard links; writing it would part them`);
  return { uid, gid, mode };
}

async function newOwner(target: string): Promise<Owner> {
  const { uid, gid } = await stat(dirname(target));
  return process.geteuid!() === 0
    ? { uid, gid, mode: 0o600 }
    : { uid: process.geteuid!(), gid: process.getegid!(), mode: 0o600 };
}

async function readOrNull(file: string): Promise<Buffer | null> {
  try {
    return await readFile(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function statOf(file: string) {
  const found = await stat(file);
  return { uid: found.uid, gid: found.gid, mode: found.mode & 0o7777, nlink: found.nlink, isFile: found.isFile() };
}

function checkUnchanged({ edit: { file, hash } }: Prepared, bytes: Buffer | null): void {
  if ((bytes === null ? null : hashOf(bytes)) === hash) return;
  throw changedRefusal(file);
}

function checkStill({ edit: { file }, target, old }: Prepared): void {
  const stamp = stampOf(target);
  const now = stamp === null ? null : readFileSync(target);
  if (now === null ? old !== null : !old?.equals(now)) throw changedRefusal(file);
  // A large one takes its time to be read.
  if (stampOf(target) !== stamp) throw changedRefusal(file);
}

function stampOf(file: string): string | null {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? null : `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
}

function changedRefusal(file: string): Refusal {
  return new Refusal(`${file} is no longer what was read: it was changed meanwhile`);
}

async function backUp(one: Prepared, old: Buffer, now: Date): Promise<void> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const front = join(dirname(one.target), `${one.edit.hidden ? '.' : ''}${basename(one.target)}`);
  for (let n = 1; one.backup === null; n++) {
    const name = `${front}.bak-${time}${n === 1 ? '' : `-${n}`}`;
    try {
      await create(name, old, one.owner);
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
  // At once: what another program writes between the check and the replacement would be lost.
  checkStill(one);
  if (one.temporary === null) unlinkSync(one.target);
  else renameSync(one.temporary, one.target);
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
      stuck.push(`${one.edit.file} (${systemReason(error)}; its old content is in ${one.backup ?? 'no file'})`);
      one.backup = null;
    }
  }
  for (const { temporary, backup } of prepared)
    for (const name of [temporary, backup]) if (name !== null) await rm(name, { force: true }).catch(() => {});
  return stuck;
}

async function putBack(one: Prepared): Promise<void> {
  if (one.old === null) {
    await rm(one.target);
    await syncFolder(one.target);
    return;
  }
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
