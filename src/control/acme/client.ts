import type { KeyObject } from 'node:crypto';
import { isIP } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { type HttpAnswer, HttpRequestError, requestHttp } from '../../util/http-request.ts';
import {
  type Authorization,
  authorizationOf,
  type Challenge,
  type Identifier,
  located,
  type Order,
  objectOf,
  orderOf,
  parsed,
  problemOf,
  retryAfterOf,
  textOf,
} from './answers.ts';
import { AcmeError } from './error.ts';
import { accountBinding, type ExternalAccount, signed } from './jws.ts';

/** Where an ACME server does what (RFC 8555, section 7.1.1). */
interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
}

export interface ClientOptions {
  /** PEM certificates that the server's own must come from, null: those that Node.js knows; and whether that is checked. */
  readonly ca: string | null;
  readonly verify: boolean;
  /** Longest time of a request, ms. */
  readonly timeout: number;
  readonly directory: string;
  /** Key of the account. */
  readonly key: KeyObject;
  /** Mail address. */
  readonly contact: string | null;
  readonly external: ExternalAccount | null;
  /** How often a state is asked for where the server does not say, and for how long in all, ms. */
  readonly pollEvery: number;
  readonly patience: number;
}

/** A nonce may be refused without fault of ours (RFC 8555, section 6.5). */
const NONCE_TRIES = 3;
/** Longest answer, bytes: chains are some kilobytes. */
const MAX_ANSWER = 1_048_576;
/** Longest time between two questions for a state, and the shortest where the server asks for less than `pollEvery`, ms. */
const MAX_POLL = 60_000;
const MIN_POLL = 1000;

/** An account with an ACME server (RFC 8555). All methods reject with AcmeError. */
export class AcmeClient {
  readonly #options: ClientOptions;
  readonly #signal: AbortSignal;
  #directory: Directory | null = null;
  #account: string | null = null;
  #nonce: string | null = null;

