import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BatchOutcome } from '../../src/change/apply.ts';
import type { Change, Origin, Outcome } from '../../src/change/change.ts';
import { memoryJournal } from '../../src/change/journal/memory.ts';
import type { Judged } from '../../src/change/judge.ts';
import type { Operations } from '../../src/change/operations.ts';
import { noneStanding } from '../../src/change/standing.ts';
import { newGlobal } from '../../src/config/draft-global.ts';
import { finishServerTls, newServerTls } from '../../src/config/keywords/server-tls.ts';
import type { BindConfig, Config, ProxyConfig, ServerConfig } from '../../src/config/types.ts';
import type { Control, Ring } from '../../src/control/types.ts';
import { CounterStore } from '../../src/model/counters.ts';
import type { CapturedError, StreamView, TrafficCommand } from '../../src/model/messages.ts';
import { findProxy, findServer, type Model } from '../../src/model/model.ts';
import { Proxy } from '../../src/model/proxy.ts';
import { Admin, CheckResult, CheckState, OperState, Server } from '../../src/model/server.ts';
import { StickTables } from '../../src/model/tables/tables.ts';
import { type RuntimeApi, startRuntimeApi } from '../../src/runtime/server.ts';
import * as control from '../control/fixture.ts';
import { tableConfig } from '../model/tables/new-table.ts';
import { referenceConfig, references } from '../support/patterns.ts';
import { fetched, testCertificates } from './certificates.ts';

const at = { file: 'test.cfg', line: 1 };

export function bind(address: BindConfig['address'], more: Partial<BindConfig> = {}): BindConfig {
  return {
    at,
    address,
    id: null,
    name: null,
    maxconn: null,
    backlog: null,
    acceptProxy: false,
    netscalerCip: null,
    interface: null,
    v6only: false,
    v4v6: false,
    transparent: false,
    mss: 0,
    tfo: false,
    congestion: null,
    tcpUserTimeout: 0,
    namespace: null,
    md5Key: null,
    idlePing: 0,
    saveSyn: 0,
    proto: null,
    deferAccept: false,
    mode: 0o600,
    uid: null,
    gid: null,
    user: null,
    group: null,
    level: 'admin',
    severityOutput: 'none',
    exposeFdListeners: false,
    tls: null,
    ...more,
  };
}

export function serverConfig(name: string, port: number, more: Partial<ServerConfig> = {}): ServerConfig {
  const address = { family: 'inet', host: '127.0.0.1', port, portEnd: port, portMap: '' } as const;
  return control.serverConfig(name, { address, ...more });
}

export function proxyConfig(
  name: string,
  kind: ProxyConfig['kind'],
  id: number,
  more: Partial<ProxyConfig> = {},
): ProxyConfig {
  return control.proxyConfig(name, id, { kind, ...more });
}

const check = {
  inter: 500,
  fastinter: null,
  downinter: null,
  rise: 2,
  fall: 3,
  port: 0,
  addr: null,
  addrPort: 0,
  sendProxy: false,
  definition: null,
  proto: null,
  ssl: false,
  sni: null,
};

