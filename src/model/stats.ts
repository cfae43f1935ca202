import { C, G } from './counters.ts';
import { dynamicCookie } from './dynamic-cookie.ts';
import { fullconnOf } from './fullconn.ts';
import type { Model } from './model.ts';
import type { Listener, Proxy } from './proxy.ts';
import { CheckState, CheckStatus, inMaint, isDraining, OperState, type Server } from './server.ts';
import {
  backendWeights,
  checkDescription,
  checkStatusText,
  downTime,
  serverStatus,
  statusHasCode,
} from './server-status.ts';
import { SlotReader } from './slot-reader.ts';
import { STAT, STAT_FIELDS, STATIC_FIELDS } from './stat-fields.ts';

/** A value of a row: null where the field does not apply to the object. */
export type StatValue = number | string | null;

/** What a row is about, in HAProxy's letters: frontend, backend, server, listener. */
export type StatKind = 'F' | 'B' | 'S' | 'L';

/** A row of statistics. `values` is indexed by STAT; it is overwritten by the next row, so copy what must be kept. */
export interface StatRow {
  kind: StatKind;
  proxy: Proxy;
  /** Null but in rows of servers. */
  server: Server | null;
  /** Id of the listener or server, 0 for the proxy itself. */
  id: number;
  readonly values: StatValue[];
}

/** Which rows to compute. */
export interface StatScope {
  /** Proxy id, or -1 for all. */
  readonly iid: number;
  /** Bits: 1 frontends, 2 backends, 4 servers, 8 listeners; -1 for all. */
  readonly types: number;
  /** Server or listener id, or -1 for all. */
  readonly sid: number;
  /** Leaves out servers that are down or in maintenance. */
  readonly hideDown: boolean;
  /** Leaves out servers in maintenance. */
  readonly hideMaint: boolean;
  /** Addresses, cookies and algorithms are told (`stats show-legends`, sockets above level user). */
  readonly legends: boolean;
}

export const ALL_ROWS: StatScope = { iid: -1, types: -1, sid: -1, hideDown: false, hideMaint: false, legends: true };

/** Type bits of StatScope, also the numbers (as exponents) of the field `type`. */
const TYPE = { frontend: 0, backend: 1, server: 2, listener: 3 } as const;

/**
 * Computes the rows of `show stat` in HAProxy's order: for each proxy its frontend, listeners (`option socket-stats`), servers, backend.
 * Proxies that are `disabled` in the configuration have none. Yields one row object again and again.
 */
export function* proxyRows(
  model: Model,
  now: number,
  scope: StatScope = ALL_ROWS,
): Generator<StatRow, void, undefined> {
  const reader = new RowReader(model, now, scope.legends);
  const wants = (type: number) => scope.types === -1 || (scope.types & (1 << type)) !== 0;
  for (const proxy of model.proxies) {
    if (proxy.state === 'disabled' || (scope.iid !== -1 && proxy.id !== scope.iid)) continue;
    if (proxy.isFrontend && wants(TYPE.frontend)) yield reader.frontend(proxy);
    if (proxy.isFrontend && wants(TYPE.listener) && proxy.config.options.includes('socket-stats')) {
      for (const listener of proxy.listeners) {
        if (scope.sid === -1 || listener.id === scope.sid) yield reader.listener(proxy, listener);
      }
    }
    if (!proxy.isBackend) continue;
    if (wants(TYPE.server)) {
      for (const server of proxy.servers) {
        if (scope.sid !== -1 && server.id !== scope.sid) continue;
        if (hidden(server, scope)) continue;
        yield reader.server(server);
      }
    }
    if (wants(TYPE.backend)) yield reader.backend(proxy);
  }
}

function hidden(server: Server, scope: StatScope): boolean {
  if (!scope.hideDown && !scope.hideMaint) return false;
  if (inMaint(server)) return true;
  return scope.hideDown && server.operState === OperState.stopped && checkedDown(server);
}

/** Down and with no check about to change that. */
function checkedDown(server: Server): boolean {
  let checked = server;
  while (checked.tracked) checked = checked.tracked;
  const enabled = (view: Server['check']) => view !== null && (view.state & CheckState.enabled) !== 0;
  if (!enabled(checked.check) && !enabled(checked.agent)) return true;
  return (
    (enabled(checked.agent) && checked.agent!.health === 0) || (enabled(checked.check) && checked.check!.health === 0)
  );
}

