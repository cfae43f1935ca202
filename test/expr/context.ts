/** A stream made of plain data, for evaluating expressions without traffic. */

import type {
  EndpointView,
  ExprContext,
  HeadView,
  LogFacts,
  ProxyFacts,
  ServerFacts,
  Vars,
} from '../../src/expr/types.ts';

export class Head implements HeadView {
  readonly method: string;
  readonly uri: string;
  readonly status: number;
  readonly reason: string;
  readonly version: number;
  readonly #names: string[];
  readonly #values: string[];

  constructor(start: Partial<Pick<HeadView, 'method' | 'uri' | 'status' | 'reason' | 'version'>>, headers: string[][]) {
    this.method = start.method ?? '';
    this.uri = start.uri ?? '';
    this.status = start.status ?? 0;
    this.reason = start.reason ?? '';
    this.version = start.version ?? 11;
    this.#names = headers.map(([name]) => name!.toLowerCase());
    this.#values = headers.map(([, value]) => value!);
  }

  headerCount(): number {
    return this.#names.length;
  }

  headerName(index: number): string {
    return this.#names[index]!;
  }

  headerValue(index: number): string {
    return this.#values[index]!;
  }

  findHeader(name: string, from: number): number {
    return this.#names.indexOf(name, from);
  }
}

export function server(name: string, facts: Partial<ServerFacts> = {}): ServerFacts {
  return {
    id: 1,
    name,
    usable: true,
    weight: 1600,
    connections: () => 3,
    queued: () => 4,
    sessionRate: () => 5,
    ...facts,
  };
}

export function proxy(name: string, facts: Partial<ProxyFacts> = {}): ProxyFacts {
  return {
    id: 2,
    name,
    servers: [server('s1'), server('s2', { id: 2, usable: false })],
    usableServers: () => 1,
    connections: (side) => (side === 'frontend' ? 10 : 11),
    queued: () => 6,
    sessionRate: (side) => (side === 'frontend' ? 7 : 8),
    requestRate: () => 9,
    ...facts,
  };
}

export const logFacts: LogFacts = {
  acceptDate: Date.UTC(2024, 1, 9, 12, 12, 51, 7),
  requestDate: Date.UTC(2024, 1, 9, 12, 12, 52, 655),
  handshakeTime: 0,
  idleTime: 5,
  requestTime: 1,
  queueTime: 2,
  connectTime: 3,
  responseTime: 4,
  dataTime: 6,
  totalTime: 21,
  bytesUploaded: 100,
  bytesRead: 2750,
  requestSent: 110,
  responseReceived: 2740,
  responseSent: 2760,
  status: 200,
  termination: '----',
  requestCookie: '',
  responseCookie: '',
  retries: 0,
  redispatched: false,
  serverQueue: 0,
  backendQueue: 0,
  requestCounter: 17,
  requestLine: 'GET /a?b=c HTTP/1.1',
  captures: { request: [], response: [] },
  processConnections: 1,
  frontendConnections: 2,
  backendConnections: 3,
  serverConnections: 4,
  serverHost: '10.0.0.9',
  serverPort: 8080,
  localHost: '10.0.0.8',
  localPort: 4000,
  logAsap: false,
  ssl: false,
  sslVersion: '',
  sslCipher: '',
  hostname: 'node1',
  pid: 4242,
};

export interface ContextParts {
  uri?: string;
  method?: string;
  version?: number;
  headers?: string[][];
  status?: number;
  responseHeaders?: string[][];
  source?: EndpointView;
  log?: Partial<LogFacts>;
  requestPayload?: string;
  responsePayload?: string;
  more?: Partial<ExprContext>;
}

/** A stream at the end of an exchange. */
export function context(parts: ContextParts = {}): ExprContext {
  const scopes = new Map<string, Vars>();
  const backend = proxy('be');
  const frontend = proxy('fe', { id: 1 });
  return {
    now: Date.UTC(2024, 1, 9, 12, 12, 53, 250),
    source: parts.source ?? { host: '192.0.2.7', port: 50123 },
    destination: { host: '127.0.0.1', port: 80 },
    clientConnection: {
      ...{ source: parts.source ?? { host: '192.0.2.7', port: 50123 }, destination: { host: '127.0.0.1', port: 80 } },
      ...{ proxied: false, error: 0, httpMajor: 1 },
    },
    requestHead: new Head(
      { method: parts.method ?? 'GET', uri: parts.uri ?? '/a?b=c', version: parts.version ?? 11 },
      parts.headers ?? [['Host', 'www.example.com']],
    ),
    responseHead:
      parts.status === undefined ? null : new Head({ status: parts.status, reason: 'OK' }, parts.responseHeaders ?? []),
    frontend,
    backend,
    server: backend.servers[0]!,
    listenerId: 1,
    listenerName: 'public',
    findBackend: (name) => (name === 'be' ? backend : null),
    findFrontend: (name) => (name === 'fe' ? frontend : null),
    vars: (scope) => {
      let vars = scopes.get(scope);
      if (vars === undefined) {
        vars = new Map();
        scopes.set(scope, vars);
      }
      return vars;
    },
    requestPayload: () => parts.requestPayload ?? '',
    responsePayload: () => parts.responsePayload ?? '',
    uniqueId: 'id-1',
    log: { ...logFacts, ...parts.log },
    ...parts.more,
  };
}
