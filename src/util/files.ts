import { readFileSync } from 'node:fs';

/**
 * Files that the configuration names (error pages, pattern files, ...). The control thread reads them; what it read goes to the traffic
 * threads as it is, since those may be locked into an empty folder (`chroot`), and must not see another state of a file than was checked.
 */
export type FileContents = Readonly<Record<string, Uint8Array>>;

let given: FileContents | null = null;
let recorded: Record<string, Uint8Array> | null = null;

/** Content of a file; null when it cannot be read. */
export function readFileOrNull(path: string): Buffer | null {
  if (given !== null) {
    const content = given[path];
    return content === undefined ? null : Buffer.from(content.buffer, content.byteOffset, content.length);
  }
  try {
    const content = readFileSync(path);
    if (recorded !== null) recorded[path] = content;
    return content;
  } catch {
    return null;
  }
}

/** Does `work` and returns what files were read meanwhile, beside its result. */
export function recordingFiles<T>(work: () => T): { readonly result: T; readonly files: FileContents } {
  const files: Record<string, Uint8Array> = {};
  recorded = files;
  try {
    return { result: work(), files };
  } finally {
    recorded = null;
  }
}

/** From now on there are just these files, in this thread. */
export function useFiles(files: FileContents): void {
  given = files;
}
