import type { Config } from '../config/types.ts';
import type { CacheView } from './cache/memory.ts';
import type { CertificateStore } from './certificates/store.ts';
import type { CounterStore } from './counters.ts';
import type { DatabaseView } from './databases/database.ts';
import type { ProcVar } from './messages.ts';
import type { PatternReferences } from './patterns/references.ts';
import type { SupposedPatterns } from './patterns/supposed.ts';
import type { Proxy } from './proxy.ts';
import type { Server } from './server.ts';
import type { SupposedTables } from './tables/supposed.ts';
import type { StickTables } from './tables/tables.ts';

/** Process-wide limits that can be changed live. 0 = none. */
export interface Limits {
  maxconn: number;
  /** The ceiling fixed at start. */
  hardMaxconn: number;
  connRate: number;
  sessRate: number;
  sslRate: number;
  /** Compression input, bytes per second. */
  compRate: number;
}

/** What is true now. One per process, owned by the control thread; only Changes alter it. */
export interface Model {
  /** The configuration in force. */
  config: Config;
  /** The global section that the process was started with. */
  readonly started: Config['global'];
  readonly counters: CounterStore;
  /** Slot of the process-wide counters. */
  readonly processSlot: number;
  /** Memory of TLS sessions for clients without tickets; null: none are kept. */
  readonly tlsSessions: SharedArrayBuffer | null;
  /** In configuration order. */
  readonly proxies: Proxy[];
  readonly proxiesById: Map<number, Proxy>;
  readonly limits: Limits;
  /** Caches of responses, in configuration order. */
  caches: readonly CacheView[];
  /** Files of facts about addresses, by their paths. */
  databases: readonly DatabaseView[];
  /** What ACLs and maps look up. */
  readonly patterns: PatternReferences;
  /** Certificates, authorities, crt-lists, ticket keys. */
  certificates: CertificateStore;
  readonly tables: StickTables;
  /** What they would hold after the Changes of a rehearsal; only in its copy of the model. */
  readonly supposed?: { readonly patterns: SupposedPatterns; readonly tables: SupposedTables };
  /** Start of the process, ms since the epoch. */
  readonly startedAt: number;
  readonly threads: number;
  /** Process-wide variables (`proc.*`): name without scope -> typed value. */
  readonly procVars: Map<string, ProcVar>;
  stopping: boolean;
  /** Warnings emitted since start (`TotalWarnings`). */
  warnings: number;
  /** Text of warnings and alerts emitted while starting (`show startup-logs`). */
  startupLogs: string;
}

/** The proxy called `name`, or with id `#n`; frontend or backend side as asked. A frontend and a backend may share a name. */
export function findProxy(model: Model, name: string, side: 'frontend' | 'backend' | 'any'): Proxy | null {
  const fits = (p: Proxy) => (side === 'any' ? true : side === 'frontend' ? p.isFrontend : p.isBackend);
  if (name.startsWith('#')) {
    const proxy = model.proxiesById.get(Number(name.slice(1)));
    return proxy && fits(proxy) ? proxy : null;
  }
  for (const proxy of model.proxies) if (proxy.name === name && fits(proxy)) return proxy;
  return null;
}

/** The server called `name`, or with id `#n`, of a proxy. */
export function findServer(proxy: Proxy, name: string): Server | null {
  if (name.startsWith('#')) return proxy.serversById.get(Number(name.slice(1))) ?? null;
  return proxy.serversByName.get(name) ?? null;
}
