/**
 * Changes of the configuration, one after the other: each is made on what the ones before it left, those that wait are written and put
 * in force together, and each is answered when that has happened.
 */

import { newOperationId } from '../../change/operation-id.ts';
import type { Balancer, PutInForce, Requester } from '../balancer/balancer.ts';
import type { Documents } from '../edit/sections.ts';
import { ApiError } from '../service/error.ts';
import type { Beside } from './beside.ts';
import type { ConfigurationFiles } from './files.ts';
import type { Reloads } from './reloads.ts';
import type { Unloaded } from './unloaded.ts';
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
  /** What goes with it: all of it or nothing. */
  readonly beside?: Beside;
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
  /** null: the load balancer ends with the service, and reads the files when it starts. */
  readonly #unloaded: Unloaded | null;
  readonly #waiting: Waiting[] = [];
  #running: Promise<void> | null = null;

  constructor(files: ConfigurationFiles, balancer: Balancer, reloads: Reloads, unloaded: Unloaded | null) {
    this.files = files;
    this.reloads = reloads;
    this.#balancer = balancer;
    this.#unloaded = unloaded;
  }

  /** Has files written and put in force by `work`, so that it is made good when the service ends in the middle. `version`: the one before, where there will be another. */
  putting<T extends { readonly reload: string | null }>(
    requester: Requester,
    version: number | null,
    work: () => Promise<T>,
  ): Promise<T> {
    return this.#unloaded === null ? work() : this.#unloaded.during(requester, version, work);
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
      const { user } = this.#waiting[0]!.requester;
      // The journal names one user for what is put in force together.
      const until = this.#waiting.findIndex((job) => isAlone(job) || job.requester.user !== user);
      const count = until === 0 ? 1 : Math.min(MOST_AT_ONCE, until < 0 ? this.#waiting.length : until);
      const batch = this.#waiting.splice(0, count);
      try {
        const { beside } = batch[0]!;
        if (beside !== undefined) await this.#commitWith(batch[0]!, beside);
        else await this.#commit(batch);
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
    const denied = await this.#balancer.permitsEdit(done[0]!.requester, before, after);
    if (denied !== null && done.length === 1) return done[0]!.reject(new ApiError(403, denied));
    const problems = await this.#balancer.check(after);
    if (problems.length > 0 || denied !== null) {
      if (done.length === 1) return done[0]!.reject(problemError(problems, after, before));
      // One of them is at fault: each by itself.
      for (const job of done) await this.#commit([job]);
      return;
    }
    await this.#writeAndPut(before, after, done);
  }

  /** What is only written is put in force by whoever loads the files next: it takes the right to load them. */
  async #writtenOnly(requester: Requester): Promise<PutInForce> {
    const target = await this.#balancer.target(requester);
    const meta = { operation: newOperationId(), title: requester.title };
    const { ok, text, outcomes } = await target.permit([{ kind: 'config.reload' }], 1, meta);
    return ok ? { outcome: 'live' } : { outcome: 'failed', text: text || (outcomes[0]?.text.trim() ?? '') };
  }

  async #writeAndPut(
    before: Documents,
    after: Documents,
    jobs: readonly (Waiting & { readonly version: number })[],
  ): Promise<void> {
    const [first] = jobs;
    const requester = togetherWith(first!.requester, jobs.length - 1);
    const work = () => this.#write(before, after, { ...first!, requester });
    const version = jobs.some(({ keepVersion }) => keepVersion) ? null : versionOf(before);
    const { reload, refused } = await (first!.skipReload ? work() : this.putting(requester, version, work));
    if (refused === null) {
      for (const job of jobs) job.resolve({ version: job.version, documents: after, reload });
      return;
    }
    if (jobs.length === 1) return first!.reject(new ApiError(400, refused));
    for (const job of jobs) await this.#commit([job]);
  }

  /** `refused`: why it is not in force, and the files are as before; null: it is, or waits for the reload. */
  async #write(
    before: Documents,
    after: Documents,
    { requester, forceReload, skipReload }: Job,
  ): Promise<{ readonly reload: string | null; readonly refused: string | null }> {
    await this.files.write(before, after);
    const put: PutInForce = await (skipReload
      ? this.#writtenOnly(requester)
      : this.#balancer.putInForce(before, after, requester)
    ).catch(failed);
    if (put.outcome === 'live') return { reload: null, refused: null };
    if (put.outcome === 'failed') {
      await this.files.write(after, before);
      return { reload: null, refused: put.text };
    }
    try {
      return { reload: await this.#reload(requester, forceReload), refused: null };
    } catch (error) {
      await this.files.write(after, before);
      throw error;
    }
  }

  /** Resolves to the reload that is to come; null: it is over. Rejects with an ApiError when it has failed. */
  async #reload(requester: Requester, now: boolean): Promise<string | null> {
    if (!now) return this.reloads.schedule(requester);
    const { status, response } = await this.reloads.now(requester);
    if (status === 'failed') throw new ApiError(400, `the reload failed, and the file is as before: ${response}`);
    return null;
  }

  /** Commits a change together with what goes with it: whatever fails, nothing of either is left. */
  async #commitWith(job: Waiting, beside: Beside): Promise<void> {
    const before = await this.files.read();
    const version = versionOf(before);
    const next = job.keepVersion ? version : version + 1;
    const edited = job.edit(before, version);
    const after = job.keepVersion ? edited : withVersion(edited, next);
    const denied = await this.#balancer.permitsEdit(job.requester, before, after);
    if (denied !== null) throw new ApiError(403, denied);
    const work = async () => {
      await beside.prepare(version);
      const problems = await this.#balancer.check(after);
      if (problems.length > 0) throw problemError(problems, after, before);
      await this.files.write(before, after);
      const reload = await this.#putWith(job, beside, before, after);
      await beside.end();
      return { reload };
    };
    try {
      const { reload } = await this.putting(job.requester, job.keepVersion ? null : version, work);
      job.resolve({ version: next, documents: after, reload });
    } catch (error) {
      await beside.takeBack();
      throw error;
    }
  }

  async #putWith(
    { requester, forceReload }: Job,
    beside: Beside,
    before: Documents,
    after: Documents,
  ): Promise<string | null> {
    let inForce = false;
    try {
      const put = await this.#balancer.putInForce(before, after, requester);
      if (put.outcome === 'failed') throw new ApiError(400, put.text);
      const now = forceReload || beside.needsProcess;
      if (put.outcome === 'reload' && now) await this.#reload(requester, true);
      inForce = put.outcome === 'live' || now;
      const rest = await beside.finish(after, requester);
      if (rest.outcome === 'failed') throw new ApiError(400, rest.text);
      if (inForce && rest.outcome === 'live') return null;
      return await this.#reload(requester, forceReload);
    } catch (error) {
      await this.files.write(after, before);
      await beside.takeBack();
      if (inForce) await this.#balancer.putInForce(after, before, requester).catch(failed);
      throw error;
    }
  }
}

/** It is committed by itself. */
function isAlone({ forceReload, skipReload, beside }: Job): boolean {
  return forceReload || skipReload === true || beside !== undefined;
}

function togetherWith(requester: Requester, others: number): Requester {
  return others === 0 ? requester : { ...requester, title: `${requester.title} and ${others} more` };
}

function failed(error: Error): PutInForce {
  return { outcome: 'failed', text: error.message };
}
