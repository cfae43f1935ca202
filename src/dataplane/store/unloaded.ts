/** Remembers, over the end of the service however it comes, that the load balancer may not run on what is on disk. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Requester } from '../balancer/balancer.ts';

/** What stands in the file that is there meanwhile. */
interface Note {
  /** Who wrote last. */
  readonly requester: Requester;
  /** Version of the configuration before: when it is found, nothing was written. null: that cannot be told. */
  readonly version: number | null;
}

export class Unloaded {
  readonly #folder: string;
  readonly #path: string;
  /** How many are writing and putting in force. */
  #open = 0;
  /** A reload is to come. */
  #waits = false;

  /** `folder`: where it is kept; `configuration`: the first file of the configuration that it is about. */
  constructor(folder: string, configuration: string) {
    const name = createHash('sha256').update(configuration).digest('hex').slice(0, 16);
    this.#folder = folder;
    this.#path = join(folder, `unloaded.${name}.json`);
  }

  /** Who wrote what was not put in force when the service ended; null: nothing was. `version`: that of the configuration now. */
  found(version: number): Requester | null {
    let note: Note;
    try {
      note = JSON.parse(readFileSync(this.#path, 'utf8')) as Note;
    } catch {
      return null;
    }
    if (note.version === version) {
      rmSync(this.#path, { force: true });
      return null;
    }
    this.#waits = true;
    return note.requester;
  }

  /** Something is written and put in force; resolves to what `work` does: its `reload` is the one that is to come. */
  async during<T extends { readonly reload: string | null }>(
    requester: Requester,
    version: number | null,
    work: () => Promise<T>,
  ): Promise<T> {
    // Of several at once none knows what the others had written.
    this.#note({ requester, version: this.#open > 0 || this.#waits ? null : version });
    this.#open++;
    try {
      const result = await work();
      if (result.reload !== null && !this.#waits) {
        this.#waits = true;
        this.#note({ requester, version: null });
      }
      return result;
    } finally {
      this.#open--;
      this.#forget();
    }
  }

  /** The files were loaded. `more`: another reload waits already. */
  loaded(more: boolean): void {
    this.#waits = more;
    this.#forget();
  }

  #note(note: Note): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#path}.new`, JSON.stringify(note), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }

  #forget(): void {
    if (this.#open === 0 && !this.#waits) rmSync(this.#path, { force: true });
  }
}
