import { generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { AcmeConfig } from '../../config/types.ts';
import { AcmeClient, type ClientOptions } from '../../control/acme/client.ts';
import { AcmeError } from '../../control/acme/error.ts';
import { obtain } from '../../control/acme/obtain.ts';
import type { Managed, RenewalHost } from './host.ts';
import { preparationOf } from './preparation.ts';
import { Readiness } from './readiness.ts';

/** A certificate with what is planned for it. */
export interface Renewal {
  readonly path: string;
  readonly section: string;
  readonly state: 'Scheduled' | 'Running' | 'Stopped';
  /** Dates, ms; null: none. */
  readonly expires: number | null;
  readonly scheduled: number | null;
}

interface Entry {
  managed: Managed;
  scheduled: number | null;
  failures: number;
  running: { readonly end: AbortController; readiness: Readiness | null } | null;
}

/** Part of a certificate's life that is left when it is renewed, as in HAProxy. */
const LEFT = 12;
/** Longest sleep: dates of the machine may be set anew, ms. */
const MAX_SLEEP = 3_600_000;
/** Wait after the first failure, doubled with each, and its end, ms. */
const FIRST_RETRY = 60_000;
const LAST_RETRY = 12 * 3_600_000;
/** Orders at a time. */
const AT_ONCE = 4;
/** Of the exchange with the server, ms. */
const TIMES: Pick<ClientOptions, 'timeout' | 'pollEvery' | 'patience'> = {
  timeout: 30_000,
  pollEvery: 3000,
  patience: 300_000,
};

const newKeyPair = promisify(generateKeyPair);

/** Orders certificates in time, and when somebody asks for it. */
export class AcmeRenewals {
  readonly #host: RenewalHost;
  readonly #times: typeof TIMES;
  readonly #entries = new Map<string, Entry>();
  #automatic = true;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(host: RenewalHost, times = TIMES) {
    this.#host = host;
    this.#times = times;
  }

  /** What is to be renewed from now on. `automatic`: without being asked (`acme.scheduler`). What is under way and still wanted goes on. */
  configure(all: readonly Managed[], automatic: boolean): void {
    this.#automatic = automatic;
    const paths = new Set(all.map(({ path }) => path));
    for (const [path, entry] of this.#entries) {
      if (paths.has(path)) continue;
      entry.running?.end.abort();
      this.#entries.delete(path);
    }
    for (const managed of all) {
      const known = this.#entries.get(managed.path);
      if (known === undefined) {
        this.#entries.set(managed.path, { managed, scheduled: this.#due(managed.path), failures: 0, running: null });
        continue;
      }
      const same = JSON.stringify(known.managed) === JSON.stringify(managed);
      known.managed = managed;
      if (same) continue;
      known.failures = 0;
      known.scheduled = this.#due(managed.path);
    }
    this.#plan();
  }

  /** As `acme status` tells it, in the order of the configuration. */
  list(): Renewal[] {
    return [...this.#entries.values()].map(({ managed: { path, section }, running, scheduled }) => ({
      path,
      section: section.name,
      state: running !== null ? 'Running' : scheduled === null || !this.#automatic ? 'Stopped' : 'Scheduled',
      expires: this.#host.validity(path)?.until ?? null,
      scheduled: this.#automatic ? scheduled : null,
    }));
  }

  /** Begins an order now. Gives what speaks against it, or null. */
  renew(path: string): 'unknown' | 'running' | null {
    const entry = this.#entries.get(path);
    if (entry === undefined) return 'unknown';
    if (entry.running !== null) return 'running';
    this.#run(entry);
    return null;
  }

  /** Somebody has prepared the challenge of a domain. Gives how many are not, null when no order waits for that one. */
  challengeReady(path: string, domain: string): number | null {
    return this.#entries.get(path)?.running?.readiness?.ready(domain) ?? null;
  }

  close(): void {
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    for (const { running } of this.#entries.values()) running?.end.abort();
  }

  #due(path: string): number {
    const validity = this.#host.validity(path);
    return validity === null ? this.#host.now() : validity.until - (validity.until - validity.from) / LEFT;
  }

  #plan(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (this.#closed || !this.#automatic) return;
    const now = this.#host.now();
    let running = [...this.#entries.values()].filter((entry) => entry.running !== null).length;
    let next = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (entry.running !== null || entry.scheduled === null) continue;
      if (entry.scheduled > now) next = Math.min(next, entry.scheduled);
      else if (running++ < AT_ONCE) this.#run(entry);
    }
    if (next === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#plan(), Math.min(next - now, MAX_SLEEP)).unref();
  }

  #run(entry: Entry): void {
    const { path } = entry.managed;
    entry.running = { end: new AbortController(), readiness: null };
    void this.#order(entry)
      .then(
        () => {
          entry.failures = 0;
          entry.scheduled = this.#due(path);
          this.#host.tell('notice', `acme: ${path}: Successful update of the certificate.`);
          this.#host.publish(`acme newcert ${path}`);
        },
        (error: unknown) => this.#failed(entry, error),
      )
      .finally(() => {
        entry.running = null;
        this.#plan();
      });
  }

  #failed(entry: Entry, error: unknown): void {
    if (this.#closed || entry.running!.end.signal.aborted) return;
    const told = error instanceof AcmeError ? error.retryAfter : null;
    const pause = Math.min(FIRST_RETRY * 2 ** entry.failures++, LAST_RETRY);
    entry.scheduled = this.#host.now() + Math.max(pause * (0.9 + Math.random() * 0.2), told ?? 0);
    const next = this.#automatic ? `; next try at ${new Date(entry.scheduled).toISOString()}` : '';
    this.#host.tell('alert', `acme: ${entry.managed.path}: ${(error as Error).message}${next}`);
  }

  async #order(entry: Entry): Promise<void> {
    const { managed } = entry;
    const { section, path, domains } = managed;
    const running = entry.running!;
    const { signal } = running.end;
    const accountKey = this.#host.accountKey(section);
    const key = (section.reuseKey ? this.#host.keyOf(path) : null) ?? (await newKey(section));
    const settings = { directory: section.directory, key: accountKey, contact: section.contact };
    const client = new AcmeClient(
      { ...settings, ...this.#times, ...this.#host.trust(), external: externalOf(section) },
      signal,
    );
    const preparation = preparationOf(managed, this.#host, (tasks) => {
      running.readiness = new Readiness(section, this.#host, tasks, signal);
      return running.readiness;
    });
    const chain = await obtain(client, { domains, profile: section.profile, accountKey, key }, preparation);
    if (signal.aborted) return;
    const pem = `${chain.trimEnd()}\n${key.export({ format: 'pem', type: 'pkcs8' })}`;
    const problem = await this.#host.install(path, pem);
    if (problem !== null) throw new AcmeError(problem);
  }
}

/** A key as an `acme` section wants it. */
async function newKey({ keyType, bits, curve }: AcmeConfig): Promise<KeyObject> {
  const pair = keyType === 'rsa' ? newKeyPair('rsa', { modulusLength: bits }) : newKeyPair('ec', { namedCurve: curve });
  return (await pair).privateKey;
}

function externalOf({ eabKeyId, eabMacAlg, eabMacKey }: AcmeConfig) {
  if (eabKeyId === null || eabMacKey === null) return null;
  return { keyId: eabKeyId, macKey: Buffer.from(eabMacKey, 'base64url'), alg: eabMacAlg };
}
