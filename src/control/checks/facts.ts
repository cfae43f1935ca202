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
import { type VarLimits, varLimitsOf } from '../../expr/var-limits.ts';
import { findProxy, type Model } from '../../model/model.ts';
import type { Server } from '../../model/server.ts';
import { NO_STREAM } from '../no-stream.ts';
import { proxyFacts, serverFacts } from '../proxy-facts.ts';

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
  /** Scopes of streams, of which a check is none. */
  readonly #others: Vars = new Map();

  constructor(model: Model, server: Server) {
    this.#model = model;
    this.#server = server;
    this.server = serverFacts(model, server);
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
    if (scope === 'proc') return this.#model.procVars as Vars;
    return scope === 'check' ? this.#vars : this.#others;
  }

  get varLimits(): VarLimits | null {
    return varLimitsOf(this.#model.config.global.tune);
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