/** The proxies of the reference bench, as far as commands without traffic see them. */
export function benchProxies(): ProxyConfig[] {
  const cookie = {
    name: 'SRV',
    mode: 'insert' as const,
    indirect: true,
    nocache: true,
    postonly: false,
    preserve: false,
    httponly: false,
    secure: false,
    dynamic: false,
    domains: [],
    maxidle: 0,
    maxlife: 0,
    attrs: [],
    dynamicKey: null,
  };
  const balance = (algorithm: ProxyConfig['balance']['algorithm']) => ({
    ...proxyConfig('', 'backend', 0).balance,
    algorithm,
  });
  const checked = { ...check, fall: 2 };
  const name = (host: string, port: number) => ({
    family: 'name' as const,
    host,
    port,
    portEnd: port,
    portMap: '' as const,
    prefer: 0 as const,
  });
  return [
    proxyConfig('fe_http', 'frontend', 101, { idForced: true, maxconn: 100, defaultBackend: 'be_app' }),
    proxyConfig('fe_https', 'frontend', 2, { defaultBackend: 'be_app' }),
    proxyConfig('fe_tcp', 'frontend', 3, { mode: 'tcp', defaultBackend: 'be_tcp' }),
    proxyConfig('li_stats', 'listen', 4),
    proxyConfig('be_app', 'backend', 201, {
      idForced: true,
      cookie,
      servers: [
        serverConfig('s1', 20101, { id: 11, weight: 10, cookie: 'c1', maxconn: 50, check: checked }),
        serverConfig('s2', 20102, { weight: 20, cookie: 'c2', slowstart: 5000, check: checked }),
        serverConfig('s3', 20103, { backup: true, disabled: true, check: checked }),
      ],
    }),
    proxyConfig('be_slow', 'backend', 5, { servers: [serverConfig('slow1', 20104)] }),
    proxyConfig('be_static', 'backend', 6, {
      balance: balance('static-rr'),
      servers: [serverConfig('st1', 20101, { weight: 100 }), serverConfig('st2', 20102, { weight: 50 })],
    }),
    proxyConfig('be_agent', 'backend', 7, {
      balance: balance('leastconn'),
      servers: [
        serverConfig('a1', 20101, { check, agent: { inter: 500, port: 20105, addr: '127.0.0.1', send: 'hello\n' } }),
        serverConfig('a2', 20102, { check, agent: { inter: 500, port: 20106, addr: null, send: null } }),
      ],
    }),
    proxyConfig('be_track', 'backend', 8, { servers: [serverConfig('t1', 20101, { track: 'be_app/s1' })] }),
    proxyConfig('be_dns', 'backend', 9, {
      servers: [
        serverConfig('d1', 20101, { check, resolvers: 'dns1', address: name('name1.test', 20101) }),
        serverConfig('d2', 20101, { resolvers: 'dns1' }),
        serverConfig('tpl1', 20101, { check, resolvers: 'dns1' }),
        serverConfig('tpl2', 20102, { check, resolvers: 'dns1' }),
      ],
    }),
    proxyConfig('be_ssl', 'backend', 10, {
      servers: [
        serverConfig('ss1', 20443, { tls: { ...finishServerTls({ ...newServerTls(), mentioned: true })!, on: true } }),
        serverConfig('ss2', 20443),
        serverConfig('plain', 20101),
      ],
    }),
    proxyConfig('be_dyncookie', 'backend', 11, {
      cookie: { ...cookie, name: 'DYN', dynamic: true, dynamicKey: 'abc' },
      servers: [serverConfig('dc1', 20101, { cookie: '44ba13c09c033be6' })],
    }),
    proxyConfig('be_table', 'backend', 12, {
      mode: 'tcp',
      servers: [serverConfig('tb1', 20101)],
      stickTable: tableConfig({ name: 'be_table', type: 'string', keyLength: 32 }, 'gpc0'),
    }),
    proxyConfig('tbl_ipv6', 'backend', 13),
    proxyConfig('tbl_int', 'backend', 14),
    proxyConfig('tbl_bin', 'backend', 15),
    proxyConfig('be_tcp', 'backend', 16, { mode: 'tcp', servers: [serverConfig('tc1', 20107)] }),
    proxyConfig('be_bad', 'backend', 17, { servers: [serverConfig('bad1', 20108)] }),
    proxyConfig('be_fallback', 'backend', 18, { disabled: true, servers: [serverConfig('f1', 20101)] }),
    proxyConfig('fe_off', 'frontend', 19, { disabled: true }),
  ];
}

