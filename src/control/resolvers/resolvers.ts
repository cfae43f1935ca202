import { isDeepStrictEqual } from 'node:util';
import type { Config, ResolversConfig } from '../../config/types.ts';
import type { Server } from '../../model/server.ts';
import type { Resolvers } from '../types.ts';
import type { ResolverEffects } from './effects.ts';
import { readResolvConf } from './resolv-conf.ts';
import { ResolversSection } from './section.ts';

/** The resolvers of a process: see `Resolvers`; these are for its owner. */
export interface ProcessResolvers extends Resolvers {
  /** Takes other sections. One that stays the same keeps its counters and cache; the servers watched go over to the others. */
  configure(config: Config): void;
  /** Asks for an address of a name, once; null when there is none, or the section cannot be asked. */
  lookUp(section: string, name: string, prefer: 4 | 6, then: (address: string | null) => void): void;
  /** Ends all queries. */
  close(): void;
}

export interface ResolverOptions {
  /** Name servers of the system; default: those of /etc/resolv.conf, read now (a chroot may hide it later). */
  readonly systemNameServers?: readonly string[];
  /** Clock, ms; default monotonic. */
  readonly now?: () => number;
}

/** The section that HAProxy makes of /etc/resolv.conf where the configuration has none of that name; with HAProxy's defaults. */
const DEFAULT_SECTION: ResolversConfig = {
  name: 'default',
  at: { file: '', line: 0 },
  nameservers: [],
  parseResolvConf: true,
  acceptedPayloadSize: 512,
  resolveRetries: 3,
  timeoutResolve: 1000,
  timeoutRetry: 1000,
  hold: { valid: 10_000, obsolete: 0, nx: 30_000, timeout: 30_000, refused: 30_000, other: 30_000 },
};

/** Opens the `resolvers` sections of a configuration. Nothing is asked before a server is watched. */
export function createResolvers(config: Config, fx: ResolverEffects, options: ResolverOptions = {}): ProcessResolvers {
  return new SectionResolvers(config, fx, options);
}

class SectionResolvers implements ProcessResolvers {
  readonly #fx: ResolverEffects;
  readonly #now: () => number;
  readonly #system: readonly string[];
  #sections = new Map<string, ResolversSection>();
  /** Servers watched, with the section that does. */
  readonly #watched = new Map<Server, ResolversSection>();

  constructor(config: Config, fx: ResolverEffects, options: ResolverOptions) {
    this.#fx = fx;
    this.#now = options.now ?? (() => performance.now());
    this.#system = options.systemNameServers ?? readResolvConf();
    this.configure(config);
  }

  get sections(): readonly string[] {
    return [...this.#sections.keys()];
  }

  statistics(): ReturnType<Resolvers['statistics']> {
    return [...this.#sections.values()].flatMap(({ config, nameServers }) =>
      nameServers.map(({ settings, counters }) => ({
        section: config.name,
        nameserver: settings.id,
        pid: process.pid,
        counters: { ...counters },
      })),
    );
  }

  configure(config: Config): void {
    const before = this.#sections;
    this.#sections = new Map();
    const wanted = [...config.resolvers];
    if (this.#system.length > 0 && !wanted.some(({ name }) => name === 'default')) wanted.push(DEFAULT_SECTION);
    for (const section of wanted) {
      const old = before.get(section.name);
      const stays = old !== undefined && isDeepStrictEqual({ ...old.config, at: null }, { ...section, at: null });
      this.#sections.set(section.name, stays ? old : new ResolversSection(section, this.#system, this.#fx, this.#now));
    }
    for (const [server, section] of this.#watched)
      if (this.#sections.get(section.config.name) !== section) this.watch(server);
    for (const section of before.values()) if (this.#sections.get(section.config.name) !== section) section.close();
  }

  watch(server: Server): void {
    this.unwatch(server);
    const section = this.#sections.get(server.config.resolvers ?? '');
    if (section === undefined) return;
    this.#watched.set(server, section);
    section.watch(server);
  }

  unwatch(server: Server): void {
    this.#watched.get(server)?.unwatch(server);
    this.#watched.delete(server);
  }

  lookUp(section: string, name: string, prefer: 4 | 6, then: (address: string | null) => void): void {
    const asked = this.#sections.get(section);
    if (asked === undefined) then(null);
    else asked.lookUp(name, prefer, then);
  }

  close(): void {
    for (const section of this.#sections.values()) section.close();
    this.#watched.clear();
  }
}
