import type { CompressionConfig, ProxyConfig, ServerConfig } from '../config/types.ts';
import { type Compiled, compileWhole } from '../expr/compile.ts';
import type { LogFormat } from '../expr/log/format.ts';
import { place } from '../expr/row.ts';
import type { ProxyFacts } from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { ProxyView, ServerView } from '../model/messages.ts';
import type { CompiledProxy } from './compile-proxy.ts';
import { PersistenceCookie } from './cookies.ts';
import type { Env } from './env.ts';
import type { ErrorPages } from './error-pages.ts';
import { type NamePolicy, namePolicy } from './header-names.ts';
import { Picker } from './picker.ts';
import { StreamQueue } from './queue.ts';
import type { BackendRules } from './rules/types.ts';
import { TrafficServer } from './server.ts';
import { timeoutFacts } from './timeout-facts.ts';

/** A backend as a traffic thread sees it. */
export class TrafficBackend implements ProxyFacts {
  readonly env: Env;
  readonly id: number;
  readonly name: string;
  config: ProxyConfig;
  readonly slot: number;
  readonly c: Float64Array;
  readonly g: Int32Array;
  /** Counter rows of all threads. */
  readonly rows: Float64Array;
  readonly servers: TrafficServer[] = [];
  /** What `option forwarded` adds, null: nothing. */
  readonly forwarded: CompiledProxy['forwarded'];
  /** Expressions of its servers (`sni`, `pool-conn-name`), by their text. */
  readonly serverNames: ReadonlyMap<string, Compiled>;
  /** Log-formats of TLVs that its servers get, by their text. */
  readonly tlvFormats: ReadonlyMap<string, LogFormat>;
  /** Servers of the configuration by name. */
  readonly serverConfigs: ReadonlyMap<string, ServerConfig>;
  readonly serversById = new Map<number, TrafficServer>();
  readonly queue: StreamQueue;
  /** Timeouts in ms, 0 = none. */
  connectTimeout: number;
  serverTimeout: number;
  queueTimeout: number;
  tunnelTimeout: number;
  serverFinTimeout: number;
  retries: number;
  /** Interval of `option redispatch`, null: it is off. */
  redispatch: number | null;
  fullconn: number;
  published: boolean;
  dynamicCookie: boolean;
  dynamicCookieKey: string | null;
  errorPages: ErrorPages;
  picker: Picker;
  rules: BackendRules | null;
  /** Options as fields, so that the data path need not search lists. */
  abortOnClose: boolean;
  serverClose: boolean;
  httpClose: boolean;
  /** Mistakes in responses are let pass (`accept-unsafe-violations-in-http-response`). */
  relaxed: boolean;
  readonly allBackups: boolean;
  preferLastServer: boolean;
  checkCache: boolean;
  independent: boolean;
  noLinger: boolean;
  /** The request body is gathered in front of the rules: `option http-buffer-request`. */
  bufferRequest: boolean;
  /** `balance url_param`: the body of a POST is gathered before a server is chosen. */
  balancesPosts: boolean;
  dropTrailers: boolean;
  pretendKeepAlive: boolean;
  adjustCase: boolean;
  names: NamePolicy;
  readonly compression: CompressionConfig | null;
  /** Name of the field that tells the server its name (`http-send-name-header`). */
  nameHeader: string | null;
  /** A server has `redir`. */
  redirects: boolean;
  /** `option persist`: a server asked for by cookie is used even if it is down. */
  persists: boolean;
  /** The RDP cookie of `persist rdp-cookie`. */
  readonly rdpCookie: Compiled | null;
  /** `cookie`. */
  readonly cookie: PersistenceCookie<TrafficServer> | null;

