import type { CompressionConfig, ProxyConfig } from '../config/types.ts';
import type { ProxyFacts, ServerFacts } from '../expr/types.ts';
import { C, G } from '../model/counters.ts';
import type { ProxyView } from '../model/messages.ts';
import type { Conn, ListenSocket } from '../net/transport.ts';
import type { Env } from './env.ts';
import type { ErrorPages } from './error-pages.ts';
import { type NamePolicy, namePolicy } from './header-names.ts';
import type { LogFormatter } from './log.ts';
import type { FrontendRules } from './rules/types.ts';
import { timeoutFacts } from './timeout-facts.ts';
import { BindTls } from './tls/bind-tls.ts';

/** A bound address in this thread. */
export interface TrafficListener {
  readonly id: number;
  /** '' when it has none; with counters of its own it has one. */
  readonly name: string;
  readonly c: Float64Array;
  readonly g: Int32Array;
  /** It has counters of its own (`option socket-stats`). */
  readonly counted: boolean;
  readonly config: ProxyView['listeners'][number]['config'];
  /** Listening sockets; more than one after taking over from a process with more threads. */
  sockets: ListenSocket[];
  /** TLS of its connections, null in the clear. */
  readonly tls: BindTls | null;
}

/** A frontend as a traffic thread sees it. */
export class TrafficFrontend implements ProxyFacts {
  readonly env: Env;
  readonly id: number;
  readonly name: string;
  readonly config: ProxyConfig;
  readonly slot: number;
  readonly c: Float64Array;
  readonly g: Int32Array;
  readonly http: boolean;
  listeners: TrafficListener[];
  maxconn: number;
  /** Accepted connections that wait for a place below `maxconn`, not read from. */
  readonly held: { conn: Conn; listener: TrafficListener }[] = [];
  /** Timeouts in ms, 0 = none. */
  clientTimeout: number;
  requestTimeout: number;
  keepAliveTimeout: number;
  tunnelTimeout: number;
  clientFinTimeout: number;
  tarpitTimeout: number;
  errorPages: ErrorPages;
  rules: FrontendRules | null;
  logger: LogFormatter | null;
  /** Options as fields. */
  httpClose: boolean;
  /** Users authenticate as to a proxy where a request is for one (`http-use-proxy-header`). */
  proxyHeader: boolean;
  /** Mistakes in requests are let pass (`accept-unsafe-violations-in-http-request`). */
  relaxed: boolean;
  serverClose: boolean;
  dontLogNull: boolean;
  dontLogNormal: boolean;
  logAsap: boolean;
  ignoreProbes: boolean;
  separateErrors: boolean;
  httpsLog: boolean;
  independent: boolean;
  noLinger: boolean;
  idleCloseOnResponse: boolean;
  bufferRequest: boolean;
  /** `capture cookie`. */
  readonly capturesCookie: boolean;
  dropTrailers: boolean;
  adjustCase: boolean;
  keepAlive: boolean;
  names: NamePolicy;
  readonly compression: CompressionConfig | null;

  constructor(env: Env, view: ProxyView, errorPages: ErrorPages) {
    const { config } = view;
    const { timeouts, options } = config;
    this.env = env;
    this.id = config.id;
    this.name = config.name;
    this.config = config;
    this.slot = view.frontendSlot;
    this.c = env.counters.row(view.frontendSlot, env.thread);
    this.g = env.counters.gauges(view.frontendSlot);
    this.http = config.mode === 'http';
    this.listeners = view.listeners.map((listener) => ({
      id: listener.id,
      name: listener.config.name ?? (listener.slot === view.frontendSlot ? '' : listener.name),
      c: env.counters.row(listener.slot, env.thread),
      g: env.counters.gauges(listener.slot),
      counted: listener.slot !== view.frontendSlot,
      config: listener.config,
      sockets: [],
      tls: listener.config.tls === null ? null : new BindTls(env, this.id, this.http, listener.config),
    }));
    this.maxconn = view.maxconn;
    this.clientTimeout = timeouts.client ?? 0;
    // Whatever else is waited for, a client that sends nothing for `timeout client` is gone.
    this.requestTimeout = shorter(timeouts.httpRequest ?? 0, this.clientTimeout);
    this.keepAliveTimeout = shorter(timeouts.httpKeepAlive ?? timeouts.httpRequest ?? 0, this.clientTimeout);
    this.tunnelTimeout = timeouts.tunnel ?? 0;
    this.clientFinTimeout = timeouts.clientFin ?? 0;
    this.tarpitTimeout = timeouts.tarpit ?? timeouts.connect ?? 0;
    this.errorPages = errorPages;
    this.rules = null;
    this.logger = null;
    this.httpClose = options.includes('httpclose');
    this.proxyHeader = options.includes('http-use-proxy-header');
    this.relaxed = options.includes('accept-unsafe-violations-in-http-request');
    this.serverClose = options.includes('http-server-close');
    this.dontLogNull = options.includes('dontlognull');
    this.dontLogNormal = options.includes('dontlog-normal');
    this.logAsap = options.includes('logasap');
    this.ignoreProbes = options.includes('http-ignore-probes');
    this.separateErrors = options.includes('log-separate-errors');
    this.httpsLog = options.includes('httpslog');
    this.independent = options.includes('independent-streams');
    this.noLinger = options.includes('nolinger');
    this.keepAlive = options.includes('clitcpka');
    this.idleCloseOnResponse = options.includes('idle-close-on-response');
    this.capturesCookie = config.captures.some(({ words }) => words[0] === 'cookie');
    this.bufferRequest = options.includes('http-buffer-request');
    this.dropTrailers = options.includes('http-drop-response-trailers');
    this.adjustCase = options.includes('h1-case-adjust-bogus-client');
    this.names = namePolicy(options);
    this.compression = view.config.compression;
  }

  get servers(): readonly ServerFacts[] {
    return this.env.backends.get(this.id)?.servers ?? [];
  }

  get timeouts(): NonNullable<ProxyFacts['timeouts']> {
    return timeoutFacts(this.config);
  }

  get defaultBackend(): string | null {
    return this.config.defaultBackend;
  }

  usableServers(): number {
    return this.env.backends.get(this.id)?.usableServers() ?? 0;
  }

  /** Connections now, over all threads. */
  current(): number {
    return Atomics.load(this.g, G.current);
  }

  connections(side: 'frontend' | 'backend'): number {
    return side === 'frontend' ? this.current() : (this.env.backends.get(this.id)?.current() ?? 0);
  }

  queued(): number {
    return this.env.backends.get(this.id)?.queued() ?? 0;
  }

  sessionRate(): number {
    return this.env.counters.rate(this.slot, C.sessRate, this.env.now());
  }

  requestRate(): number {
    return this.env.counters.rate(this.slot, C.reqRate, this.env.now());
  }
}

/** The shorter of two timeouts in ms, of which 0 is none. */
function shorter(one: number, other: number): number {
  return one === 0 || other === 0 ? one || other : Math.min(one, other);
}