function globalConfig(): Config['global'] {
  return {
    at: {},
    maxconn: 200,
    nbthread: 2,
    uring: false,
    maxconnrate: 0,
    maxsessrate: 0,
    maxsslrate: 0,
    errCodes: [],
    tokens: { algorithms: [], encryptions: [], unsigned: false },
    failCodes: [],
    maxcomprate: 0,
    maxcompcpuusage: 100,
    profileTasks: false,
    daemon: false,
    masterWorker: false,
    user: null,
    group: null,
    uid: null,
    gid: null,
    chroot: null,
    capabilities: [],
    pidfile: null,
    node: 'bench-node',
    description: 'bench box',
    localpeer: null,
    logs: [],
    logTag: null,
    logSendHostname: null,
    statsSockets: [],
    statsTimeout: 30_000,
    statsMaxconn: 20,
    ulimitN: null,
    hardStopAfter: null,
    grace: 0,
    serverStateBase: null,
    serverStateFile: null,
    spreadChecks: 0,
    maxSpreadChecks: null,
    externalCheck: false,
    h2WithoutWebSockets: false,
    pp2NeverLocal: false,
    insecureForkWanted: false,
    insecureSetuidWanted: false,
    crtBase: null,
    caBase: null,
    httpClient: { caFile: null, verify: true },
    acmeScheduler: true,
    tls: newGlobal().tls,
    setVars: [],
    defaultPath: [],
    tune: {
      bufsize: 16384,
      maxrewrite: 1024,
      maxhdr: 101,
      logurilen: 1024,
      cookielen: 63,
      cliMaxPayloadSize: 131072,
      h2InitialWindowSize: 65535,
      h2BeInitialWindowSize: null,
      h2BeMaxConcurrentStreams: null,
      h2FeInitialWindowSize: null,
      h2FeMaxConcurrentStreams: null,
      h2MaxConcurrentStreams: 100,
      h2HeaderTableSize: 4096,
      poolHighFdRatio: 25,
      poolLowFdRatio: 20,
      maxaccept: 4,
      rcvbufClient: null,
      rcvbufServer: null,
      sndbufClient: null,
      sndbufServer: null,
      stickCounters: 3,
      varsProc: 0,
      varsSess: 0,
      varsTxn: 0,
      varsReqres: 0,
      varsCheck: 0,
      patternCacheSize: 0,
      comp_maxlevel: 1,
    },
    other: {},
    env: { BENCH_VAR: 'hello', HOME: '/' },
  };
}

export function configOf(proxies: readonly ProxyConfig[], more: Partial<Config> = {}): Config {
  const dyn1 = proxyConfig('dyn1', 'backend', 0);
  return {
    global: globalConfig(),
    proxies,
    rings: [],
    logForwards: [],
    resolvers: [],
    peers: [],
    userlists: [],
    caches: [],
    databases: [],
    acmes: [],
    httpErrors: [],
    crtStores: [],
    defaults: [dyn1, { ...dyn1, name: 'dyn2' }],
    defaultServers: { be_app: serverConfig('', 0), be_ssl: serverConfig('', 0) },
    ...more,
  } as Config;
}

const patterns = await references(
  referenceConfig(6, 'hosts.map', ['a.test be_app', 'b.test two words'], { keyed: true }),
  referenceConfig(7, 'ua.acl', ['BadBot', 'evil crawler']),
);

/** A model over `proxies`, as the control thread builds it. */
export function modelOf(proxies: readonly ProxyConfig[], more: Partial<Config> = {}): Model {
  const counters = new CounterStore(3);
  const now = Date.now() - 5000;
  const model: Model = {
    config: configOf(proxies, more),
    started: globalConfig(),
    counters,
    processSlot: counters.allocate(),
    tlsSessions: null,
    proxies: [],
    caches: [],
    databases: [],
    proxiesById: new Map(),
    patterns,
    tables: new StickTables({ proxies, peers: more.peers ?? [] }),
    certificates: testCertificates(),
    limits: { maxconn: 200, hardMaxconn: 200, connRate: 0, sessRate: 0, sslRate: 0, compRate: 0 },
    startedAt: now,
    threads: 2,
    procVars: new Map(),
    stopping: false,
    warnings: 3,
    startupLogs: '[NOTICE]   (1) : sluice version is 3.5\n',
  };
  for (const config of proxies) {
    const proxy = new Proxy(
      config,
      config.kind === 'backend' ? -1 : counters.allocate(),
      config.kind === 'frontend' ? -1 : counters.allocate(),
      false,
      now,
    );
    model.proxies.push(proxy);
    model.proxiesById.set(proxy.id, proxy);
    config.servers.forEach((server, i) => {
      addServer(proxy, settled(new Server(proxy, server, server.id ?? i + 1, counters.allocate(), false, now)));
    });
  }
  for (const proxy of model.proxies) {
    for (const server of proxy.servers) {
      if (server.config.track)
        server.tracked = findServer(
          findProxy(model, server.config.track.split('/')[0]!, 'backend')!,
          server.config.track.split('/')[1]!,
        );
    }
  }
  return model;
}

