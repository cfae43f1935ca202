/**
 * SPOE files as clients edit them. Each has a version of its own; an edit is judged by the load balancer with the file in its
 * place, put in force by a reload where the configuration names the file, and taken back when it is refused.
 */

import { randomUUID } from 'node:crypto';
import { parseDocument } from '../../config/document.ts';
import type { Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { UploadedFile } from '../service/multipart.ts';
import { areaNamed, useOf } from '../storage/areas.ts';
import type { Folder } from '../storage/folder.ts';
import { type BesideOptions, besideOf } from '../store/beside.ts';
import type { Commits } from '../store/commits.ts';
import { differenceText } from '../store/difference.ts';
import { versionMismatch } from '../store/transactions.ts';
import { versionOf, withVersion } from '../store/version.ts';
import { type SpoeTransaction, SpoeTransactions } from './transactions.ts';

export interface SpoeOptions extends BesideOptions {
  readonly commits: Commits;
  /** Where transactions are kept, and how many may be open. */
  readonly transactions: { readonly folder: string; readonly maxOpen: number };
}

/** How an edit is asked for: in a transaction, or on a version. */
export interface SpoeEdit {
  readonly requester: Requester;
  readonly transaction: string | null;
  readonly version: number | null;
  readonly edit: (documents: Documents) => Documents;
}

/** What came of an edit. */
export interface SpoeEdited {
  readonly documents: Documents;
  /** The reload that puts it in force; null: none is needed. */
  readonly reload: string | null;
}

const AREA = areaNamed('spoe');

export class SpoeFiles {
  readonly folder: Folder;
  readonly transactions: SpoeTransactions;
  readonly #options: SpoeOptions;
  /** Edits are made one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: SpoeOptions) {
    this.#options = options;
    this.folder = AREA.folder(options.folders);
    this.transactions = new SpoeTransactions(options.transactions.folder, options.transactions.maxOpen);
  }

  /** Takes up transactions that were open when the service ended. */
  resume(): Promise<void> {
    return this.transactions.resume(this.folder.options.path);
  }

  /** Paths of all files. */
  async list(): Promise<string[]> {
    return (await this.folder.list()).map(({ file }) => file);
  }

  /** The path of a file. Throws ApiError 404. */
  async path(name: string): Promise<string> {
    return (await this.folder.find(name)).file;
  }

  /** Keeps a new file; its path. Throws ApiError 403 or 409. */
  async create({ name: given, content }: UploadedFile, requester: Requester): Promise<string> {
    const name = this.folder.nameFor(given);
    await this.#permit(this.folder.path(name), requester);
    return (await this.folder.create(name, content)).file;
  }

  /** Throws ApiError 403, 404, or 409 when the configuration names it. */
  async remove(name: string, requester: Requester): Promise<void> {
    const file = await this.path(name);
    await this.#permit(file, requester);
    const use = useOf(await this.#options.commits.files.read(), file);
    if (use !== null) throw new ApiError(409, `${file} is named at ${use}`);
    await this.folder.remove(name);
  }

  /** The file as it is, or as a transaction has it. Throws ApiError 400 or 404. */
  async read(name: string, transaction: string | null): Promise<Documents> {
    if (transaction !== null) {
      const file = await this.path(name);
      return documentsOf(file, this.transactions.open(file, transaction).text);
    }
    return documentsOf(await this.path(name), await this.folder.read(name));
  }

  /** Makes an edit. Throws ApiError: what `edit` throws, or why the file that comes of it is refused. */
  edit(name: string, { requester, transaction, version, edit }: SpoeEdit): Promise<SpoeEdited> {
    return this.#inTurn(async () => {
      const file = await this.path(name);
      if (transaction !== null) {
        const found = this.transactions.open(file, transaction);
        const documents = edit(documentsOf(file, found.text));
        await this.transactions.edit(found, documents[0]!.print());
        return { documents, reload: null };
      }
      const before = await this.read(name, null);
      if (version !== versionOf(before)) throw versionMismatch(versionOf(before), version!);
      return this.#put(name, edit(before), versionOf(before), requester, false);
    });
  }

  /** Begins a transaction on the version of a file. Throws ApiError 404, 409 or 429. */
  async begin(name: string, version: number): Promise<SpoeTransaction> {
    const documents = await this.read(name, null);
    if (version !== versionOf(documents)) throw versionMismatch(versionOf(documents), version);
    return this.transactions.begin(await this.path(name), version, documents[0]!.print());
  }

  /** Commits a transaction. It has failed when another version is in the file, or the file is refused. */
  commit(
    name: string,
    id: string,
    requester: Requester,
    forceReload: boolean,
  ): Promise<SpoeEdited & { readonly transaction: SpoeTransaction }> {
    return this.#inTurn(async () => {
      const file = await this.path(name);
      const transaction = this.transactions.find(file, id);
      if (transaction.status !== 'in_progress')
        throw new ApiError(406, `transaction ${id} is ${transaction.status} and cannot be committed`);
      try {
        const now = await this.read(name, null);
        if (versionOf(now) !== transaction.version) throw versionMismatch(versionOf(now), transaction.version);
        const difference = differenceText(documentsOf(file, transaction.base), now);
        if (difference !== '')
          throw new ApiError(409, `the file was changed by somebody else since transaction ${id} began\n${difference}`);
        const wanted = documentsOf(file, transaction.text);
        const done = await this.#put(name, wanted, transaction.version, requester, forceReload);
        await this.transactions.end(transaction, 'success');
        return { ...done, transaction };
      } catch (error) {
        await this.transactions.end(transaction, 'failed');
        throw error;
      }
    });
  }

  async #put(
    name: string,
    wanted: Documents,
    version: number,
    requester: Requester,
    forceReload: boolean,
  ): Promise<SpoeEdited> {
    await this.#permit(this.folder.path(name), requester);
    const documents = withVersion(wanted, version + 1);
    const content = Buffer.from(documents[0]!.print()).toString('base64');
    const { reload } = await this.#options.commits.run({
      requester,
      forceReload,
      keepVersion: true,
      edit: (configuration) => configuration,
      beside: besideOf(randomUUID(), [{ kind: 'file', area: 'spoe', name, content }], this.#options),
    });
    return { documents, reload };
  }

  async #permit(file: string, requester: Requester): Promise<void> {
    const denied = await this.#options.balancer.permits(requester, [AREA.action(file)]);
    if (denied !== null) throw new ApiError(403, denied);
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work);
    this.#tail = done.catch(() => {});
    return done;
  }
}

function documentsOf(file: string, text: string): Documents {
  return [parseDocument(file, text)];
}
