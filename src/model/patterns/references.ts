import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';
import type { PatternReferenceConfig } from '../../config/types.ts';
import type { PatternBase } from './base.ts';
import { type Hasher, newHasher } from './hash.ts';
import { indexesFor, PatternLookup, type PatternReference } from './lookup.ts';
import { WritablePatternMemory } from './memory.ts';
import { readPatterns } from './read-patterns.ts';
import { PatternStore } from './store.ts';

/** How long edits may hold the thread without a pause, ms. */
const SLICE = 4;
/** Entries that are added between two looks at the clock. */
const LOOK_EVERY = 16;
/** Retired places that are freed without a pause, and how long they wait for others, ms. */
const FREED_AT_ONCE = 4000;
const RECLAIM_DELAY = 20;

/** What the threads know of a reference. */
export interface PatternReferenceView extends PatternReference {
  readonly key: string;
}

/** What a thread needs to look patterns up. */
export interface PatternsView {
  readonly factor: number;
  readonly chunks: readonly SharedArrayBuffer[];
  readonly references: readonly PatternReferenceView[];
}

/** The way to the threads that read patterns. */
export interface PatternReaders {
  /** Resolves when all threads have the chunk. */
  announce(chunk: SharedArrayBuffer): Promise<unknown>;
  /** Resolves when nothing is being looked up any more that was when it was called. */
  turn(): Promise<unknown>;
  /** How many threads there are: 0 to `threads` - 1. */
  readonly threads: number;
}

/** A reference as it is now. */
export interface LivePatterns {
  config: PatternReferenceConfig;
  readonly store: PatternStore;
  readonly lookup: PatternLookup;
  /** Versions as operators count them: in force, and the last that was prepared. */
  current: number;
  next: number;
  /** Prepared and not committed, by number. */
  readonly prepared: Map<number, number>;
  /** It is no longer as its file says. */
  edited: boolean;
  /** What has taken the place of all that its file says; null: nothing has. */
  base: PatternBase | null;
}

/** References that are ready to take the place of those in force. */
export interface StagedPatterns {
  /** A reference that stays is in another place: what looks it up must be compiled anew. */
  readonly moved: boolean;
  /** All that threads may need on the way: those in force and the new ones. */
  readonly references: readonly PatternReferenceView[];
  /** Those that were edited live and whose files have changed: the files win. */
  readonly overruled: readonly PatternReferenceConfig[];
  /** Puts them in force. */
  commit(): void;
  /** Gives back what is no longer named. Threads must have been told. */
  dispose(): void;
  /** They are not put in force. Threads must have been told. */
  abandon(): void;
}

/** All patterns that can be edited live: the control thread writes them, all threads read them. */
export class PatternReferences {
  readonly #memory: WritablePatternMemory;
  readonly #hasher: Hasher = newHasher();
  readonly #byKey = new Map<string, LivePatterns>();
  /** References that are no longer named, by their headers, and the threads in which connections may still use them. */
  readonly #leaving = new Map<number, { readonly live: LivePatterns; readonly threads: Set<number> }>();
  #readers: PatternReaders = { announce: async () => {}, turn: async () => {}, threads: 0 };
  #reclaiming = false;

  constructor() {
    this.#memory = new WritablePatternMemory((chunk) => this.#readers.announce(chunk));
  }

  /** Says who reads from now on. */
  follow(readers: PatternReaders): void {
    this.#readers = readers;
  }

