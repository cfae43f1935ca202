import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { ChangeOf } from '../../../change/change.ts';
import { systemReason } from '../../../config/edit/source.ts';
import { asUser, sudoUser } from '../../../util/sudo.ts';
import { OperationError } from '../../errors.ts';
import { contentOf } from '../../file-content.ts';

/** The first line: other files are neither read as snapshots nor written over. */
const HEAD = '{"sluice":"stick tables"}';

/**
 * Writes a snapshot of stick tables, a line for each entry, with mode 0600; behind sudo with the rights of who used it. The file is replaced
 * whole. Throws OperationError.
 */
export function writeSnapshot(file: string, lines: readonly string[]): void {
  const text = `${[HEAD, ...lines].join('\n')}\n`;
  const user = sudoUser();
  try {
    if (user === null) replace(file, text);
    else asUser(user, () => replace(file, text));
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw new OperationError('failed', systemReason(error, file));
  }
}

function replace(file: string, text: string): void {
  if (existsSync(file) && !isSnapshot(file))
    throw new OperationError('refused', `${file} is no snapshot of stick tables: name another file`);
  const draft = join(dirname(file), `.${basename(file)}.new-${randomBytes(6).toString('hex')}`);
  const fd = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(fd, text);
    fsyncSync(fd);
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function isSnapshot(file: string): boolean {
  const fd = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(HEAD.length);
    readSync(fd, bytes, 0, bytes.length, 0);
    return bytes.latin1Slice() === HEAD;
  } finally {
    closeSync(fd);
  }
}

/** The Changes that set the entries of a snapshot again. Throws OperationError with the line that is wrong. */
export function readSnapshot(file: string): readonly ChangeOf<'table.set'>[] {
  const [head, ...lines] = contentOf(file).trimEnd().split('\n');
  if (head !== HEAD) throw new OperationError('refused', `${file} is no snapshot of stick tables`);
  return lines.map((line, i) => {
    const entry = parsed(line);
    if (entry !== null) return { kind: 'table.set', ...entry };
    throw new OperationError('refused', `${file}:${i + 2}: this is no entry of a stick table`);
  });
}

function parsed(line: string): Omit<ChangeOf<'table.set'>, 'kind'> | null {
  try {
    const { table, key, data } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    if (typeof table !== 'string' || typeof key !== 'string' || typeof data !== 'object' || data === null) return null;
    if (!Object.values(data).every((value) => typeof value === 'string')) return null;
    return { table, key, data: data as Record<string, string> };
  } catch {
    return null;
  }
}