/** As after the first checks: all of them passed. */
function settled(server: Server): Server {
  const { check, agent } = server;
  if (check && server.admin === 0) {
    const status = server.proxy.name === 'be_app' ? 'L7OK' : 'L4OK';
    Object.assign(check, {
      status,
      result: CheckResult.passed,
      code: 200,
      duration: 0,
      health: check.rise + check.fall - 1,
    });
  } else if (check) {
    Object.assign(check, { state: check.state | CheckState.paused, health: 0 });
  }
  if (agent)
    Object.assign(agent, {
      status: 'L7OK',
      result: CheckResult.passed,
      code: 0,
      duration: 0,
      description: 'via agent : up',
    });
  if (server.admin !== 0 && check) server.operState = OperState.stopped;
  return server;
}

export function addServer(proxy: Proxy, server: Server): void {
  proxy.servers.push(server);
  proxy.serversByName.set(server.name, server);
  proxy.serversById.set(server.id, server);
}

/** A Control whose Changes are recorded, with the few effects that the tests look at. */
export interface FakeControl extends Control {
  readonly changes: { readonly change: Change; readonly origin: Origin }[];
  streams: StreamView[];
  captured: CapturedError[];
  /** What the next Changes answer. */
  outcome: Outcome;
  readonly rings: Map<string, FakeRing>;
}

export class FakeRing implements Ring {
  readonly name: string;
  readonly type: 'buffer' | 'fd';
  readonly description: string;
  readonly dropped = 0;
  readonly listeners = new Set<(line: string) => void>();
  readonly kept: string[] = [];

  constructor(name: string, type: 'buffer' | 'fd', description: string) {
    this.name = name;
    this.type = type;
    this.description = description;
  }

  lines(): string[] {
    return this.kept;
  }

