/** Transactions: states of the configuration that are edited apart, and committed whole with what goes with them. Kept in files while they are open. */

import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from '../../config/document.ts';
import type { Balancer, Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { StorageFolders } from '../storage/areas.ts';
import { type BesideOptions, besideOf, takeBackInterrupted } from './beside.ts';
import { checkOwner } from './check-owner.ts';
import type { Commits, Committed } from './commits.ts';
import { differenceText } from './difference.ts';
import type { Step } from './steps.ts';
import { versionOf } from './version.ts';

export type TransactionStatus = 'in_progress' | 'failed' | 'outdated' | 'success';

/** A transaction as clients see it. */
export interface TransactionView {
  readonly _version: number;
  readonly id: string;
  readonly status: TransactionStatus;
}

interface Transaction {
  readonly id: string;
  readonly version: number;
  status: TransactionStatus;
  /** The configuration when it began. */
  readonly base: Documents;
  documents: Documents;
  /** What it does besides. */
  steps: readonly Step[];
}

export interface TransactionOptions {
  readonly folder: string;
  readonly maxOpen: number;
  readonly folders: StorageFolders;
}

const STATUSES: readonly TransactionStatus[] = ['in_progress', 'failed', 'outdated', 'success'];
/** How long edits of a transaction gather before its file is written, ms. */
const WRITE_DELAY = 100;

export class Transactions {
  readonly #commits: Commits;
  readonly #options: TransactionOptions;
  readonly #beside: BesideOptions;
  readonly #all = new Map<string, Transaction>();
  readonly #dirty = new Map<Transaction, NodeJS.Timeout>();

  constructor(commits: Commits, balancer: Balancer, options: TransactionOptions) {
    this.#commits = commits;
    this.#options = options;
    const [configuration] = commits.files.paths;
    this.#beside = { folders: options.folders, balancer, folder: options.folder, configuration: configuration! };
  }

  /** Takes up what was open when the service ended, and takes back what it was killed in. */
  async resume(): Promise<void> {
    await checkOwner(this.#options.folder);
    await takeBackInterrupted(this.#beside, versionOf(await this.#commits.files.read()));
    for (const status of STATUSES.slice(0, 3))
      for (const name of await readdir(this.#folder(status)).catch(() => [] as string[])) {
        const id = /^transaction\.([0-9a-f-]{36})\.json$/.exec(name)?.[1];
        if (id === undefined) continue;
        const text = await readFile(join(this.#folder(status), name), 'utf8').catch(() => null);
        const found = text === null ? null : parsed(text);
        if (found !== null) this.#all.set(id, { id, status, ...found });
      }
  }

  list(status: string | null): TransactionView[] {
    if (status !== null && !STATUSES.includes(status as TransactionStatus))
      throw new ApiError(400, `status '${status}' is none of ${STATUSES.join(', ')}`);
    return [...this.#all.values()].filter((one) => status === null || one.status === status).map(view);
  }

  find(id: string): TransactionView {
    return view(this.#find(id));
  }

  /** Begins one on the version that is in force. */
  async begin(version: number): Promise<TransactionView> {
    const documents = await this.#commits.files.read();
    const current = versionOf(documents);
    if (version !== current) throw versionMismatch(current, version);
    const open = [...this.#all.values()].filter(({ status }) => status === 'in_progress').length;
    if (open >= this.#options.maxOpen)
      throw new ApiError(
        429,
        `${open} transactions are in progress already, and ${this.#options.maxOpen} may be: commit or delete one`,
      );
    const [id, status] = [randomUUID(), 'in_progress'] as const;
    const transaction: Transaction = { id, version, status, base: documents, documents, steps: [] };
    this.#all.set(transaction.id, transaction);
    await this.#write(transaction);
    return view(transaction);
  }

  /** The configuration as a transaction has it. */
  documents(id: string): Documents {
    return this.#open(id).documents;
  }

  /** Version that a transaction began with, while it is in progress. */
  version(id: string): number | null {
    const found = this.#all.get(id);
    return found?.status === 'in_progress' ? found.version : null;
  }

  edit(id: string, edit: (documents: Documents) => Documents): void {
    const transaction = this.#open(id);
    transaction.documents = edit(transaction.documents);
    this.#changed(transaction);
  }

  /** Does something besides with its commit. */
  add(id: string, step: Step): void {
    const transaction = this.#open(id);
    transaction.steps = [...transaction.steps, step];
    this.#changed(transaction);
  }

  /** What it does besides the configuration, so far. */
  steps(id: string): readonly Step[] {
    return this.#open(id).steps;
  }

  #changed(transaction: Transaction): void {
    if (!this.#dirty.has(transaction))
      this.#dirty.set(
        transaction,
        setTimeout(() => void this.#flush(transaction), WRITE_DELAY),
      );
  }

  /** What it would change: the two states, and what is done besides. */
  states(id: string): Pick<Transaction, 'base' | 'documents' | 'steps'> {
    const { base, documents, steps } = this.#find(id);
    return { base, documents, steps };
  }

  async drop(id: string): Promise<void> {
    const transaction = this.#find(id);
    this.#all.delete(id);
    this.#forget(transaction);
    await rm(this.#path(transaction), { force: true });
  }

  /** Commits it; it is outdated when another version is in force, failed when the configuration is refused. */
  async commit(
    id: string,
    requester: Requester,
    forceReload: boolean,
  ): Promise<Committed & { readonly transaction: TransactionView }> {
    const transaction = this.#find(id);
    if (transaction.status !== 'in_progress')
      throw new ApiError(406, `transaction ${id} is ${transaction.status} and cannot be committed`);
    // Taken out of the way of others that commit it, too.
    transaction.status = 'success';
    try {
      const committed = await this.#commits.run({
        requester,
        forceReload,
        edit: (documents, version) => this.#merge(transaction, documents, version),
        ...(transaction.steps.length === 0 ? {} : { beside: besideOf(id, transaction.steps, this.#beside) }),
      });
      this.#forget(transaction);
      await rm(this.#path({ ...transaction, status: 'in_progress' }), { force: true });
      await this.#outdate(committed.version);
      return { ...committed, transaction: view(transaction) };
    } catch (error) {
      const status = error instanceof ApiError && error.status === 409 ? 'outdated' : 'failed';
      transaction.status = 'in_progress';
      await this.#move(transaction, status);
      throw error;
    }
  }

  async close(): Promise<void> {
    for (const transaction of [...this.#dirty.keys()]) await this.#flush(transaction);
  }

  #merge(transaction: Transaction, documents: Documents, version: number): Documents {
    if (version !== transaction.version) throw versionMismatch(version, transaction.version);
    const difference = differenceText(transaction.base, documents);
    if (difference !== '')
      throw new ApiError(
        409,
        `the file was changed by somebody else since transaction ${transaction.id} began\n${difference}`,
      );
    return transaction.documents;
  }

  /** Others that began with an older version have no future. */
  async #outdate(version: number): Promise<void> {
    for (const other of this.#all.values())
      if (other.status === 'in_progress' && other.version < version) await this.#move(other, 'outdated');
  }

  #find(id: string): Transaction {
    const found = this.#all.get(id);
    if (found === undefined) throw new ApiError(404, `transaction does not exist: '${id}'`);
    return found;
  }

  #open(id: string): Transaction {
    const found = this.#all.get(id);
    if (found === undefined) throw new ApiError(400, `transaction does not exist: '${id}'`);
    if (found.status !== 'in_progress') throw new ApiError(400, `transaction ${id} is ${found.status}`);
    return found;
  }

  #forget(transaction: Transaction): void {
    clearTimeout(this.#dirty.get(transaction));
    this.#dirty.delete(transaction);
  }

  async #flush(transaction: Transaction): Promise<void> {
    this.#forget(transaction);
    // What cannot be kept is only lost when the service ends before it is committed.
    if (transaction.status === 'in_progress') await this.#write(transaction).catch(() => {});
  }

  async #move(transaction: Transaction, status: TransactionStatus): Promise<void> {
    this.#forget(transaction);
    const from = this.#path(transaction);
    transaction.status = status;
    await mkdir(this.#folder(status), { recursive: true, mode: 0o700 });
    await rename(from, this.#path(transaction)).catch(() => {});
  }

  async #write(transaction: Transaction): Promise<void> {
    await mkdir(this.#folder(transaction.status), { recursive: true, mode: 0o700 });
    const texts = (documents: Documents) => documents.map((one) => ({ name: one.name, text: one.print() }));
    const kept = {
      version: transaction.version,
      base: texts(transaction.base),
      documents: texts(transaction.documents),
      steps: transaction.steps,
    };
    const path = this.#path(transaction);
    await writeFile(`${path}.new`, JSON.stringify(kept), { mode: 0o600 });
    await rename(`${path}.new`, path);
  }

  #folder(status: TransactionStatus): string {
    return status === 'in_progress' ? this.#options.folder : join(this.#options.folder, status);
  }

  #path({ id, status }: Pick<Transaction, 'id' | 'status'>): string {
    return join(this.#folder(status), `transaction.${id}.json`);
  }
}

/** The version that a request names is not that of the configuration. */
export function versionMismatch(current: number, given: number): ApiError {
  return new ApiError(409, `version mismatch: the configuration has version ${current}, the request names ${given}`);
}

function view({ id, version, status }: Transaction): TransactionView {
  return { _version: version, id, status };
}

function parsed(text: string): Pick<Transaction, 'version' | 'base' | 'documents' | 'steps'> | null {
  try {
    const { version, base, documents, steps } = JSON.parse(text) as {
      version: number;
      base: { name: string; text: string }[];
      documents: { name: string; text: string }[];
      steps: Step[];
    };
    const read = (files: typeof base) => files.map((file) => parseDocument(file.name, file.text));
    return { version, base: read(base), documents: read(documents), steps };
  } catch {
    return null;
  }
}
