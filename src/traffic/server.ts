import type { ServerConfig } from '../config/types.ts';
import type { Compiled } from '../expr/compile.ts';
import type { ServerFacts } from '../expr/types.ts';
import { C, COUNTER_FIELDS, G } from '../model/counters.ts';
import { dynamicCookie } from '../model/dynamic-cookie.ts';
import type { ServerView } from '../model/messages.ts';
import type { SocketOptions } from '../net/transport.ts';
import type { TrafficBackend } from './backend.ts';
import type { Env } from './env.ts';
import { IdlePool } from './idle-pool.ts';
import { StreamQueue } from './queue.ts';
import { type ProxyTlvFormat, serverTlvs } from './send-proxy.ts';
import { compileName } from './tls/server-name.ts';
import { ServerTls } from './tls/server-tls.ts';

/** A server as a traffic thread sees it: where to connect, its idle connections, its queue, its counters. */
export class TrafficServer implements ServerFacts {
  readonly env: Env;
  backend: TrafficBackend;
  readonly id: number;
  readonly slot: number;
  readonly c: Float64Array;
  readonly g: Int32Array;
  /** Counter rows of all threads. */
  readonly rows: Float64Array;
  view: ServerView;
  config: ServerConfig;
  name: string;
  /** Effective weight in 1/16 units. */
  weight: number;
  usable: boolean;
  draining: boolean;
  backup: boolean;
  maxconn: number;
  readonly pool: IdlePool;
  readonly queue = new StreamQueue();
  /** How TLS is spoken; null: it is not. */
  tls: ServerTls | null = null;
  /** The name that is asked for (`sni`). */
  sni: Compiled | null = null;
  /** What connections are told apart by in the pool (`pool-conn-name`). */
  connName: Compiled | null = null;
  /** What it is told of clients beside the addresses (`set-proxy-v2-tlv-fmt`). */
  proxyTlvs: readonly ProxyTlvFormat[] = [];
  /** For the sockets of connections to it; null: none. */
  socketOptions: SocketOptions | null;
  /** `failures` at the last success that the control thread was told of (`observe layer7`). */
  failuresSeen = 0;
  removed: boolean;

  constructor(env: Env, backend: TrafficBackend, view: ServerView) {
    this.env = env;
    this.backend = backend;
    this.id = view.id;
    this.slot = view.slot;
    this.c = env.counters.row(view.slot, env.thread);
    this.g = env.counters.gauges(view.slot);
    this.rows = env.counters.rowsOf(view.slot);
    this.queue.row = this.c;
    this.view = this.#withCookie(view);
    this.config = view.config ?? backend.serverConfigs.get(view.name)!;
    this.name = view.name;
    this.weight = view.weight;
    this.usable = view.state !== 'down';
    this.draining = view.state === 'drain';
    this.backup = view.backup;
    this.maxconn = view.maxconn;
    this.socketOptions = this.#socketOptions();
    this.#setTls();
    this.connName = this.#named(this.config.poolConnName);
    this.proxyTlvs = serverTlvs(this.config.proxyTlvs, this.backend);
    this.removed = false;
    this.pool = new IdlePool(this);
  }

  /** Takes over what the control thread says now. */
  update(view: ServerView): void {
    const moved = view.host !== this.view.host || view.port !== this.view.port || view.ssl !== this.view.ssl;
    this.view = this.#withCookie(view);
    if (view.config !== null) this.config = view.config;
    this.socketOptions = this.#socketOptions();
    this.#setTls();
    this.connName = this.#named(this.config.poolConnName);
    this.proxyTlvs = serverTlvs(this.config.proxyTlvs, this.backend);
    this.name = view.name;
    this.weight = view.weight;
    this.usable = view.state !== 'down';
    this.draining = view.state === 'drain';
    this.backup = view.backup;
    this.maxconn = view.maxconn;
    if (moved || view.state === 'down') this.pool.close();
  }

  /** Responses so far, over all threads, that `observe layer7` may take for errors. */
  failures(): number {
    let sum = 0;
    for (let row = 0; row < this.env.threads * COUNTER_FIELDS; row += COUNTER_FIELDS)
      sum += this.rows[row + C.hrsp1xx + 4]! + this.rows[row + C.failedResp]!;
    return sum;
  }

