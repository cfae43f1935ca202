/** Transactions of SPOE files: a state of one file that is edited apart. Kept in files while they are open. */

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ApiError } from '../service/error.ts';
import { checkOwner } from '../store/check-owner.ts';

/** A transaction as clients see it. */
export interface SpoeTransactionView {
  readonly _version: number;
  readonly id: string;
  readonly status: SpoeStatus;
}

export const SPOE_STATUSES = ['in_progress', 'failed', 'success'] as const;
export type SpoeStatus = (typeof SPOE_STATUSES)[number];

export interface SpoeTransaction {
  readonly id: string;
  /** Path of the file. */
  readonly file: string;
  readonly version: number;
  /** Text of the file when it began. */
  readonly base: string;
  text: string;
  status: SpoeStatus;
}

/** Transactions that are over are told as long as there are not more. */
const MOST_ENDED = 200;

export class SpoeTransactions {
  readonly #folder: string;
  readonly #maxOpen: number;
  readonly #all = new Map<string, SpoeTransaction>();

  constructor(folder: string, maxOpen: number) {
    this.#folder = folder;
    this.#maxOpen = maxOpen;
  }

  /** Takes up what was open of the files in a folder when the service ended. Rejects with an Error when what is kept is somebody else's. */
  async resume(files: string): Promise<void> {
    await checkOwner(this.#folder);
    for (const name of await readdir(this.#folder).catch(() => [] as string[])) {
      const id = /^spoe\.([0-9a-f-]{36})\.json$/.exec(name)?.[1];
      if (id === undefined) continue;
      const text = await readFile(join(this.#folder, name), 'utf8').catch(() => '');
      const found = parsed(text);
      if (found !== null && dirname(found.file) === files) this.#all.set(id, { ...found, id, status: 'in_progress' });
    }
  }

  /** Those of a file, or of these of one status. Throws ApiError 400. */
  list(file: string, status: string | null): SpoeTransactionView[] {
    if (status !== null && !SPOE_STATUSES.includes(status as SpoeStatus))
      throw new ApiError(400, `status '${status}' is none of ${SPOE_STATUSES.join(', ')}`);
    return [...this.#all.values()]
      .filter((one) => one.file === file && (status === null || one.status === status))
      .map(spoeView);
  }

  /** Throws ApiError 404. */
  find(file: string, id: string): SpoeTransaction {
    const found = this.#all.get(id);
    if (found?.file !== file) throw new ApiError(404, `transaction does not exist: '${id}'`);
    return found;
  }

  /** One that can be edited. Throws ApiError 400. */
  open(file: string, id: string): SpoeTransaction {
    const found = this.#all.get(id);
    if (found?.file !== file) throw new ApiError(400, `transaction does not exist: '${id}'`);
    if (found.status !== 'in_progress') throw new ApiError(400, `transaction ${id} is ${found.status}`);
    return found;
  }

  async begin(file: string, version: number, base: string): Promise<SpoeTransaction> {
    const open = [...this.#all.values()].filter(({ status }) => status === 'in_progress').length;
    if (open >= this.#maxOpen)
      throw new ApiError(
        429,
        `${open} transactions of SPOE files are in progress already, and ${this.#maxOpen} may be: commit or delete one`,
      );
    const transaction: SpoeTransaction = { id: randomUUID(), file, version, base, text: base, status: 'in_progress' };
    this.#all.set(transaction.id, transaction);
    await this.#write(transaction);
    return transaction;
  }

  async edit(transaction: SpoeTransaction, text: string): Promise<void> {
    transaction.text = text;
    await this.#write(transaction);
  }

  async end(transaction: SpoeTransaction, status: SpoeStatus): Promise<void> {
    transaction.status = status;
    await rm(this.#path(transaction), { force: true });
    const ended = [...this.#all.values()].filter((one) => one.status !== 'in_progress');
    for (const one of ended.slice(0, -MOST_ENDED)) this.#all.delete(one.id);
  }

  async drop(transaction: SpoeTransaction): Promise<void> {
    this.#all.delete(transaction.id);
    await rm(this.#path(transaction), { force: true });
  }

  async #write(transaction: SpoeTransaction): Promise<void> {
    const { file, version, base, text } = transaction;
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(transaction);
    await writeFile(`${path}.new`, JSON.stringify({ file, version, base, text }), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  #path({ id }: SpoeTransaction): string {
    return join(this.#folder, `spoe.${id}.json`);
  }
}

export function spoeView({ id, version, status }: SpoeTransaction): SpoeTransactionView {
  return { _version: version, id, status };
}

function parsed(text: string): Pick<SpoeTransaction, 'file' | 'version' | 'base' | 'text'> | null {
  try {
    return JSON.parse(text) as Pick<SpoeTransaction, 'file' | 'version' | 'base' | 'text'>;
  } catch {
    return null;
  }
}
