import { readFileSync } from 'node:fs';
import { OperationError } from './errors.ts';

/** A file as text. Throws OperationError when it cannot be read. */
export function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new OperationError('failed', `${path} cannot be read: ${code === 'ENOENT' ? 'there is no such file' : code}`);
  }
}
