import { readFileSync, statSync } from 'node:fs';
import { hashOf, systemReason } from '../../../config/edit/source.ts';
import type { FileEdit } from '../../../config/edit/write.ts';

/** A file that is to be written, with what it had. */
export interface StoreEdit extends FileEdit {
  readonly old: Buffer | null;
  readonly oldMode: number | null;
  /** Its lines may be told: there is no key in them. */
  readonly open: boolean;
}

export interface DraftOptions {
  /** In place of the one that it has. */
  readonly mode?: number;
  /** Its backup need not be hidden: it does not lie among files of its kind that are read all. */
  readonly visible?: true;
  /** Its lines may be told. */
  readonly open?: true;
}

/** Files as they are on the disk, and as they are to be. */
export interface Drafts {
  /** What is on the disk; null: there is no such file. Throws an Error when it cannot be read. */
  onDisk(file: string): Buffer | null;
  /** What it is to be, as far as that is known by now. */
  now(file: string): Buffer | null;
  /** null: it is taken away. */
  put(file: string, bytes: Buffer | null, how?: DraftOptions): void;
  /** When it was changed last, ms since the epoch; 0 where it is not there. */
  changed(file: string): number;
  /** What differs from the disk. */
  edits(): readonly StoreEdit[];
}

/** Nothing is to be written yet. */
export function fileDrafts(): Drafts {
  const read = new Map<string, Buffer | null>();
  const wanted = new Map<string, { readonly bytes: Buffer | null; readonly how: DraftOptions }>();
  const onDisk = (file: string): Buffer | null => {
    const known = read.get(file);
    if (known !== undefined) return known;
    const bytes = readOrNull(file);
    read.set(file, bytes);
    return bytes;
  };
  return {
    onDisk,
    now(file) {
      const draft = wanted.get(file);
      return draft === undefined ? onDisk(file) : draft.bytes;
    },
    put(file, bytes, how = {}) {
      onDisk(file);
      wanted.set(file, { bytes, how });
    },
    changed(file) {
      const stats = statSync(file, { throwIfNoEntry: false });
      return stats === undefined ? 0 : Math.max(stats.mtimeMs, stats.ctimeMs);
    },
    edits() {
      const edits: StoreEdit[] = [];
      for (const [file, { bytes, how }] of wanted) {
        const old = onDisk(file);
        if (old === null ? bytes === null : bytes !== null && old.equals(bytes)) continue;
        const hash = old === null ? null : hashOf(old);
        const oldMode = old === null ? null : statSync(file).mode & 0o7777;
        const { mode, visible, open = false } = how;
        const more = { ...(mode === undefined ? {} : { mode }), ...(visible ? {} : { hidden: true as const }) };
        edits.push({ file, old, oldMode, open, hash, bytes, ...more });
      }
      return edits;
    },
  };
}

function readOrNull(file: string): Buffer | null {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new Error(systemReason(error, file));
  }
}
