import { hostname } from 'node:os';
import type {
  EndpointView,
  ExprContext,
  HeadView,
  LogFacts,
  ProxyFacts,
  ServerFacts,
  ServerTlsFacts,
  Vars,
} from '../../expr/types.ts';
import { C, G } from '../../model/counters.ts';
import { findProxy, type Model } from '../../model/model.ts';
import type { Proxy } from '../../model/proxy.ts';
import { isUsable, type Server } from '../../model/server.ts';
import { usableServers } from '../servers/usable.ts';
import { effectiveWeight } from '../servers/weight.ts';

/** What expressions in health checks see: the server and its backend, the answer so far, variables of scope `check` and `proc`. */
export class CheckContext implements ExprContext {
  now = 0;
  source: EndpointView = NOWHERE;
  destination: EndpointView = NOWHERE;
  responseHead: HeadView | null = null;
  serverTls: ServerTlsFacts | null = null;
  payload = '';
  readonly requestHead = null;
  readonly frontend: ProxyFacts;
  readonly backend: ProxyFacts;
  readonly server: ServerFacts;
  readonly listenerId = 0;
  readonly listenerName = '';
  readonly uniqueId = '';
  readonly #model: Model;
  readonly #server: Server;
  readonly #vars: Vars = new Map();

  constructor(model: Model, server: Server) {
    this.#model = model;
    this.#server = server;
    this.server = new Facts(model, server);
    this.backend = proxyFacts(model, server.proxy);
    this.frontend = this.backend;
  }

  findBackend(name: string): ProxyFacts | null {
    const proxy = findProxy(this.#model, name, 'backend');
    return proxy && proxyFacts(this.#model, proxy);
  }

  findFrontend(name: string): ProxyFacts | null {
    const proxy = findProxy(this.#model, name, 'frontend');
    return proxy && proxyFacts(this.#model, proxy);
  }

  vars(scope: Parameters<ExprContext['vars']>[0]): Vars {
    return scope === 'proc' ? (this.#model.procVars as Vars) : this.#vars;
  }

  requestPayload(): string {
    return '';
  }

  responsePayload(): string {
    return this.payload;
  }

  get log(): LogFacts {
    const server = this.#server;
    return {
      ...NO_STREAM,
      acceptDate: this.now,
      requestDate: this.now,
      status: this.responseHead?.status ?? 0,
      serverHost: server.host ?? '',
      serverPort: server.port,
      localHost: this.source.host,
      localPort: this.source.port,
    };
  }
}

const NOWHERE: EndpointView = { host: '', port: 0 };

const NO_STREAM: LogFacts = {
  acceptDate: 0,
  requestDate: 0,
  handshakeTime: 0,
  idleTime: 0,
  requestTime: -1,
  queueTime: -1,
  connectTime: -1,
  responseTime: -1,
  dataTime: -1,
  totalTime: 0,
  bytesUploaded: 0,
  bytesRead: 0,
  requestSent: 0,
  responseReceived: 0,
  responseSent: 0,
  status: 0,
  termination: '----',
  requestCookie: '',
  responseCookie: '',
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestCounter: 0,
  requestLine: '',
  captures: { request: [], response: [] },
  processConnections: 0,
  frontendConnections: 0,
  backendConnections: 0,
  serverConnections: 0,
  serverHost: '',
  serverPort: 0,
  localHost: '',
  localPort: 0,
  logAsap: false,
  ssl: false,
  sslVersion: '',
  sslCipher: '',
  hostname: hostname(),
  pid: process.pid,
};

class Facts implements ServerFacts {
  readonly id: number;
  readonly name: string;
  readonly usable: boolean;
  readonly weight: number;
  readonly maxconn: number;
  readonly maxqueue: number;
  readonly initialWeight: number;
  readonly userWeight: number;
  readonly #model: Model;
  readonly #slot: number;

  constructor(model: Model, server: Server) {
    this.id = server.id;
    this.name = server.name;
    this.usable = isUsable(server);
    this.weight = effectiveWeight(server);
    this.maxconn = server.maxconn;
    this.maxqueue = server.config.maxqueue;
    this.initialWeight = server.initialWeight;
    this.userWeight = server.userWeight;
    this.#model = model;
    this.#slot = server.slot;
  }

  connections(): number {
    return Atomics.load(this.#model.counters.gauges(this.#slot), G.current);
  }

  queued(): number {
    return Atomics.load(this.#model.counters.gauges(this.#slot), G.queued);
  }

  sessionRate(): number {
    return this.#model.counters.rate(this.#slot, C.sessRate, Date.now());
  }
}

function proxyFacts(model: Model, proxy: Proxy): ProxyFacts {
  const slotOf = (side: 'frontend' | 'backend') => (side === 'frontend' ? proxy.frontendSlot : proxy.backendSlot);
  const gauge = (slot: number, field: number) => (slot < 0 ? 0 : Atomics.load(model.counters.gauges(slot), field));
  const rate = (slot: number, field: number) => (slot < 0 ? 0 : model.counters.rate(slot, field, Date.now()));
  return {
    id: proxy.id,
    name: proxy.name,
    get servers() {
      return proxy.servers.map((server) => new Facts(model, server));
    },
    usableServers: () => usableServers(proxy),
    connections: (side) => gauge(slotOf(side), G.current),
    queued: () => gauge(proxy.backendSlot, G.queued),
    sessionRate: (side) => rate(slotOf(side), C.sessRate),
    requestRate: () => rate(proxy.frontendSlot, C.reqRate),
  };
}