  follow(listener: (line: string) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  write(line: string): void {
    this.kept.push(line);
    for (const listener of this.listeners) listener(line);
  }
}

export function fakeControl(model: Model = modelOf(benchProxies())): FakeControl {
  const rings = new Map(
    [
      new FakeRing('stdout', 'fd', 'standard output (fd#1)'),
      new FakeRing('stderr', 'fd', 'standard output (fd#2)'),
      new FakeRing('buf0', 'buffer', 'in-memory ring buffer'),
    ].map((ring) => [ring.name, ring] as const),
  );
  const names = {
    sent: 38,
    send_error: 0,
    valid: 22,
    update: 3,
    cname: 0,
    cname_error: 0,
    any_err: 16,
    nx: 0,
    timeout: 0,
    refused: 0,
    other: 0,
    invalid: 0,
    too_big: 0,
    truncated: 0,
    outdated: 0,
  };
  const control: FakeControl = {
    model,
    changes: [],
    streams: [],
    captured: [],
    outcome: { ok: true, severity: 6, text: '', inverse: null },
    rings,
    traffic: { threads: 2, ask: async (command: TrafficCommand) => answerOf(control, command) },
    logs: { send() {}, rings, dropped: 0 },
    resolvers: {
      sections: ['dns1', 'default'],
      statistics: () => [{ section: 'dns1', nameserver: 'ns1', pid: 0, counters: names }],
      watch() {},
      unwatch() {},
    },
    peers: { sections: [] },
    logForwards: { received: 0 },
    ocsp: { states: () => [], fetch: async () => fetched(), refresh() {}, close() {} },
    health: { start() {}, stop() {}, report() {} },
    reloads: { done: 0, failed: 0 },
    idlePercent: 99,
    async apply(change, origin) {
      control.changes.push({ change, origin });
      if (control.outcome.ok) effect(model, change);
      return control.outcome;
    },
    operations: undefined as never,
    saveTables: async () => [],
    renewals: { list: () => [], renew: () => 'unknown', challengeReady: () => null },
    async reload() {
      control.reloads.done++;
      return { ok: true, text: '[NOTICE]   (1) : configuration in force\n' };
    },
    async stop() {},
  };
  return Object.assign(control, { operations: fakeOperations(control) });
}

/** Transactions whose Changes are recorded as if they came one by one; nothing stands over the file. */
function fakeOperations(control: FakeControl): Operations {
  const { model } = control;
  const applied = async (changes: readonly Change[], origin: Origin): Promise<BatchOutcome> => {
    const outcomes: Outcome[] = [];
    for (const change of changes) outcomes.push(await control.apply(change, origin));
    const failedAt = outcomes.findIndex(({ ok }) => !ok);
    const judged = changes.map((change) => judgedOf(change));
    return { ok: failedAt < 0, operation: 'op-00000000', judged, outcomes, failedAt, warnings: [], lease: null };
  };
  return {
    journal: memoryJournal(),
    goOn: false,
    standing: noneStanding(),
    conflicts: [],
    apply: applied,
    preview: async (changes) => changes.map(judgedOf),
    rehearsal: () => ({ model, judge: async (change) => judgedOf(change) }),
    undo: (operation, origin) => applied([{ kind: 'lease.confirm', operation: operation ?? '' }], origin),
    confirm: (operation, origin) => applied([{ kind: 'lease.confirm', operation }], origin),
    requests: async () => [],
    permit: async (changes) => ({
      ...{ ok: true, operation: 'op-00000000', judged: changes.map(judgedOf), outcomes: [], failedAt: -1 },
      ...{ warnings: [], lease: null },
    }),
    approve: (operation, origin) => applied([{ kind: 'lease.confirm', operation }], origin),
    kept: async () => null,
    provenance: () => [],
  };
}

function judgedOf(change: Change): Judged {
  return { change, problems: [], warnings: [], before: 'old', after: 'new', effect: 'live' };
}

function answerOf(control: FakeControl, command: TrafficCommand): unknown[] {
  if (command.kind === 'activity') {
    return [0, 1].map((thread) => ({
      thread,
      connections: 1,
      streams: 2,
      loops: 100,
      idlePercent: 98,
      bytesOut: 1000,
      timers: 3,
    }));
  }
  if (command.kind === 'streams.list') {
    const { id, frontend, backend, server, olderThanMs } = command.filter;
    const fits = (s: StreamView) =>
      (id === undefined || s.id === id) &&
      (frontend === undefined || s.frontend === frontend) &&
      (backend === undefined || s.backend === backend) &&
      (server === undefined || s.server === server) &&
      (olderThanMs === undefined || Date.now() - s.startedAt >= olderThanMs);
    return [control.streams.filter(fits), []];
  }
  if (command.kind === 'errors.list') return [control.captured, []];
  return [null, null];
}

/** The effects of Changes that tests read back. */
function effect(model: Model, change: Change): void {
  if (change.kind === 'var.set' && change.value) model.procVars.set(change.name, { ...change.value });
  if (!('server' in change) || !('backend' in change)) return;
  const proxy = findProxy(model, change.backend, 'backend');
  const server = proxy && findServer(proxy, change.server);
  if (!server) return;
  if (change.kind === 'server.weight') {
    server.userWeight = change.percent
      ? Math.min(256, Math.floor((server.initialWeight * change.weight) / 100))
      : change.weight;
  } else if (change.kind === 'server.state') {
    server.admin = change.to === 'maint' ? Admin.forcedMaint : change.to === 'drain' ? Admin.forcedDrain : 0;
    server.operState = change.to === 'maint' ? OperState.stopped : OperState.running;
  }
}

export interface TestApi {
  readonly control: FakeControl;
  readonly api: RuntimeApi;
  /** Path of a socket of the given level. */
  path(level: 'admin' | 'operator' | 'user'): string;
  /** A TCP socket of level admin with numeric severities. */
  readonly port: number;
  close(): Promise<void>;
}

/** The Runtime API over a fake Control, on sockets of all levels in a folder of its own. */
export async function startApi(
  control: FakeControl = fakeControl(),
  options: { maxconn?: number; timeout?: number } = {},
): Promise<TestApi> {
  const folder = mkdtempSync(join(tmpdir(), 'rt-'));
  const path = (level: string) => join(folder, `${level}.sock`);
  const levels = ['admin', 'operator', 'user'] as const;
  const binds = [
    ...levels.map((level) => bind({ family: 'unix', path: path(level) }, { level })),
    bind({ family: 'inet', host: '127.0.0.1', port: 0, portEnd: 0, portMap: '' }, { severityOutput: 'number' }),
  ];
  const api = await startRuntimeApi(control, binds, {
    maxconn: options.maxconn ?? 100,
    timeout: options.timeout ?? 10_000,
  });
  return {
    control,
    api,
    path,
    port: api.sockets[3]!.port,
    async close() {
      await api.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Sends bytes and reads until the server closes. */
export function exchange(target: string | number, data: string | Buffer, halfClose = false): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = typeof target === 'number' ? net.connect(target, '127.0.0.1') : net.connect(target);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', reject);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.write(data);
    if (halfClose) socket.end();
  });
}
