/** Reads configuration files to edit them. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { errnoText } from '../../util/libc.ts';
import { type Document, parseDocument } from '../document.ts';
import { configurationFiles } from '../files.ts';
import { decodeText, type TextEncoding } from '../text.ts';
import type { EditProblem } from './edit.ts';

/** A file as it was read. */
export interface Source {
  readonly document: Document;
  /** SHA-256 of its bytes, in hexadecimal. */
  readonly hash: string;
  readonly encoding: TextEncoding;
}

/** Reads the files of a configuration as given with `-f`, folders among them; the documents have the names of the files. */
export async function readSources(paths: readonly string[]): Promise<readonly Source[] | EditProblem> {
  const sources: Source[] = [];
  for (const path of paths) {
    let file = path;
    try {
      for (file of configurationFiles(path)) sources.push(await readSource(file));
    } catch (error) {
      return { at: null, text: `${systemReason(error, file)}: cannot read it` };
    }
  }
  return sources;
}

async function readSource(file: string): Promise<Source> {
  const bytes = await readFile(file);
  const { text, encoding } = decodeText(bytes);
  return { document: parseDocument(file, text), hash: hashOf(bytes), encoding };
}

export function hashOf(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** What the system said, with the path that it was about. */
export function systemReason(error: unknown, file?: string): string {
  const { code, path = file, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  return path === undefined ? errnoText(code) : `${errnoText(code)} (${path})`;
}
