import { createHash } from 'node:crypto';
import { readFileSync, type Stats, statSync } from 'node:fs';
import { CertificateError } from '../../model/certificates/content.ts';

/** No file of certificates is larger, bytes. */
const LARGEST = 16 << 20;

/** A file changed so shortly before it was read, ms, may change again within the same tick of its clock. */
const RACY = 2000;

/** What the system says of a file that is not there, or cannot be read. */
export function systemReason(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return REASONS[code] ?? (error as Error).message;
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'No such file or directory',
  EACCES: 'Permission denied',
  EISDIR: 'Is a directory',
  ENOTDIR: 'Not a directory',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
};

/** Facts of a file, null where there is none. Throws what the system says of a path that cannot be looked at. */
export function statOrNull(path: string): Stats | null {
  return statSync(path, { throwIfNoEntry: false }) ?? null;
}

/** Content of a file. Throws CertificateError with `what` in front of the system's reason, else as `cannot open the file '...'`. */
export function readSource(path: string): Buffer {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= LARGEST) return bytes;
  } catch {
    throw new CertificateError(`cannot open the file '${path}'`);
  }
  throw new CertificateError(`the file '${path}' is too large: certificates take ${LARGEST} bytes at most`);
}

/** What tells a file from another state of it without reading it; null where it may have changed within its clock's tick. */
export function identityOf(path: string): string | null {
  const stats = statOrNull(path);
  if (stats === null) return `${path} -`;
  const { ino, size, mtimeMs, ctimeMs, dev } = stats;
  return Date.now() - Math.max(mtimeMs, ctimeMs) < RACY ? null : `${path} ${dev}:${ino}:${size}:${mtimeMs}:${ctimeMs}`;
}

/** Tells contents apart. */
export function digestOf(...parts: readonly (Uint8Array | string | null)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) {
    hash.update(`${part === null ? -1 : part.length}:`);
    if (part !== null) hash.update(part);
  }
  return hash.digest('base64');
}

/** Whether everybody on this machine may read it. */
export function isReadByOthers(path: string): boolean {
  return ((statOrNull(path)?.mode ?? 0) & 0o004) !== 0;
}
