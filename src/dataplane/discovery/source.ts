/** A source of services at work: what it tells becomes backends of the configuration. */

import { watchAws } from '../../discovery/aws/watch.ts';
import { watchConsul } from '../../discovery/consul/watch.ts';
import type { FoundService } from '../../discovery/found.ts';
import { type Pace, pause, retryPause } from '../../discovery/pace.ts';
import type { Watch } from '../../discovery/source.ts';
import type { Requester } from '../balancer/balancer.ts';
import type { Resource } from '../edit/resource.ts';
import type { Documents } from '../edit/sections.ts';
import type { Commits } from '../store/commits.ts';
import { type Fitted, withServices } from './backends.ts';
import { awsSettings, consulSettings, type SourceKind, scalingOf } from './resource.ts';

export interface SourceOptions {
  readonly kind: SourceKind;
  readonly resource: Resource;
  readonly owned: ReadonlySet<string>;
  readonly pace: Pace;
  readonly commits: Commits;
  /** Backends of other sources, with their ids. */
  readonly foreign: () => ReadonlyMap<string, string>;
  /** Keeps what it owns now. */
  readonly keep: (owned: ReadonlySet<string>) => Promise<void>;
}

/** Makes the configuration follow what the source tells, until it is stopped. */
export class RunningSource {
  readonly #options: SourceOptions;
  readonly #stop = new AbortController();
  readonly #watch: Watch;
  readonly #done: Promise<void>;
  #wake: () => void = () => {};
  #services: readonly FoundService[] | null = null;
  /** Those that were looked at last. */
  #fitted: readonly FoundService[] | null = null;
  #owned: ReadonlySet<string>;
  readonly #settled = new Map<string, string>();
  #notes: ReadonlyMap<string, string> = new Map();
  #error: string | null = null;
  #reload: string | null = null;

  constructor(options: SourceOptions) {
    this.#options = options;
    this.#owned = options.owned;
    const { kind, resource, pace } = options;
    const news = (services: readonly FoundService[]) => {
      this.#services = services;
      this.#wake();
    };
    this.#watch =
      kind === 'consul'
        ? watchConsul(consulSettings(resource), pace, news)
        : watchAws(awsSettings(resource), pace, news);
    this.#done = this.#work();
  }

  get owned(): ReadonlySet<string> {
    return this.#owned;
  }

  /** How it stands: with the source, and with the configuration. */
  get status(): Resource {
    const services = (this.#services ?? []).map(({ name, backend, servers, leftOut }) => ({
      name,
      backend,
      servers: servers?.length ?? null,
      ...(leftOut.length === 0 ? {} : { left_out: leftOut }),
    }));
    return {
      ...this.#watch.status,
      configuration: this.#configuration(),
      services,
      ...(this.#notes.size === 0 ? {} : { notes: Object.fromEntries(this.#notes) }),
    };
  }

  /** Resolves when nothing of it is under way any more. */
  async stop(): Promise<void> {
    this.#watch.stop();
    this.#stop.abort();
    this.#wake();
    await this.#done;
  }

  #configuration(): string {
    if (this.#error !== null) return `not as the source tells: ${this.#error}`;
    if (this.#services === null) return 'not looked at yet';
    if (this.#reload === null) return 'in force';
    const { status = 'succeeded', response = '' } = this.#options.commits.reloads.find(this.#reload) ?? {};
    if (status === 'succeeded') return 'in force';
    return status === 'failed'
      ? `reload ${this.#reload} failed: ${response}`
      : `written; reload ${this.#reload} puts it in force`;
  }

  async #work(): Promise<void> {
    const { pace } = this.#options;
    const { signal } = this.#stop;
    let failures = 0;
    let wait = pace.poll;
    while (!signal.aborted) {
      // What others do to the files is put right at the next look.
      await this.#news(wait);
      if (signal.aborted || this.#services === null) continue;
      try {
        this.#fitted = this.#services;
        wait = (await this.#fit(this.#services)) ? 0 : pace.poll;
        failures = 0;
        this.#error = null;
      } catch (error) {
        this.#error = (error as Error).message;
        wait = retryPause(pace, ++failures);
      }
      // What comes together goes together.
      await pause(pace.least, signal);
    }
  }

  /** Resolves when there is news, or after a time. */
  #news(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      if (this.#services !== this.#fitted || this.#stop.signal.aborted) this.#wake();
    });
  }

  /** Resolves to true when there is more to do. */
  async #fit(services: readonly FoundService[]): Promise<boolean> {
    const { commits, foreign, resource, keep } = this.#options;
    const fit = (documents: Documents): Fitted =>
      withServices(documents, {
        services,
        owned: this.#owned,
        foreign: foreign(),
        settled: this.#settled,
        scaling: scalingOf(resource),
        defaults: (resource['defaults'] as string | undefined) ?? '',
      });
    const before = await commits.files.read();
    let fitted = fit(before);
    // Known before it is made: what is made and not known would never be taken away.
    const known = new Set([...this.#owned, ...fitted.owned]);
    if (known.size > this.#owned.size) await this.#own(known, keep);
    if (fitted.documents !== before) {
      const { reload } = await commits.run({
        requester: this.#requester(),
        forceReload: false,
        edit: (documents) => (fitted = fit(documents)).documents,
      });
      if (reload !== null) this.#reload = reload;
    }
    if (fitted.owned.size !== this.#owned.size) await this.#own(fitted.owned, keep);
    this.#notes = fitted.notes;
    return fitted.more;
  }

  async #own(owned: ReadonlySet<string>, keep: SourceOptions['keep']): Promise<void> {
    await keep(owned);
    this.#owned = owned;
  }

  #requester(): Requester {
    const { kind, resource } = this.#options;
    const from = kind === 'consul' ? `${resource['address']}:${resource['port']}` : `${resource['region']}`;
    return { user: 'service-discovery', from, title: `service discovery: ${kind} ${from}` };
  }
}
