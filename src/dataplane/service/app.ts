/** The service over HTTP: who asks, which operation, and how it is answered. */

import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { AlreadyExistsError, NotFoundError, RuntimeClientError, RuntimeCommandError } from '../../client/index.ts';
import { OPERATIONS } from '../operations/index.ts';
import { type Call, type Operation, Query, type Reply } from '../operations/operation.ts';
import { versionOf } from '../store/version.ts';
import { readBody } from './body.ts';
import { ApiError } from './error.ts';
import type { Service } from './service.ts';

/** Paths that need no login. */
const OPEN = ['/v3/docs', '/swagger.json'];
const REALM = 'Basic realm="API"';
const REQUEST_TIMEOUT_MS = 60_000;
const IDLE_TIMEOUT_MS = 120_000;
/** Names in paths (certificates are paths themselves). */
const LONGEST_NAME = 4096;

const users = new WeakMap<FastifyRequest, string>();

/** The HTTP server of a service; it listens when told. */
export function makeApp(service: Service): FastifyInstance {
  const { settings } = service;
  const app = fastify({
    ...(settings.tls === null ? {} : { https: tlsOptions(settings.tls) }),
    bodyLimit: Math.min(settings.maxBody, 2 ** 31 - 1),
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: IDLE_TIMEOUT_MS,
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: LONGEST_NAME },
    exposeHeadRoutes: false,
    forceCloseConnections: true,
  }) as unknown as FastifyInstance;
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.addHook('onRequest', (request, reply) => admit(service, request, reply));
  app.addHook('onSend', (request, reply) => addVersion(service, request, reply));
  app.setErrorHandler((error, _request, reply) => answerError(reply, error));
  const allowed = new Map<string, string[]>();
  for (const operation of OPERATIONS) {
    const url = urlOf(operation);
    allowed.set(url, [...(allowed.get(url) ?? []), operation.method]);
    route(app, service, operation, url);
  }
  for (const [url, methods] of allowed) refuseOthers(app, url, methods);
  app.setNotFoundHandler((request, reply) =>
    answerError(reply, new ApiError(404, `path ${request.url.split('?')[0]} was not found`)),
  );
  return app;
}

/** The path of an operation as the router takes it. One of another version has that in it. */
function urlOf({ path }: Operation): string {
  const whole = path.startsWith('/v2/') ? path : `/v3${path}`;
  return whole.replaceAll(/\{([^}]+)\}/g, ':$1');
}

function tlsOptions({ certificate, key, ca }: NonNullable<Service['settings']['tls']>) {
  const options = { cert: readFileSync(certificate), key: readFileSync(key), minVersion: 'TLSv1.2' as const };
  return ca === null ? options : { ...options, ca: readFileSync(ca), requestCert: true, rejectUnauthorized: true };
}

function route(app: FastifyInstance, service: Service, operation: Operation, url: string): void {
  app.route({
    method: operation.method,
    url,
    handler: async (request, reply) => {
      const type = request.headers['content-type'] ?? '';
      const answers = operation.answer === 'text' ? TEXTS : JSONS;
      if (operation.answer !== null && !answers.some((one) => accepts(request.headers.accept, one)))
        throw new ApiError(406, `what the request accepts is not what is answered: ${answers[0]}`);
      const value = await readBody(operation.body, request.body as Buffer | undefined, type);
      const call: Call = {
        service,
        requester: {
          user: users.get(request) ?? '',
          from: addressOf(request),
          title: `${request.method} ${request.url}`.slice(0, 500),
        },
        path: request.params as Readonly<Record<string, string>>,
        query: new Query(request.query as Readonly<Record<string, unknown>>),
        body: value,
        header: (name) => oneOf(request.headers[name]),
      };
      return send(reply, await operation.run(call));
    },
  });
}

function send(reply: FastifyReply, { status, body, text, headers = {} }: Reply): FastifyReply {
  void reply.code(status).headers(headers);
  if (typeof text === 'string') return reply.type('text/plain; charset=utf-8').send(text);
  if (text !== undefined) return reply.type('application/json').send(Readable.from(text));
  if (body === undefined) return reply.send();
  return reply.type('application/json').send(JSON.stringify(body));
}

/** Types of answers; files are asked for as octets, too. */
const TEXTS = ['text/plain', 'application/octet-stream'];
const JSONS = ['application/json'];