  /** In the order of their numbers. */
  all(): LivePatterns[] {
    return [...this.#byKey.values()].sort((a, b) => a.config.id - b.config.id);
  }

  /** The one of this name, or with this number (`#3`), that ACLs or maps use; null when there is none. */
  find(kind: 'acl' | 'map', name: string): LivePatterns | null {
    for (const live of this.#byKey.values()) {
      const { config } = live;
      if (config[kind] && name !== '' && (config.name === name || `#${config.id}` === name)) return live;
    }
    return null;
  }

  /** The one with this key; null when there is none. */
  at(key: string): LivePatterns | null {
    return this.#byKey.get(key) ?? null;
  }

  /** What the threads are given. */
  view(): PatternsView {
    return {
      factor: this.#hasher.factor,
      chunks: this.#memory.chunks,
      references: [...this.#byKey].map(viewOf),
    };
  }

  /**
   * Prepares the references of a configuration, which nothing sees before `commit`: new ones are filled from their files, those whose file or
   * text is another now are filled anew, the others stay as they are, live edits included. All of it takes as long as it takes, in slices.
   */
  async stage(configs: readonly PatternReferenceConfig[]): Promise<StagedPatterns> {
    const next = new Map<string, LivePatterns>();
    const refilled = new Map<LivePatterns, number>();
    for (const config of configs) {
      const known = this.#byKey.get(config.key);
      if (known === undefined || !canStay(known, config)) {
        next.set(config.key, await this.#create(config, known));
        continue;
      }
      next.set(config.key, known);
      if (!isSameSource(known.config, config)) refilled.set(known, await this.#filled(known, config));
    }
    const before = [...this.#byKey.values()];
    const fresh = [...next.values()].filter((live) => !before.includes(live));
    return {
      moved: fresh.some(({ config }) => this.#byKey.has(config.key)),
      references: [...new Map([...this.#byKey, ...next])].map(viewOf),
      overruled: [...refilled.keys()].filter(({ edited }) => edited).map(({ config }) => config),
      commit: () => {
        for (const config of configs) next.get(config.key)!.config = config;
        for (const [live, version] of refilled) {
          live.edited = false;
          live.base = null;
          this.discard(live, live.store.switchTo(version));
        }
        this.#byKey.clear();
        for (const [key, live] of next) this.#byKey.set(key, live);
      },
      dispose: () => this.#leave(before.filter((live) => next.get(live.config.key) !== live)),
      abandon: () => {
        for (const [live, version] of refilled) this.discard(live, version);
        this.#leave(fresh);
      },
    };
  }

  async #create(config: PatternReferenceConfig, before: LivePatterns | undefined): Promise<LivePatterns> {
    await this.#memory.reserve();
    const store = new PatternStore(this.#memory, this.#hasher, indexesOf(config), config.addresses);
    const reference = { header: store.header, indexes: store.indexes };
    const lookup = new PatternLookup(this.#memory, this.#hasher, reference);
    // With another way of looking it up, what was edited stays.
    const keeps = before !== undefined && isSameSource(before.config, config);
    const { current, next, edited, base } = before ?? { current: 0, next: 0, edited: false, base: null };
    const kept = keeps ? { edited, base } : { edited: false, base: null };
    const live = { config, store, lookup, current, next, ...kept, prepared: new Map<number, number>() };
    await this.fill(live, store.current, keeps ? entriesOf(before.store) : readPatterns(config), {
      seen: false,
    });
    return live;
  }

  /** A version with the entries of a configuration. */
  async #filled(live: LivePatterns, config: PatternReferenceConfig): Promise<number> {
    await this.#memory.reserve();
    const version = live.store.newVersion();
    await this.fill(live, version, readPatterns(config));
    return version;
  }

  /**
   * Adds entries to a version, in slices: behind all others, or in front of the entry `before`. What its indexes outgrow is used again at
   * once, unless the version is `seen`: look-ups may be in it.
   */
  async fill(
    { store }: LivePatterns,
    version: number,
    entries: Iterable<{ readonly key: string; readonly value: string }>,
    { before = 0, seen = version === store.current }: { readonly before?: number; readonly seen?: boolean } = {},
  ): Promise<void> {
    let pause = performance.now() + SLICE;
    let added = 0;
    for (const { key, value } of entries) {
      if (!this.#memory.isReady) await this.#memory.reserve();
      const { retired } = this.#memory;
      store.add(version, key, value, before);
      if (!seen) this.#memory.reclaimUnseen(retired);
      if (++added % LOOK_EVERY !== 0 || performance.now() < pause) continue;
      await nextTurn();
      pause = performance.now() + SLICE;
    }
  }

  /** Makes room for one edit. */
  async makeRoom(): Promise<void> {
    if (!this.#memory.isReady) await this.#memory.reserve();
  }

  /** Gives a version back that no look-up begins with any more, a slice at a time. */
  discard({ store }: LivePatterns, version: number): void {
    void this.#purge(store.discard(version));
  }

  /** Gives references back when no thread has anything left that was compiled with them. */
  #leave(gone: readonly LivePatterns[]): void {
    for (const live of gone) {
      const threads = new Set(Array.from({ length: this.#readers.threads }, (_, thread) => thread));
      this.#leaving.set(live.store.header, { live, threads });
    }
  }

  /** A thread has forgotten a reference; or, without `header`, it is gone with all that it had. */
  released(thread: number, header: number | null): void {
    for (const [one, { live, threads }] of this.#leaving) {
      if (header !== null && header !== one) continue;
      threads.delete(thread);
      if (threads.size > 0) continue;
      this.#leaving.delete(one);
      void this.#discardAll(live);
    }
  }

  async #discardAll({ store, prepared }: LivePatterns): Promise<void> {
    for (const version of [...prepared.values(), store.current]) await this.#purge(store.discard(version));
    store.forget();
    this.reclaim();
  }

  async #purge(pieces: Generator<void>): Promise<void> {
    let pause = performance.now() + SLICE;
    for (const _ of pieces) {
      if (performance.now() < pause) continue;
      this.reclaim();
      await nextTurn();
      pause = performance.now() + SLICE;
    }
    this.reclaim();
  }

  /** Frees what edits have retired, once no thread can be reading it: soon, and a slice at a time. */
  reclaim(): void {
    if (this.#reclaiming || this.#memory.retired === 0) return;
    this.#reclaiming = true;
    void this.#reclaim().finally(() => {
      this.#reclaiming = false;
    });
  }

  async #reclaim(): Promise<void> {
    while (this.#memory.retired > 0) {
      await delay(RECLAIM_DELAY, undefined, { ref: false });
      const retired = this.#memory.takeRetired();
      try {
        await this.#readers.turn();
      } catch {
        // A thread that does not answer is ended: the one in its place begins with what is there then.
      }
      for (let at = 0; at < retired.length; at += 2 * FREED_AT_ONCE) {
        this.#memory.reclaim(retired, at, at + 2 * FREED_AT_ONCE);
        await nextTurn();
      }
    }
  }
}

function viewOf([key, { store }]: readonly [string, LivePatterns]): PatternReferenceView {
  return { key, header: store.header, indexes: store.indexes };
}

function* entriesOf(store: PatternStore): Generator<{ readonly key: string; readonly value: string }> {
  for (const entry of store.entries(store.current)) yield { key: store.key(entry), value: store.value(entry) };
}

/** The indexes that a reference needs: that of its texts, and those of its uses. */
function indexesOf({ uses }: PatternReferenceConfig): number[] {
  return [...new Set([0, ...uses.flatMap(({ match, ignoreCase }) => indexesFor(match, ignoreCase))])];
}

/** What is in the indexes of a reference is what a configuration needs there. */
function canStay({ store, config }: LivePatterns, next: PatternReferenceConfig): boolean {
  return (
    isSubset(indexesOf(next), store.indexes) &&
    JSON.stringify(config.addresses ?? {}) === JSON.stringify(next.addresses ?? {})
  );
}

function isSubset(needed: readonly number[], there: readonly number[]): boolean {
  return needed.every((kind) => there.includes(kind));
}

function isSameSource(a: PatternReferenceConfig, b: PatternReferenceConfig): boolean {
  if (a.keyed !== b.keyed) return false;
  if (a.source instanceof Uint8Array && b.source instanceof Uint8Array) return Buffer.compare(a.source, b.source) === 0;
  return JSON.stringify(a.source) === JSON.stringify(b.source);
}
