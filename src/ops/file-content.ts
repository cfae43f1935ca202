import { closeSync, openSync, readSync } from 'node:fs';
import { asUser, sudoUser } from '../util/sudo.ts';
import { OperationError } from './errors.ts';

/** Largest file that is read, bytes: a map of some millions of entries. */
const MOST_BYTES = 512 * 1024 * 1024;
const PIECE = 1024 * 1024;

const STDIN = 0;

/** A file as text; `-` is standard input. Behind sudo with the rights of who used it. Throws OperationError when it cannot be read. */
export function contentOf(path: string): string {
  return bytesOf(path).toString('utf8');
}

/** The same as bytes. */
export function bytesOf(path: string): Buffer {
  try {
    if (path === '-') return readAll(STDIN, path);
    const user = sudoUser();
    // Opened is enough: a file that is open stays readable.
    const fd = user === null ? openSync(path, 'r') : asUser(user, () => openSync(path, 'r'));
    try {
      return readAll(fd, path);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (error instanceof OperationError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new OperationError('failed', `${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}`);
  }
}

function readAll(fd: number, path: string): Buffer {
  const pieces: Buffer[] = [];
  for (let size = 0; ; ) {
    const piece = Buffer.allocUnsafe(PIECE);
    const length = readSync(fd, piece);
    if (length === 0) return Buffer.concat(pieces);
    size += length;
    if (size > MOST_BYTES) throw new OperationError('failed', `${path} is larger than ${MOST_BYTES} bytes`);
    pieces.push(piece.subarray(0, length));
  }
}