/** Fields that every row of a kind fills with 0 as long as nothing here feeds them. */
const FRONTEND_MODULES = range(STAT.h2_headers_rcvd, STAT_FIELDS);
const SERVER_MODULES = range(STAT.ssl_sess, STAT.h3_data);

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

class RowReader {
  readonly #model: Model;
  readonly #now: number;
  readonly #legends: boolean;
  readonly #slot: SlotReader;
  readonly #row: StatRow;

  constructor(model: Model, now: number, legends: boolean) {
    this.#model = model;
    this.#now = now;
    this.#legends = legends;
    this.#slot = new SlotReader(model.counters, now);
    const values: StatValue[] = [];
    for (let i = 0; i < STAT_FIELDS; i++) values.push(null);
    this.#row = { kind: 'F', proxy: model.proxies[0]!, server: null, id: 0, values };
  }

  frontend(proxy: Proxy): StatRow {
    const http = proxy.config.mode === 'http';
    const { values: v } = this.#begin('F', proxy, 0, proxy.frontendSlot, TYPE.frontend, 'FRONTEND');
    const slot = this.#slot;
    v[STAT.slim] = proxy.maxconn || this.#model.limits.maxconn;
    v[STAT.ereq] = slot.sum(C.failedReq);
    v[STAT.status] = frontendStatus(proxy);
    v[STAT.rate] = slot.rate(C.sessRate);
    v[STAT.rate_lim] = proxy.config.rateLimitSessions;
    v[STAT.rate_max] = slot.gauge(G.sessRateMax);
    if (http) this.#responses(v);
    v[STAT.req_rate] = slot.rate(C.reqRate);
    v[STAT.req_rate_max] = slot.gauge(G.reqRateMax);
    v[STAT.req_tot] = slot.sum(C.requests);
    this.#compression(v);
    v[STAT.conn_rate] = slot.rate(C.connRate);
    v[STAT.conn_rate_max] = slot.gauge(G.connRateMax);
    v[STAT.conn_tot] = slot.sum(C.connections);
    if (http) v[STAT.intercepted] = slot.sum(C.intercepted);
    v[STAT.dcon] = slot.sum(C.deniedConn);
    v[STAT.dses] = slot.sum(C.deniedSess);
    if (http) this.#cache(v);
    v[STAT.sess_other] = slot.sum(C.sessOther);
    v[STAT.h1sess] = slot.sum(C.h1Sessions);
    v[STAT.h2sess] = slot.sum(C.h2Sessions);
    v[STAT.h3sess] = 0;
    v[STAT.req_other] = 0;
    const h2 = slot.sum(C.h2Requests);
    v[STAT.h1req] = Math.max(0, slot.sum(C.requests) - h2);
    v[STAT.h2req] = h2;
    v[STAT.h3req] = 0;
    this.#payload(v);
    this.#modules(v);
    return this.#row;
  }