/** Whether a request takes answers of a type (RFC 9110, section 12.5.1); what it prefers is no matter where there is one. */
function accepts(header: string | undefined, type: string): boolean {
  if (header === undefined || header.trim() === '') return true;
  const ranges = header.split(',').map((range) => range.split(';').map((part) => part.trim().toLowerCase()));
  const fits = ranges.filter(([range]) => range === type || range === `${type.split('/')[0]}/*` || range === '*/*');
  return fits.some((parts) => !parts.some((part) => /^q=0(\.0*)?$/.test(part)));
}

/** Other methods of a path that is there. */
function refuseOthers(app: FastifyInstance, url: string, methods: readonly string[]): void {
  const others = (['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const).filter((method) => !methods.includes(method));
  app.route({
    method: [...others],
    url,
    handler: (request, reply) => {
      void reply.header('allow', methods.join(', '));
      return answerError(
        reply,
        new ApiError(405, `method ${request.method} is not allowed here, but ${methods.join(', ')}`),
      );
    },
  });
}

/** Lets in who has a login, or a certificate where these are asked for. */
async function admit(
  service: Service,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply | undefined> {
  void reply
    .header('access-control-allow-origin', '*')
    .header('access-control-expose-headers', 'Reload-ID, Configuration-Version');
  if (request.method === 'OPTIONS') return preflight(reply);
  if (OPEN.includes(request.url.split('?')[0]!)) return undefined;
  if (service.settings.tls?.ca != null) {
    const socket = request.raw.socket as { getPeerCertificate?: () => { subject?: { CN?: string | string[] } } };
    users.set(request, oneOf(socket.getPeerCertificate?.().subject?.CN) ?? 'certificate');
    return undefined;
  }
  const [name, password] = credentials(request);
  if (name !== null) {
    const login = await service.accounts.login(name, password, addressOf(request));
    if (login === 'ok') {
      users.set(request, name);
      return undefined;
    }
    if (login === 'limited' || login === 'busy') {
      void reply.header('retry-after', '60');
      return answerError(reply, new ApiError(429, 'too many failed logins: wait a minute'));
    }
  }
  void reply.header('www-authenticate', REALM);
  return answerError(reply, new ApiError(401, 'unauthenticated: a user and a password are needed'));
}

function preflight(reply: FastifyReply): FastifyReply {
  return reply
    .code(204)
    .headers({
      'access-control-allow-methods': 'GET, POST, PUT, DELETE',
      'access-control-allow-headers': 'Authorization, Content-Type, If-Match',
      'access-control-max-age': '86400',
    })
    .send();
}

function credentials(request: FastifyRequest): readonly [string | null, string] {
  const encoded = /^basic\s+([A-Za-z0-9+/=]+)$/i.exec(request.headers.authorization ?? '')?.[1];
  if (encoded === undefined) return [null, ''];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? [null, ''] : [text.slice(0, colon), text.slice(colon + 1)];
}

function addressOf(request: FastifyRequest): string {
  return request.ip ?? 'unix';
}

/** The version of the configuration is on every answer, errors included: the live one, or that of a transaction in progress. Operations on other files say theirs. */
async function addVersion(service: Service, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (reply.hasHeader('configuration-version')) return;
  const { transaction_id: id } = request.query as { readonly transaction_id?: string };
  const own = typeof id === 'string' ? service.transactions.version(id) : null;
  const version = own ?? (await service.commits.files.read().then(versionOf, () => null));
  if (version !== null) void reply.header('configuration-version', String(version));
}

function answerError(reply: FastifyReply, error: unknown): FastifyReply {
  const { status, message, details } = asApiError(error);
  return reply
    .code(status)
    .type('application/json')
    .send(JSON.stringify({ code: status, message, ...details }));
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof NotFoundError) return new ApiError(404, error.message);
  if (error instanceof AlreadyExistsError) return new ApiError(409, error.message);
  if (error instanceof RuntimeCommandError) return new ApiError(400, error.message);
  if (error instanceof RuntimeClientError) return new ApiError(503, error.message);
  const { statusCode, message } = error as { readonly statusCode?: number; readonly message: string };
  return new ApiError(statusCode ?? 500, message);
}

function oneOf(value: string | readonly string[] | undefined): string | undefined {
  return typeof value === 'string' ? value : value?.[0];
}
