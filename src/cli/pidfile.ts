import { readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Writes the process id to `file`, to be removed at the end if it still holds this id. Throws the file system's error. */
export function writePidFile(file: string): void {
  writeFileSync(file, `${process.pid}\n`, { mode: 0o644 });
  process.once('exit', () => {
    try {
      if (Number(readFileSync(file, 'latin1')) === process.pid) rmSync(file);
    } catch {
      // Out of reach after chroot or with fewer rights: it stays, as HAProxy's does.
    }
  });
}
