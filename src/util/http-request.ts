/** One HTTP request to somebody else's service, with a limit on everything that he decides. */

import type { Agent, IncomingHttpHeaders, RequestOptions, request } from 'node:http';

export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  /** Longest time from the call to the end of the answer, ms. */
  readonly timeout: number;
  /** Most bytes of the answer's body. */
  readonly limit: number;
  readonly signal?: AbortSignal | undefined;
  readonly tls?: HttpTls;
  /** Path of a unix socket to send it to. */
  readonly socketPath?: string | undefined;
  /** `host:port` of a proxy that a request of http is sent to. */
  readonly proxy?: string | undefined;
  /** Over a connection of its own: one that is kept may have ended on the other side when the request comes. */
  readonly alone?: true;
}

/** PEM texts. */
export interface HttpTls {
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** False: the certificate is not checked. */
  readonly rejectUnauthorized?: boolean | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** Why no whole answer came: `TIMEOUT`, `TOO_LONG`, or the code of the system or of TLS (`ECONNREFUSED`, ...). */
export class HttpRequestError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(text);
    this.name = 'HttpRequestError';
    this.code = code;
  }
}

/** Most bytes of headers in an answer. */
const MOST_HEADERS = 64 * 1024;
/** Connections that nobody uses are closed after, ms. */
const IDLE_MS = 5000;

/** What makes requests of a scheme, and the connections that are kept for it. */
interface Scheme {
  readonly request: typeof request;
  readonly agent: Agent;
}

const schemes: Partial<Record<'http' | 'https', Scheme>> = {};

/** Loaded with the first request, and not by an import: that would load all that its names stand for, and cost each start 50 ms. */
function schemeOf(name: 'http' | 'https'): Scheme {
  const { Agent, request } = process.getBuiltinModule(`node:${name}`);
  return (schemes[name] ??= { request, agent: new Agent({ keepAlive: true, timeout: IDLE_MS }) });
}

/** Sends it and resolves with the whole answer, whatever its status. Redirections are not followed. Rejects with an HttpRequestError, or the signal's reason. */
export function requestHttp(url: URL, options: HttpRequest): Promise<HttpAnswer> {
  const { method = 'GET', headers = {}, body, timeout, limit, signal, tls = {}, socketPath, proxy, alone } = options;
  const secure = url.protocol === 'https:';
  const scheme = schemeOf(secure ? 'https' : 'http');
  const at = socketPath ?? proxy ?? url.host;
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const given: RequestOptions = {
      method,
      headers: {
        host: url.host,
        ...headers,
        ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }),
      },
      agent: alone ? false : scheme.agent,
      maxHeaderSize: MOST_HEADERS,
      ...(socketPath === undefined ? {} : { socketPath }),
      ...(secure ? tls : {}),
      ...(proxy === undefined ? {} : throughProxy(url, proxy)),
    };
    const request = scheme.request(url, given);
    const end = (how: () => void) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      how();
    };
    const fail = (error: Error) =>
      end(() => {
        reject(error);
        request.destroy();
      });
    const onAbort = () => fail(signal!.reason as Error);
    const timer = setTimeout(
      () => fail(new HttpRequestError('TIMEOUT', `${at}: no whole answer within ${timeout} ms`)),
      timeout,
    );
    signal?.addEventListener('abort', onAbort);
    request.on('error', (error: NodeJS.ErrnoException) =>
      fail(new HttpRequestError(error.code ?? 'ERROR', `${at}: ${reasonOf(error)}`)),
    );
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > limit) fail(new HttpRequestError('TOO_LONG', `${at}: the answer has more than ${limit} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', (error: NodeJS.ErrnoException) =>
        fail(new HttpRequestError(error.code ?? 'ERROR', `${at}: ${reasonOf(error)}`)),
      );
      response.on('end', () =>
        end(() => resolve({ status: response.statusCode!, headers: response.headers, body: Buffer.concat(chunks) })),
      );
    });
    request.end(body);
  });
}

/** Where a request goes that a proxy is to pass on, and what it is for in whole (RFC 9112, section 3.2.2). */
function throughProxy({ href }: URL, proxy: string): RequestOptions {
  const { hostname, port } = new URL(`http://${proxy}`);
  return { hostname: hostname.replace(/^\[|\]$/g, ''), port: port || 80, path: href };
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the connection was cut before the answer ended',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be resolved now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'there is no such socket',
};

function reasonOf({ code = '', message }: NodeJS.ErrnoException): string {
  return REASONS[code] ?? message;
}
