/** The sources of services of one Data Plane API. */

import { randomUUID } from 'node:crypto';
import { type Pace, usualPace } from '../../discovery/pace.ts';
import type { Resource } from '../edit/resource.ts';
import { ApiError } from '../service/error.ts';
import type { Commits } from '../store/commits.ts';
import { completed, type SourceKind, secondsOf, told } from './resource.ts';
import { RunningSource } from './source.ts';
import { type KeptSource, SourceStore } from './store.ts';

/** Most sources at once. */
const MOST = 100;

interface Source {
  kept: KeptSource;
  /** Null: it is not enabled. */
  running: RunningSource | null;
}

export interface DiscoveryOptions {
  /** Where sources are kept. */
  readonly folder: string;
  readonly commits: Commits;
  /** How often sources are asked; by their settings unless told. */
  readonly pace?: (seconds: number) => Pace;
}

const STOPPED = { state: 'stopped', error: null };

export class Discovery {
  readonly #store: SourceStore;
  readonly #options: DiscoveryOptions;
  readonly #sources = new Map<string, Source>();
  /** Changes of sources, one after the other. */
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
    this.#store = new SourceStore(options.folder);
  }

  /** Goes on with what was kept. Resolves with what could not be read: texts for the operator. */
  async resume(): Promise<readonly string[]> {
    const { sources, problems } = await this.#store.read();
    for (const kept of sources) this.#sources.set(kept.resource['id'] as string, { kept, running: null });
    for (const source of this.#sources.values()) this.#start(source);
    return problems;
  }

  /** As answers tell them: with their status, without secrets. */
  list(kind: SourceKind): readonly Resource[] {
    return this.#sources
      .values()
      .filter(({ kept }) => kept.kind === kind)
      .map(answerOf)
      .toArray();
  }

  /** Throws ApiError 404. */
  find(kind: SourceKind, id: string): Resource {
    return answerOf(this.#source(kind, id));
  }

  /** Begins to follow a source. Throws ApiError 400, or 409 when it is followed already. */
  add(kind: SourceKind, given: Resource): Promise<Resource> {
    return this.#inTurn(async () => {
      if (this.#sources.size >= MOST) throw new ApiError(400, `there are ${MOST} sources already`);
      const kept: KeptSource = { kind, resource: completed(kind, given, randomUUID(), null), owned: [] };
      const twin = this.#sources.values().find((source) => placeOf(source.kept) === placeOf(kept));
      if (twin !== undefined)
        throw new ApiError(
          409,
          `source ${twin.kept.resource['id']} takes the same services from the same place already`,
        );
      await this.#store.keep(kept, true);
      const source: Source = { kept, running: null };
      this.#sources.set(kept.resource['id'] as string, source);
      this.#start(source);
      return answerOf(source);
    });
  }

  /** Follows it by other settings from now on. Throws ApiError 400 or 404. */
  replace(kind: SourceKind, id: string, given: Resource): Promise<Resource> {
    return this.#inTurn(async () => {
      const source = this.#source(kind, id);
      if (given['id'] !== undefined && given['id'] !== id)
        throw new ApiError(400, `id is '${given['id']}', the path says '${id}'`);
      const resource = completed(kind, given, id, source.kept.resource);
      await this.#halt(source);
      const kept = { ...source.kept, resource };
      try {
        await this.#store.keep(kept, false);
        source.kept = kept;
      } finally {
        this.#start(source);
      }
      return answerOf(source);
    });
  }

  /** Follows it no more; its backends stay as they are. Throws ApiError 404. */
  remove(kind: SourceKind, id: string): Promise<void> {
    return this.#inTurn(async () => {
      const source = this.#source(kind, id);
      await this.#halt(source);
      await this.#store.forget(source.kept);
      this.#sources.delete(id);
    });
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      await Promise.all(this.#sources.values().map((source) => this.#halt(source)));
    });
  }

  #source(kind: SourceKind, id: string): Source {
    const source = this.#sources.get(id);
    if (source?.kept.kind !== kind) throw new ApiError(404, `there is no ${kind} source '${id}'`);
    return source;
  }

  #start(source: Source): void {
    const { kind, resource, owned } = source.kept;
    if (resource['enabled'] !== true) return;
    const { commits, pace = usualPace } = this.#options;
    source.running = new RunningSource({
      ...{ kind, resource, commits },
      owned: new Set(owned),
      pace: pace(secondsOf(resource)),
      foreign: () => this.#backendsOfOthers(source),
      keep: async (now) => {
        source.kept = { ...source.kept, owned: [...now] };
        await this.#store.keep(source.kept, false);
      },
    });
  }

  async #halt(source: Source): Promise<void> {
    await source.running?.stop();
    source.running = null;
  }

  #backendsOfOthers(own: Source): ReadonlyMap<string, string> {
    const others = this.#sources.values().filter((source) => source !== own);
    return new Map(
      others.flatMap(({ kept }) => kept.owned.map((backend) => [backend, kept.resource['id'] as string] as const)),
    );
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#tail.then(work, work);
    this.#tail = done.catch(() => {});
    return done;
  }
}

function answerOf({ kept, running }: Source): Resource {
  return { ...told(kept.resource), status: running?.status ?? STOPPED };
}

/** What makes two sources the same: they would fight for the same backends. */
function placeOf({ kind, resource }: KeptSource): string {
  const fields =
    kind === 'consul'
      ? ['address', 'port', 'namespace', 'service_allowlist', 'service-whitelist']
      : ['region', 'name', 'allowlist'];
  return JSON.stringify([kind, ...fields.map((field) => resource[field] ?? null)]);
}
