import { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { makeFile, type Owner } from './database.ts';
import type { Head } from './links.ts';

/** The text of a head: `SEQ:HASH`, always as long, so that it is overwritten in place within one sector. */
function headText({ seq, hash }: Head): string {
  return `${String(seq).padStart(16, '0')}:${hash}\n`;
}

/** Reads `SEQ:HASH`; null when it is none. */
export function parseHead(text: string): Head | null {
  const [, seq, hash] = /^(\d{1,16}):([0-9a-f]{64})\s*$/.exec(text) ?? [];
  return seq === undefined || hash === undefined ? null : { seq: Number(seq), hash };
}

/** The head kept in a file; null when there is none, or it cannot be understood. Throws the file system's error otherwise. */
export function readAnchor(path: string): Head | null {
  try {
    return parseHead(readFileSync(path, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** The end of the chain, kept beside it: tells when links were cut off the end. */
export class Anchor {
  readonly #fd: number;

  /** Opens or makes the file. Throws the file system's error. */
  constructor(path: string, owner: Owner) {
    makeFile(path, owner);
    this.#fd = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
  }

  /** Keeps a head that is on disk; `sync`: this one too. Throws the file system's error. */
  keep(head: Head, sync = false): void {
    writeSync(this.#fd, headText(head), 0, 'latin1');
    if (sync) fsyncSync(this.#fd);
  }

  close(): void {
    closeSync(this.#fd);
  }
}