  constructor(options: ClientOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  /** Makes the account, or finds the one that the key has already. */
  async openAccount(): Promise<void> {
    const { newAccount } = await this.#known();
    const { contact, external, key } = this.#options;
    const answer = await this.#post(newAccount, {
      termsOfServiceAgreed: true,
      ...(contact === null ? {} : { contact: [`mailto:${contact}`] }),
      ...(external === null ? {} : { externalAccountBinding: accountBinding(external, key, newAccount) }),
    });
    this.#account = located(answer, newAccount);
  }

  async newOrder(domains: readonly string[], profile: string | null): Promise<Order> {
    const { newOrder } = await this.#known();
    const identifiers = domains.map((value): Identifier => ({ type: isIP(value) === 0 ? 'dns' : 'ip', value }));
    const answer = await this.#post(newOrder, { identifiers, ...(profile === null ? {} : { profile }) });
    return orderOf(answer, located(answer, newOrder));
  }

  async authorization(url: string): Promise<Authorization> {
    return authorizationOf(await this.#post(url, null), url);
  }

  /** Tells that a challenge can be looked at. */
  async answer({ url }: Challenge): Promise<void> {
    await this.#post(url, {});
  }

  /** Waits until the server has looked: resolves when the authorization is valid. */
  async validated(url: string): Promise<void> {
    const ended = await this.#poll(url, (answer) => {
      const { status } = objectOf(answer, url);
      return status !== 'pending' && status !== 'processing';
    });
    const { status, challenges, identifier } = objectOf(ended, url);
    if (status === 'valid') return;
    const failed = Array.isArray(challenges) ? challenges.find((one) => one?.error) : undefined;
    const name = (identifier as Partial<Identifier> | undefined)?.value ?? url;
    throw problemOf(failed?.error, `the authorization of ${name} is ${String(status)}`, ended);
  }

  /** Hands in the request for the certificate. Resolves to its chain, PEM, when it is made. */
  async finalize(order: Order, request: Buffer): Promise<string> {
    await this.#orderOnce(order, (status) => status !== 'pending', 'ready');
    await this.#post(order.finalize, { csr: request.toString('base64url') });
    const { certificate } = await this.#orderOnce(
      order,
      (status) => status !== 'processing' && status !== 'ready',
      'valid',
    );
    if (certificate === null) throw new AcmeError(`a valid order without a certificate: ${order.url}`);
    return textOf(await this.#post(certificate, null, 'application/pem-certificate-chain'));
  }

  async #orderOnce(order: Order, isOver: (status: string) => boolean, wanted: string): Promise<Order> {
    const answer = await this.#poll(order.url, (one) => isOver(orderOf(one, order.url).status));
    const now = orderOf(answer, order.url);
    if (now.status === wanted || (wanted === 'ready' && now.status === 'valid')) return now;
    throw problemOf(objectOf(answer, order.url)['error'], `the order is ${now.status}`, answer);
  }

  /** Asks for a resource until it is as wanted. */
  async #poll(url: string, isOver: (answer: HttpAnswer) => boolean): Promise<HttpAnswer> {
    const end = Date.now() + this.#options.patience;
    for (;;) {
      const answer = await this.#post(url, null);
      if (isOver(answer)) return answer;
      const { pollEvery } = this.#options;
      const asked = retryAfterOf(answer) ?? pollEvery;
      const pause = Math.min(Math.max(asked, Math.min(pollEvery, MIN_POLL)), MAX_POLL);
      if (Date.now() + pause > end) throw new AcmeError(`no end within ${this.#options.patience / 1000} s: ${url}`);
      await this.#pause(pause);
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await wait(ms, undefined, { signal: this.#signal, ref: false });
    } catch {
      throw new AcmeError('ended');
    }
  }

  async #known(): Promise<Directory> {
    if (this.#directory !== null) return this.#directory;
    const { directory } = this.#options;
    const answer = await this.#send('GET', directory);
    if (answer.status !== 200)
      throw problemOf(parsed(textOf(answer)), `no directory: status ${answer.status} of ${directory}`, answer);
    const { newNonce, newAccount, newOrder } = objectOf(answer, directory);
    if (typeof newNonce !== 'string' || typeof newAccount !== 'string' || typeof newOrder !== 'string')
      throw new AcmeError(`not a directory of ACME: ${directory}`);
    this.#directory = { newNonce, newAccount, newOrder };
    return this.#directory;
  }

  async #post(url: string, payload: unknown, accept?: string): Promise<HttpAnswer> {
    for (let tries = 1; ; tries++) {
      const nonce = this.#nonce ?? (await this.#newNonce());
      this.#nonce = null;
      const body = signed({ url, nonce, payload }, this.#options.key, this.#account);
      const answer = await this.#send('POST', url, body, accept);
      this.#nonce = nonceOf(answer);
      if (answer.status < 300) return answer;
      const failure = problemOf(parsed(textOf(answer)), `status ${answer.status} of ${url}`, answer);
      if (failure.type !== 'badNonce' || tries === NONCE_TRIES) throw failure;
    }
  }

  async #send(method: 'GET' | 'HEAD' | 'POST', url: string, body = '', accept = ''): Promise<HttpAnswer> {
    const { ca, verify, timeout } = this.#options;
    const target = URL.parse(url);
    if (target === null || !/^https?:$/.test(target.protocol))
      throw new AcmeError(`not a URL of http or https: '${url}'`);
    const isPost = method === 'POST';
    const headers = {
      ...{ 'user-agent': 'sluice', ...(accept === '' ? {} : { accept }) },
      ...(isPost ? { 'content-type': 'application/jose+json' } : {}),
    };
    const tls = { rejectUnauthorized: verify, ...(ca === null ? {} : { ca }) };
    try {
      return await requestHttp(target, {
        ...{ method, headers, tls, ...(isPost ? { body } : {}) },
        ...{ timeout, limit: MAX_ANSWER, signal: this.#signal, alone: true },
      });
    } catch (error) {
      if (this.#signal.aborted) throw new AcmeError('ended');
      throw error instanceof HttpRequestError ? new AcmeError(`${method} ${url}: ${error.message}`) : error;
    }
  }

  async #newNonce(): Promise<string> {
    const { newNonce } = await this.#known();
    const answer = await this.#send('HEAD', newNonce);
    const nonce = nonceOf(answer);
    if (nonce === null) throw new AcmeError(`no nonce: status ${answer.status} of ${newNonce}`);
    return nonce;
  }
}

function nonceOf({ headers }: HttpAnswer): string | null {
  const nonce = headers['replay-nonce'];
  return typeof nonce === 'string' ? nonce : null;
}