  listener(proxy: Proxy, listener: Listener): StatRow {
    const { values: v } = this.#begin('L', proxy, listener.id, listener.slot, TYPE.listener, listener.name);
    const slot = this.#slot;
    v[STAT.slim] = listener.config.maxconn ?? 0;
    v[STAT.ereq] = slot.sum(C.failedReq);
    v[STAT.status] =
      listener.state === 'listening' || listener.state === 'new'
        ? 'OPEN'
        : listener.state === 'paused'
          ? 'WAITING'
          : 'STOP';
    v[STAT.dcon] = slot.sum(C.deniedConn);
    v[STAT.dses] = slot.sum(C.deniedSess);
    if (this.#legends) v[STAT.addr] = listenerAddress(listener);
    for (const field of SERVER_MODULES) v[field] = 0;
    this.#tls(v);
    return this.#row;
  }

  server(server: Server): StatRow {
    const proxy = server.proxy;
    const http = proxy.config.mode === 'http';
    const { values: v } = this.#begin('S', proxy, server.id, server.slot, TYPE.server, server.name);
    const slot = this.#slot;
    this.#row.server = server;
    this.#queueAndErrors(v);
    v[STAT.slim] = server.maxconn === 0 ? null : server.maxconn >>> 0;
    v[STAT.dreq] = null;
    v[STAT.status] = serverStatus(server);
    v[STAT.weight] = Math.ceil(server.userWeight * server.warmup);
    v[STAT.uweight] = server.userWeight;
    v[STAT.act] = server.config.backup ? 0 : 1;
    v[STAT.bck] = server.config.backup ? 1 : 0;
    v[STAT.lastchg] = seconds(this.#now - server.lastChange);
    if (server.config.maxqueue > 0) v[STAT.qlimit] = server.config.maxqueue;
    if (server.operState === OperState.starting && !isDraining(server))
      v[STAT.throttle] = Math.floor(server.warmup * 100);
    if (server.tracked) v[STAT.tracked] = server.tracked.path;
    this.#checks(server, v);
    v[STAT.rate] = slot.rate(C.sessRate);
    v[STAT.rate_max] = slot.gauge(G.sessRateMax);
    if (http) {
      this.#responses(v);
      v[STAT.req_tot] = slot.sum(C.requests);
    }
    if (observer(server).config.observe !== 'none') v[STAT.hanafail] = server.failedHana;
    if (this.#legends) {
      v[STAT.addr] = serverAddress(server);
      v[STAT.cookie] = server.cookie ?? madeCookie(proxy, server);
    }
    const [unsafe, safe, own] = [slot.sum(C.idleUnsafe), slot.sum(C.idleSafe), slot.sum(C.idlePrivate)];
    v[STAT.srv_icur] = unsafe + safe;
    if (server.config.poolMaxConn >= 0) v[STAT.src_ilim] = server.config.poolMaxConn;
    v[STAT.idle_conn_cur] = unsafe;
    v[STAT.safe_conn_cur] = safe;
    v[STAT.used_conn_cur] = Math.max(0, slot.gauge(G.used) - unsafe - safe - own);
    v[STAT.need_conn_est] = slot.sum(C.neededConns);
    v[STAT.srid] = 0;
    v[STAT.priv_idle_cur] = own;
    this.#payload(v);
    this.#tls(v);
    return this.#row;
  }

  backend(proxy: Proxy): StatRow {
    const http = proxy.config.mode === 'http';
    const { values: v } = this.#begin('B', proxy, 0, proxy.backendSlot, TYPE.backend, 'BACKEND');
    const slot = this.#slot;
    const weights = backendWeights(proxy);
    this.#queueAndErrors(v);
    v[STAT.slim] = fullconnOf(this.#model, proxy);
    v[STAT.status] =
      (weights.total > 0 || proxy.servers.length === 0 ? 'UP' : 'DOWN') + (proxy.published ? '' : ' (UNPUB)');
    v[STAT.weight] = weights.total;
    v[STAT.uweight] = weights.user;
    v[STAT.act] = weights.active;
    v[STAT.bck] = weights.backup;
    v[STAT.chkdown] = proxy.downTransitions;
    v[STAT.lastchg] = seconds(this.#now - proxy.lastChange);
    if (proxy.servers.length > 0)
      v[STAT.downtime] = proxy.downTime + (weights.total > 0 ? 0 : seconds(this.#now - proxy.lastChange));
    v[STAT.rate] = slot.rate(C.sessRate);
    v[STAT.rate_max] = slot.gauge(G.sessRateMax);
    if (http) {
      this.#responses(v);
      v[STAT.req_tot] = slot.sum(C.requests);
      this.#cache(v);
    }
    this.#compression(v);
    if (this.#legends) {
      if (proxy.config.cookie) v[STAT.cookie] = proxy.config.cookie.name;
      v[STAT.algo] = algorithmName(proxy);
    }
    v[STAT.agg_server_status] = 0;
    v[STAT.agg_server_check_status] = 0;
    v[STAT.agg_check_status] = 0;
    this.#payload(v);
    this.#modules(v);
    return this.#row;
  }

  /** What all rows have. */
  #begin(kind: StatKind, proxy: Proxy, id: number, slotNumber: number, type: number, name: string): StatRow {
    const row = this.#row;
    const v = row.values;
    const slot = this.#slot;
    // Rows of servers come by the thousand, and what they have behind the core's fields is nearly always the same.
    if (kind === 'S' && row.kind === 'S') v.fill(null, 0, STATIC_FIELDS);
    else {
      v.fill(null);
      if (kind === 'S') for (const field of SERVER_MODULES) v[field] = 0;
    }
    row.kind = kind;
    row.proxy = proxy;
    row.server = null;
    row.id = id;
    slot.seek(slotNumber);
    v[STAT.pxname] = proxy.name;
    v[STAT.svname] = name;
    v[STAT.scur] = slot.gauge(G.current);
    v[STAT.smax] = slot.gauge(G.currentMax);
    v[STAT.stot] = slot.sum(C.sessions);
    v[STAT.bin] = slot.sum(C.requestIn);
    v[STAT.bout] = slot.sum(C.responseIn);
    v[STAT.dreq] = slot.sum(C.deniedReq);
    v[STAT.dresp] = slot.sum(C.deniedResp);
    v[STAT.pid] = 1;
    v[STAT.iid] = proxy.id;
    v[STAT.sid] = id;
    v[STAT.type] = type;
    v[STAT.mode] = proxy.config.mode;
    v[STAT.wrew] = slot.sum(C.failedRewrites);
    v[STAT.eint] = slot.sum(C.internalErrors);
    return row;
  }

  /** What servers and backends have. */
  #queueAndErrors(v: StatValue[]): void {
    const slot = this.#slot;
    v[STAT.qcur] = slot.gauge(G.queued);
    v[STAT.qmax] = slot.gauge(G.queuedMax);
    v[STAT.econ] = slot.sum(C.failedConns);
    v[STAT.eresp] = slot.sum(C.failedResp);
    v[STAT.wretr] = slot.sum(C.retries);
    v[STAT.wredis] = slot.sum(C.redispatches);
    v[STAT.lbtot] = slot.sum(C.lbTotal);
    v[STAT.cli_abrt] = slot.sum(C.cliAborts);
    v[STAT.srv_abrt] = slot.sum(C.srvAborts);
    const last = slot.max(C.lastSession);
    v[STAT.lastsess] = last > 0 ? Math.max(0, Math.floor(this.#now / 1000) - last) : -1;
    const timed = slot.sum(C.timed);
    v[STAT.qtime] = average(slot.sum(C.qTime), timed);
    v[STAT.ctime] = average(slot.sum(C.cTime), timed);
    v[STAT.rtime] = average(slot.sum(C.rTime), timed);
    v[STAT.ttime] = average(slot.sum(C.tTime), timed);
    v[STAT.connect] = slot.sum(C.connect);
    v[STAT.reuse] = slot.sum(C.reuse);
    v[STAT.qtime_max] = slot.max(C.qTimeMax);
    v[STAT.ctime_max] = slot.max(C.cTimeMax);
    v[STAT.rtime_max] = slot.max(C.rTimeMax);
    v[STAT.ttime_max] = slot.max(C.tTimeMax);
  }

  #checks(server: Server, v: StatValue[]): void {
    const { check, agent } = server;
    if (check && (check.state & CheckState.enabled) !== 0) {
      v[STAT.chkfail] = server.failedChecks;
      v[STAT.chkdown] = server.downTransitions;
      v[STAT.downtime] = downTime(server, this.#now);
      if ((check.state & CheckState.paused) === 0) {
        v[STAT.check_status] = checkStatusText(check);
        if (CheckStatus[check.status] > CheckStatus.INI + 1) v[STAT.check_duration] = Math.max(0, check.duration);
        if (statusHasCode(check)) v[STAT.check_code] = Math.max(0, check.code);
        v[STAT.last_chk] = check.description;
        v[STAT.check_desc] = checkDescription(check);
        v[STAT.check_rise] = check.rise;
        v[STAT.check_fall] = check.fall;
        v[STAT.check_health] = check.health;
      }
    }
    if (agent && (agent.state & (CheckState.enabled | CheckState.paused)) === CheckState.enabled) {
      v[STAT.agent_status] = checkStatusText(agent);
      if (CheckStatus[agent.status] > CheckStatus.INI + 1) v[STAT.agent_duration] = Math.max(0, agent.duration);
      if (statusHasCode(agent)) v[STAT.agent_code] = Math.max(0, agent.code);
      v[STAT.last_agt] = agent.description;
      v[STAT.agent_desc] = checkDescription(agent);
      v[STAT.agent_rise] = agent.rise;
      v[STAT.agent_fall] = agent.fall;
      v[STAT.agent_health] = agent.health;
    }
  }

  #responses(v: StatValue[]): void {
    const slot = this.#slot;
    v[STAT.hrsp_1xx] = slot.sum(C.hrsp1xx);
    v[STAT.hrsp_2xx] = slot.sum(C.hrsp2xx);
    v[STAT.hrsp_3xx] = slot.sum(C.hrsp3xx);
    v[STAT.hrsp_4xx] = slot.sum(C.hrsp4xx);
    v[STAT.hrsp_5xx] = slot.sum(C.hrsp5xx);
    v[STAT.hrsp_other] = slot.sum(C.hrspOther);
  }

  #compression(v: StatValue[]): void {
    const slot = this.#slot;
    v[STAT.comp_in] = slot.sum(C.compIn);
    v[STAT.comp_out] = slot.sum(C.compOut);
    v[STAT.comp_byp] = slot.sum(C.compBypass);
    v[STAT.comp_rsp] = slot.sum(C.compResp);
  }

  #cache(v: StatValue[]): void {
    v[STAT.cache_lookups] = this.#slot.sum(C.cacheLookups);
    v[STAT.cache_hits] = this.#slot.sum(C.cacheHits);
    v[STAT.cache_hint_hits] = 0;
  }

  #payload(v: StatValue[]): void {
    const slot = this.#slot;
    v[STAT.reqbin] = slot.sum(C.requestIn);
    v[STAT.reqbout] = slot.sum(C.requestOut);
    v[STAT.resbin] = slot.sum(C.responseIn);
    v[STAT.resbout] = slot.sum(C.responseOut);
  }

  #modules(v: StatValue[]): void {
    const slot = this.#slot;
    for (const field of FRONTEND_MODULES) v[field] = 0;
    this.#tls(v);
    v[STAT.h2_detected_conn_protocol_errors] = slot.sum(C.h2Errors);
    v[STAT.h2_open_connections] = slot.gauge(G.h2Open);
    v[STAT.h2_backend_open_streams] = slot.gauge(G.h2OpenStreams);
    v[STAT.h2_total_connections] = slot.sum(C.h2Connections);
    v[STAT.h2_backend_total_streams] = slot.sum(C.h2Streams);
    v[STAT.h1_open_connections] = slot.gauge(G.h1Open);
    v[STAT.h1_open_streams] = slot.gauge(G.h1OpenStreams);
    v[STAT.h1_total_connections] = slot.sum(C.h1Connections);
    v[STAT.h1_total_streams] = slot.sum(C.h1Streams);
    v[STAT.h1_bytes_in] = slot.sum(C.h1BytesIn);
    v[STAT.h1_bytes_out] = slot.sum(C.h1BytesOut);
  }

  #tls(v: StatValue[]): void {
    v[STAT.ssl_sess] = this.#slot.sum(C.sslSessions);
    v[STAT.ssl_reused_sess] = this.#slot.sum(C.sslReused);
    v[STAT.ssl_failed_handshake] = this.#slot.sum(C.sslFailed);
  }
}