  /** `old`: the backend that this one replaces; servers that stay keep their idle connections and waiting streams. */
  constructor(
    env: Env,
    view: ProxyView,
    {
      errorPages,
      serverNames,
      tlvFormats,
      forwarded,
    }: Pick<CompiledProxy, 'errorPages' | 'serverNames' | 'tlvFormats' | 'forwarded'>,
    old: TrafficBackend | null,
  ) {
    const { config } = view;
    this.env = env;
    this.id = config.id;
    this.name = config.name;
    this.slot = view.backendSlot;
    this.c = env.counters.row(view.backendSlot, env.thread);
    this.g = env.counters.gauges(view.backendSlot);
    this.rows = env.counters.rowsOf(view.backendSlot);
    this.config = config;
    this.serverConfigs = new Map(config.servers.map((server) => [server.name, server]));
    this.connectTimeout = config.timeouts.connect ?? 0;
    this.serverTimeout = config.timeouts.server ?? 0;
    this.queueTimeout = config.timeouts.queue ?? config.timeouts.connect ?? 0;
    this.tunnelTimeout = config.timeouts.tunnel ?? 0;
    this.serverFinTimeout = config.timeouts.serverFin ?? 0;
    this.retries = config.retries;
    this.redispatch = config.redispatch;
    this.fullconn = config.fullconn ?? Math.max(1, Math.floor((env.limits.maxconn || 2000) / 10));
    this.published = view.published;
    this.dynamicCookie = view.dynamicCookie;
    this.dynamicCookieKey = view.dynamicCookieKey;
    this.errorPages = errorPages;
    this.serverNames = serverNames;
    this.tlvFormats = tlvFormats;
    this.forwarded = forwarded;
    this.rules = null;
    this.abortOnClose =
      config.options.includes('abortonclose') ||
      (config.mode === 'http' && !config.options.includes('no abortonclose'));
    this.serverClose = config.options.includes('http-server-close');
    this.httpClose = config.options.includes('httpclose');
    this.relaxed = config.options.includes('accept-unsafe-violations-in-http-response');
    this.allBackups = config.options.includes('allbackups');
    this.preferLastServer = config.options.includes('prefer-last-server');
    this.independent = config.options.includes('independent-streams');
    this.noLinger = config.options.includes('nolinger');
    this.bufferRequest = config.options.includes('http-buffer-request');
    this.balancesPosts = config.balance.algorithm === 'url_param';
    this.dropTrailers = config.options.includes('http-drop-request-trailers');
    this.pretendKeepAlive = config.options.includes('http-pretend-keepalive');
    this.adjustCase = config.options.includes('h1-case-adjust-bogus-server');
    this.names = namePolicy(config.options);
    this.compression = config.compression;
    this.checkCache = config.options.includes('checkcache');
    this.nameHeader = config.httpSendNameHeader?.toLowerCase() ?? null;
    this.redirects = config.servers.some((server) => server.redir !== null);
    this.persists = config.options.includes('persist');
    this.rdpCookie = compileRdpCookie(config);
    this.cookie = config.cookie === null ? null : new PersistenceCookie(config.cookie);
    this.queue = old?.queue ?? new StreamQueue();
    this.queue.row = this.c;
    for (const server of view.servers) this.#adopt(server, old);
    for (const server of old?.servers ?? []) if (this.serversById.get(server.id) !== server) retire(server);
    this.picker = new Picker(this);
    this.cookie?.update(this.servers);
  }

  /** Servers were added, removed or changed. */
  serversChanged(): void {
    this.picker.update();
    this.cookie?.update(this.servers);
  }

  /** `enable|disable dynamic-cookie`, `set dynamic-cookie-key`. */
  setDynamicCookie(enabled: boolean, key: string | null): void {
    this.dynamicCookie = enabled;
    this.dynamicCookieKey = key;
    for (const server of this.servers) server.update(server.view);
    this.cookie?.update(this.servers);
  }

  #adopt(view: ServerView, old: TrafficBackend | null): void {
    const known = old?.serversById.get(view.id);
    if (known === undefined || known.slot !== view.slot) {
      this.addServer(new TrafficServer(this.env, this, view));
      return;
    }
    known.backend = this;
    known.config = view.config ?? this.serverConfigs.get(view.name) ?? known.config;
    known.update(view);
    this.addServer(known);
  }

  addServer(server: TrafficServer): void {
    this.servers.push(server);
    this.serversById.set(server.id, server);
  }

  removeServer(id: number): void {
    const server = this.serversById.get(id);
    if (server === undefined) return;
    retire(server);
    this.serversById.delete(id);
    this.servers.splice(this.servers.indexOf(server), 1);
  }

  /** Streams on it now, over all threads. */
  current(): number {
    return Atomics.load(this.g, G.current);
  }

  get timeouts(): NonNullable<ProxyFacts['timeouts']> {
    return timeoutFacts(this.config);
  }

  get defaultBackend(): string | null {
    return this.config.defaultBackend;
  }

  usableServers(): number {
    let active = 0;
    let backups = 0;
    for (const server of this.servers) {
      if (!server.usable || server.draining || server.weight === 0) continue;
      if (server.backup) backups++;
      else active++;
    }
    return active || (this.allBackups ? backups : Math.min(1, backups));
  }

  connections(side: 'frontend' | 'backend'): number {
    return side === 'backend' ? this.current() : (this.env.frontends.get(this.id)?.current() ?? 0);
  }

  /** Streams that wait, for any of its servers or for a certain one. */
  queued(): number {
    return this.servers.reduce((sum, server) => sum + server.queued(), Atomics.load(this.g, G.queued));
  }

  sessionRate(side: 'frontend' | 'backend'): number {
    if (side === 'frontend') return this.env.frontends.get(this.id)?.sessionRate() ?? 0;
    return this.env.counters.rate(this.slot, C.sessRate, this.env.now());
  }

  requestRate(): number {
    return this.env.frontends.get(this.id)?.requestRate() ?? 0;
  }
}

/** What finds the cookie of `persist rdp-cookie` in what the client has sent. */
function compileRdpCookie({ rdpCookie, name: proxy }: ProxyConfig): Compiled | null {
  if (rdpCookie === null) return null;
  const compiled = compileWhole(`req.rdp_cookie(${rdpCookie})`, { places: place.useServer, proxy });
  return 'error' in compiled ? null : compiled;
}

/** A server that is no longer there gets nothing new, and its idle connections end. */
function retire(server: TrafficServer): void {
  server.removed = true;
  server.usable = false;
  server.pool.close();
}
