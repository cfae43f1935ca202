/** The configuration files on disk, and what was read of them. */

import { readFile, stat } from 'node:fs/promises';
import { parseDocument } from '../../config/document.ts';
import { problemText } from '../../config/edit/edit.ts';
import { hashOf, readSources, type Source } from '../../config/edit/source.ts';
import { writeSources } from '../../config/edit/write.ts';
import { encodeText } from '../../config/text.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import { keepBackup } from './backups.ts';
import { differenceText } from './difference.ts';
import { versionOf } from './version.ts';

/** Where numbered backups go, and how many are kept; none where `count` is 0. */
export interface Backups {
  readonly count: number;
  readonly folder: string | null;
}

export class ConfigurationFiles {
  readonly paths: readonly string[];
  readonly #backups: Backups;
  #sources: readonly Source[] = [];
  #documents: Documents = [];
  #stamp = '';

  constructor(paths: readonly string[], backups: Backups) {
    this.paths = paths;
    this.#backups = backups;
  }

  /** The files as they are now; read again when one of them was changed. Throws ApiError 500 when one cannot be read. */
  async read(): Promise<Documents> {
    const stamp = await this.#stampNow();
    if (stamp === this.#stamp && stamp !== '') return this.#documents;
    const sources = await readSources(this.paths);
    if ('text' in sources) throw new ApiError(500, problemText(sources));
    this.#sources = sources;
    this.#documents = sources.map(({ document }) => document);
    this.#stamp = stamp;
    return this.#documents;
  }

  /** MD5 is what clients of the original compare; any hash of the content does. */
  get checksum(): string {
    return this.#sources.map(({ hash }) => hash).join('-');
  }

  /**
   * Writes documents over those that they were made of. Throws ApiError 409, with the difference, when a file was changed meanwhile, also where a request
   * has read it anew since.
   */
  async write(from: Documents, documents: Documents): Promise<void> {
    if (!isSame(from, this.#documents)) throw changedMeanwhile('', from, this.#documents);
    const edits = this.#sources.map((source, i) => ({ source, document: documents[i]! }));
    if (this.#backups.count > 0) await keepBackup(from, this.#backups, versionOf(from));
    const written = await writeSources(edits, { backup: 'none', now: new Date() });
    if ('text' in written) {
      this.#stamp = '';
      const now = await this.read();
      if (isSame(from, now)) throw new ApiError(500, problemText(written));
      throw changedMeanwhile(`${problemText(written)}\n`, from, now);
    }
    this.#sources = this.#sources.map((source, i): Source => {
      const document = documents[i]!;
      if (document === source.document) return source;
      return { document, hash: hashOf(encodeText(document.print(), source.encoding)!), encoding: source.encoding };
    });
    // The same list: what was found out about it stays known.
    this.#documents = documents;
    const stamp = await this.#stampNow();
    // What somebody else wrote in between has that stamp, and must be read.
    this.#stamp = (await this.#isOnDisk()) ? stamp : '';
  }

  /** Documents of a text for the first file, the others as they are. */
  withText(documents: Documents, text: string): Documents {
    return documents.with(0, parseDocument(documents[0]?.name ?? this.paths[0]!, text));
  }

  async #isOnDisk(): Promise<boolean> {
    const same = this.#sources.map(async ({ document, hash }) => {
      const bytes = await readFile(document.name).catch(() => null);
      return bytes !== null && hashOf(bytes) === hash;
    });
    return (await Promise.all(same)).every((one) => one);
  }

  /** What tells whether a file is still what was read; '' when that cannot be told. */
  async #stampNow(): Promise<string> {
    try {
      const all = await Promise.all(
        this.paths.map(async (path) => {
          const found = await stat(path, { bigint: true });
          // What a folder has may change without it.
          if (found.isDirectory()) throw new RangeError('a folder');
          return `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`;
        }),
      );
      return all.join('\n');
    } catch {
      return '';
    }
  }
}

function isSame(one: Documents, other: Documents): boolean {
  if (one === other) return true;
  return one.length === other.length && one.every((document, i) => document.print() === other[i]!.print());
}

function changedMeanwhile(problem: string, from: Documents, now: Documents): ApiError {
  const text = problem || 'the files are no longer what was read: they were changed meanwhile: nothing was written\n';
  return new ApiError(409, `${text}${differenceText(from, now)}`);
}