  /** An expression of the `server` line: one of the file, or of a server that was added live. */
  #named(text: string | null): Compiled | null {
    return text === null ? null : (this.backend.serverNames.get(text) ?? compileName(text, this.backend.name));
  }

  /** The context and the sessions stay while the settings do. */
  #setTls(): void {
    const { env, config } = this;
    const { tls } = config;
    if (!this.view.ssl || tls === null) {
      this.tls = null;
      return;
    }
    if (this.tls?.isAs(tls)) return;
    this.tls = new ServerTls(env.certificates, tls, () => env.global.tls, env.tlsAccounts);
    this.sni = this.#named(tls.sni);
  }

  #socketOptions(): SocketOptions | null {
    const { rcvbufServer: rcvbuf, sndbufServer: sndbuf } = this.env.global.tune;
    const { tcpUserTimeout: userTimeout, congestion } = this.config;
    const keepAlive = this.backend.config.options.includes('srvtcpka');
    if (!keepAlive && userTimeout === 0 && congestion === null && rcvbuf === null && sndbuf === null) return null;
    return { keepAlive, probes: this.backend.config.serverProbes, userTimeout, congestion, rcvbuf, sndbuf };
  }

  /** A server without a cookie of its own gets one made of its address (`cookie ... dynamic`). */
  #withCookie(view: ServerView): ServerView {
    const { dynamicCookie: on, dynamicCookieKey: key, serverConfigs } = this.backend;
    if (!on || key === null) return view;
    const own = (view.config ?? serverConfigs.get(view.name))?.cookie ?? view.cookie;
    return own === null ? { ...view, cookie: dynamicCookie(key, view.host, view.port) } : view;
  }

  /** What `dispatch` and `option transparent` lead to is no server of the file: logs do not name it. */
  get unnamed(): boolean {
    const { dispatch, options } = this.backend.config;
    return dispatch === null
      ? this.name === 'transparent' && options.includes('transparent')
      : this.name === 'dispatch';
  }

  get maxqueue(): number {
    return this.view.maxqueue;
  }

  get initialWeight(): number {
    return this.config.weight;
  }

  get userWeight(): number {
    return this.view.userWeight;
  }

  /** Streams on it now, over all threads. */
  served(): number {
    return Atomics.load(this.g, G.current);
  }

  connections(): number {
    return this.served();
  }

  queued(): number {
    return Atomics.load(this.g, G.queued);
  }

  sessionRate(): number {
    return this.env.counters.rate(this.slot, C.sessRate, this.env.now());
  }

  /** Connections it may have now: `maxconn`, or what `minconn` makes of it under the backend's present load. 0 = no limit. */
  limit(): number {
    const { minconn, maxconn } = this.view;
    if (maxconn === 0 || minconn === 0 || minconn === maxconn) return maxconn;
    const { fullconn } = this.backend;
    const load = this.backend.current();
    if (load >= fullconn) return maxconn;
    return Math.max(minconn, Math.floor((load * maxconn) / fullconn));
  }

  /** Counts a connection that is to be opened; false: there are as many as there may be, also without an idle one of this thread. */
  tryOpen(): boolean {
    const { maxconn } = this.view;
    Atomics.add(this.g, G.opening, 1);
    if (maxconn === 0) return true;
    do {
      if (Atomics.load(this.g, G.used) + Atomics.load(this.g, G.opening) <= maxconn) return true;
    } while (this.pool.endOldest());
    Atomics.sub(this.g, G.opening, 1);
    return false;
  }

  /** Takes a place on the server, unless it is full. */
  tryReserve(): boolean {
    const now = Atomics.add(this.g, G.current, 1) + 1;
    const limit = this.limit();
    if (limit > 0 && now > limit) {
      Atomics.sub(this.g, G.current, 1);
      return false;
    }
    if (now > this.g[G.currentMax]!) Atomics.store(this.g, G.currentMax, now);
    return true;
  }
}
