/** A client of the HAProxy Data Plane API, version 3, as Sluice serves it. */

import { setTimeout as sleep } from 'node:timers/promises';
import type { HttpTls } from '../util/http-request.ts';
import { parseServiceAddress } from './address.ts';
import { ConflictError, ReloadFailedError } from './errors.ts';
import { ask, type Call, type Connection } from './request.ts';
import type { Answered, AnswerOf, ArgsOf, Method, PathOf } from './types.ts';

export interface DataPlaneOptions {
  readonly user?: string;
  readonly password?: string;
  /** Longest time for one request, ms; default 30,000. */
  readonly timeout?: number;
  /** Most bytes of an answer; default 256 MB. */
  readonly limit?: number;
  /** PEM texts: authorities that are trusted, a certificate of one's own; and whether the service's is checked at all. */
  readonly tls?: HttpTls;
}

export interface TransactionOptions {
  /** Reload at once where one is needed; when it fails nothing is changed. */
  readonly forceReload?: boolean;
  /** How often the whole is made anew when somebody else has changed the configuration meanwhile; default 3. */
  readonly retries?: number;
  readonly signal?: AbortSignal;
}

const TRANSACTIONS = '/services/haproxy/transactions';

/** Calls by method and path. Each rejects with a RefusedError or a NoAnswerError. */
export class DataPlane {
  readonly #connection: Connection;

  /** `address`: `http://HOST:PORT`, `https://HOST:PORT` or `unix:/PATH`; user and password may be in it. Throws a DataPlaneError on others. */
  constructor(
    address: string,
    { user, password, timeout = 30_000, limit = 256 * 1024 * 1024, tls = {} }: DataPlaneOptions = {},
  ) {
    const parsed = parseServiceAddress(address);
    this.#connection = {
      ...parsed,
      user: user ?? parsed.user,
      password: password ?? parsed.password,
      ...{ timeout, limit, tls },
    };
  }

  get<P extends PathOf<'GET'>>(path: P, ...call: ArgsOf<'GET', P>): Promise<AnswerOf<'GET', P>> {
    return this.#value('GET', path, call);
  }

  post<P extends PathOf<'POST'>>(path: P, ...call: ArgsOf<'POST', P>): Promise<AnswerOf<'POST', P>> {
    return this.#value('POST', path, call);
  }

  put<P extends PathOf<'PUT'>>(path: P, ...call: ArgsOf<'PUT', P>): Promise<AnswerOf<'PUT', P>> {
    return this.#value('PUT', path, call);
  }

  delete<P extends PathOf<'DELETE'>>(path: P, ...call: ArgsOf<'DELETE', P>): Promise<AnswerOf<'DELETE', P>> {
    return this.#value('DELETE', path, call);
  }

  /** The same with what is told beside the answer: version, reload, entity tag. */
  async request<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    ...call: ArgsOf<M, P>
  ): Promise<Answered<AnswerOf<M, P>>> {
    return (await ask(this.#connection, method, path, ((call as readonly unknown[])[0] ?? {}) as Call)) as Answered<
      AnswerOf<M, P>
    >;
  }

  async #value<T>(method: Method, path: string, [call = {}]: readonly unknown[]): Promise<T> {
    return (await ask(this.#connection, method, path, call as Call)).value as T;
  }

  /** The version of the configuration that is in force. */
  version(): Promise<number> {
    return this.get('/services/haproxy/configuration/version');
  }

  /**
   * Makes all changes of `work` in one transaction, and commits it: all of them or none. Resolves with what `work` gave when it is in force. Rejects with
   * what `work` throws, and with a ReloadFailedError when a reload that was needed failed.
   */
  async transaction<T>(work: (transaction: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const { forceReload = false, retries = 3, signal } = options;
    const more = signal === undefined ? {} : { signal };
    for (let attempt = 0; ; attempt++) {
      try {
        const { id } = await this.post(TRANSACTIONS, { query: { version: await this.version() }, ...more });
        const { result, reload } = await this.#within(id, work, forceReload, more);
        if (reload !== null) await this.reloaded(reload, signal);
        return result;
      } catch (error) {
        signal?.throwIfAborted();
        if (!(error instanceof ConflictError) || !/version/.test(error.message) || attempt >= retries) throw error;
      }
    }
  }

  async #within<T>(
    id: string,
    work: (transaction: Transaction) => Promise<T>,
    forceReload: boolean,
    more: { readonly signal?: AbortSignal },
  ): Promise<{ readonly result: T; readonly reload: string | null }> {
    try {
      const result = await work(new Transaction(this.#connection, id));
      const query = { force_reload: forceReload };
      const { reload } = await this.request('PUT', `${TRANSACTIONS}/{id}`, { path: { id }, query, ...more });
      return { result, reload };
    } catch (error) {
      // What has been given up is not to count any more; that it cannot be dropped is not the news.
      await this.delete(`${TRANSACTIONS}/{id}`, { path: { id } }).catch(() => undefined);
      throw error;
    }
  }

  /** Resolves when the reload has succeeded. Rejects with a ReloadFailedError when it has not. */
  async reloaded(id: string, signal?: AbortSignal): Promise<void> {
    for (let wait = FIRST_LOOK_MS; ; wait = Math.min(LONGEST_LOOK_MS, wait * 2)) {
      await sleep(wait, undefined, signal === undefined ? {} : { signal });
      const { status, response } = await this.get('/services/haproxy/reloads/{id}', { path: { id } });
      if (status === 'succeeded') return;
      if (status === 'failed') throw new ReloadFailedError(id, response ?? `reload ${id} failed`);
    }
  }
}

/** Pauses between looks at a reload, ms. */
const FIRST_LOOK_MS = 50;
const LONGEST_LOOK_MS = 1000;

/** Calls within a transaction: nothing of it is in force before it is committed, and nobody else sees it. */
export class Transaction {
  readonly id: string;
  readonly #connection: Connection;

  constructor(connection: Connection, id: string) {
    this.#connection = connection;
    this.id = id;
  }

  get<P extends PathOf<'GET'>>(path: P, ...call: ArgsOf<'GET', P>): Promise<AnswerOf<'GET', P>> {
    return this.#ask('GET', path, call);
  }

  post<P extends PathOf<'POST'>>(path: P, ...call: ArgsOf<'POST', P>): Promise<AnswerOf<'POST', P>> {
    return this.#ask('POST', path, call);
  }

  put<P extends PathOf<'PUT'>>(path: P, ...call: ArgsOf<'PUT', P>): Promise<AnswerOf<'PUT', P>> {
    return this.#ask('PUT', path, call);
  }

  delete<P extends PathOf<'DELETE'>>(path: P, ...call: ArgsOf<'DELETE', P>): Promise<AnswerOf<'DELETE', P>> {
    return this.#ask('DELETE', path, call);
  }

  async #ask<T>(method: Method, path: string, [call = {}]: readonly unknown[]): Promise<T> {
    const given = call as Call;
    const query = { ...given.query, transaction_id: this.id };
    return (await ask(this.#connection, method, path, { ...given, query })).value as T;
  }
}
