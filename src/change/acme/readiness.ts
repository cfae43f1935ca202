import { createHash } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { AcmeConfig } from '../../config/types.ts';
import { AcmeError } from '../../control/acme/error.ts';
import type { Task } from '../../control/acme/obtain.ts';
import type { RenewalHost } from './host.ts';

/** What a TXT record of `_acme-challenge.DOMAIN` is to say (RFC 8555, section 8.4). */
export function recordText(task: Task): string {
  return createHash('sha256').update(task.keyAuthorization).digest('base64url');
}

/** Waits until the challenges of an order are in place, as `challenge-ready` says. */
export class Readiness {
  readonly #section: AcmeConfig;
  readonly #host: RenewalHost;
  readonly #signal: AbortSignal;
  /** Domains that nobody has said to be ready. */
  readonly #open: Set<string>;
  #told: (() => void) | null = null;

  constructor(section: AcmeConfig, host: RenewalHost, tasks: readonly Task[], signal: AbortSignal) {
    this.#section = section;
    this.#host = host;
    this.#signal = signal;
    this.#open = new Set(tasks.map(({ domain }) => domain));
  }

  /** Somebody says that a domain's challenge is in place. Gives the number of those that are not; null when none was asked for. */
  ready(domain: string): number | null {
    if (!this.#open.delete(domain)) return null;
    if (this.#open.size === 0) this.#told?.();
    return this.#open.size;
  }

  /** Resolves when the server may look; rejects with AcmeError when that takes too long. */
  async wait(tasks: readonly Task[]): Promise<void> {
    const { ready, challenge, dnsDelay } = this.#section;
    const wanted = ready ?? (challenge === 'dns-01' ? ['cli'] : []);
    const end = Date.now() + this.#section.dnsTimeout;
    if (wanted.includes('initial-dns') && (await this.#missing(tasks)).length === 0) return;
    if (wanted.includes('delay')) await this.#pause(dnsDelay);
    if (wanted.includes('cli')) await this.#said(end);
    if (wanted.includes('dns') || wanted.includes('initial-dns')) await this.#found(tasks, end);
  }

  async #said(end: number): Promise<void> {
    if (this.#open.size === 0) return;
    const told = new Promise<true>((resolve) => {
      this.#told = () => resolve(true);
    });
    const late = this.#pause(end - Date.now()).then(() => false as const);
    if (await Promise.race([told, late])) return;
    throw new AcmeError(`nobody has said that the challenges of ${[...this.#open].join(', ')} are ready`);
  }

  async #found(tasks: readonly Task[], end: number): Promise<void> {
    for (;;) {
      const missing = await this.#missing(tasks);
      if (missing.length === 0) return;
      if (Date.now() + this.#section.dnsDelay > end)
        throw new AcmeError(`no TXT record of _acme-challenge for ${missing.join(', ')} is as it should be`);
      await this.#pause(this.#section.dnsDelay);
    }
  }

  async #missing(tasks: readonly Task[]): Promise<string[]> {
    const missing: string[] = [];
    for (const task of tasks) {
      const records = await this.#host.textRecords(`_acme-challenge.${task.domain}`).catch((): string[] => []);
      if (!records.includes(recordText(task))) missing.push(task.domain);
    }
    return missing;
  }

  async #pause(ms: number): Promise<void> {
    try {
      await wait(Math.max(0, ms), undefined, { signal: this.#signal, ref: false });
    } catch {
      throw new AcmeError('ended');
    }
  }
}
