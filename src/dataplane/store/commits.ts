/**
 * Changes of the configuration, one after the other: each is made on what the ones before it left, those that wait are written and put
 * in force together, and each is answered when that has happened.
 */

import type { Balancer, PutInForce, Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { ConfigurationFiles } from './files.ts';
import type { Reloads } from './reloads.ts';
import { problemError } from './validation.ts';
import { versionOf, withVersion } from './version.ts';

/** A change that somebody asks for. */
export interface Job {
  readonly requester: Requester;
  /** The documents that are wanted, from those that are there at its turn and their version. Throws ApiError when it cannot be. */
  readonly edit: (documents: Documents, version: number) => Documents;
  /** Reload at once, and wait for it; when it fails nothing is changed. */
  readonly forceReload: boolean;
  /** Only written: no reload, nothing live. */
  readonly skipReload?: boolean;
  /** The version stays. */
  readonly keepVersion?: boolean;
}

/** What became of it. */
export interface Committed {
  readonly version: number;
  readonly documents: Documents;
  /** The reload that puts it in force; null: it is in force. */
  readonly reload: string | null;
}

interface Waiting extends Job {
  readonly resolve: (committed: Committed) => void;
  readonly reject: (error: unknown) => void;
}

/** Most changes that are written together. */
const MOST_AT_ONCE = 200;
/** Most that may wait. */
const MOST_WAITING = 10_000;

export class Commits {
  readonly files: ConfigurationFiles;
  readonly reloads: Reloads;
  readonly #balancer: Balancer;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(files: ConfigurationFiles, balancer: Balancer, reloads: Reloads) {
    this.files = files;
    this.reloads = reloads;
    this.#balancer = balancer;
  }

  /** Resolves when it is in force or waits for a reload only. Rejects with an ApiError; nothing of it is made then. */
  run(job: Job): Promise<Committed> {
    if (this.#waiting.length >= MOST_WAITING)
      return Promise.reject(new ApiError(503, `${MOST_WAITING} changes wait already: try again later`));
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ...job, resolve, reject });
      this.#running ??= this.#work();
    });
  }

  /** Resolves when nothing waits any more. */
  async close(): Promise<void> {
    await this.#running;
  }

  async #work(): Promise<void> {
    // What comes in the same turn goes together.
    await new Promise(setImmediate);
    while (this.#waiting.length > 0) {
      const alone = this.#waiting[0]!.forceReload || this.#waiting[0]!.skipReload;
      const until = this.#waiting.findIndex((job) => job.forceReload || job.skipReload);
      const count = alone ? 1 : Math.min(MOST_AT_ONCE, until < 0 ? this.#waiting.length : until);
      const batch = this.#waiting.splice(0, count);
      try {
        await this.#commit(batch);
      } catch (error) {
        for (const job of batch) job.reject(error);
      }
    }
    this.#running = null;
  }

  async #commit(batch: readonly Waiting[]): Promise<void> {
    const before = await this.files.read();
    const done: (Waiting & { readonly version: number })[] = [];
    let after = before;
    for (const job of batch) {
      try {
        const version = versionOf(after);
        const edited = job.edit(after, version);
        const next = job.keepVersion ? version : version + 1;
        after = withVersion(edited, next);
        done.push({ ...job, version: next });
      } catch (error) {
        job.reject(error);
      }
    }
    if (done.length === 0) return;
    const problems = await this.#balancer.check(after);
    if (problems.length > 0) {
      if (done.length === 1) return done[0]!.reject(problemError(problems, after, before));
      // One of them is at fault: each by itself.
      for (const job of done) await this.#commit([job]);
      return;
    }
    await this.#writeAndPut(before, after, done);
  }

  async #writeAndPut(
    before: Documents,
    after: Documents,
    jobs: readonly (Waiting & { readonly version: number })[],
  ): Promise<void> {
    const [first] = jobs;
    const { requester, forceReload, skipReload } = first!;
    await this.files.write(after, versionOf(before));
    const put: PutInForce = skipReload
      ? { outcome: 'live' }
      : await this.#balancer.putInForce(before, after, requester).catch(failed);
    if (put.outcome === 'failed') {
      await this.files.write(before, versionOf(after));
      if (jobs.length === 1) return first!.reject(new ApiError(400, put.text));
      for (const job of jobs) await this.#commit([job]);
      return;
    }
    let reload: string | null = null;
    if (put.outcome === 'reload') {
      if (!forceReload) reload = this.reloads.schedule(requester);
      else {
        const { status, response } = await this.reloads.now(requester);
        if (status === 'failed') {
          await this.files.write(before, versionOf(after));
          return first!.reject(new ApiError(400, `the reload failed, and the file is as before: ${response}`));
        }
      }
    }
    for (const job of jobs) job.resolve({ version: job.version, documents: after, reload });
  }
}

function failed(error: Error): PutInForce {
  return { outcome: 'failed', text: error.message };
}