function seconds(ms: number): number {
  return Math.max(0, Math.floor(ms / 1000));
}

function average(total: number, count: number): number {
  return count > 0 ? Math.round(total / count) : 0;
}

/** The balancing algorithm by HAProxy's name; those that its statistics have no name for, the default among them, are `unknown`. */
function algorithmName(proxy: Proxy): string {
  const { algorithm, at } = proxy.config.balance;
  return at === null || algorithm === 'random' ? 'unknown' : algorithm;
}

/** Status of a frontend as `show stat` tells it. */
function frontendStatus(proxy: Proxy): string {
  return proxy.state === 'ready' ? 'OPEN' : proxy.state === 'paused' ? 'PAUSED' : 'STOP';
}

/** `address:port` of a server as `show stat` tells it; IPv6 in brackets, `unix` for paths, '' while unresolved. */
function serverAddress(server: Server): string {
  if (server.host === null) return '';
  if (server.family === 'unix' || server.family === 'abns') return 'unix';
  const port = server.portMap === '' ? String(server.port) : (server.portMap === '+' ? '+' : '-') + server.port;
  return server.family === 'inet6' ? `[${server.host}]:${port}` : `${server.host}:${port}`;
}

/** The address of a listener, the same way. */
function listenerAddress(listener: Listener): string {
  const { address } = listener.config;
  if (address.family === 'inet') return `${address.host}:${address.port}`;
  if (address.family === 'inet6') return `[${address.host}]:${address.port}`;
  return address.family === 'unix' || address.family === 'abns' ? 'unix' : '';
}

/** The cookie that `cookie ... dynamic` makes for a server without one of its own. */
function madeCookie(proxy: Proxy, server: Server): string | null {
  const key = proxy.dynamicCookie ? proxy.dynamicCookieKey : null;
  return key === null ? null : dynamicCookie(key, server.host, server.port);
}

/** The server whose errors tell of this one, too: that at the end of the chain that it tracks. */
function observer(server: Server): Server {
  let at = server;
  while (at.tracked !== null) at = at.tracked;
  return at;
}
