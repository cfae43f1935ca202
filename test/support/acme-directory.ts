import { execFileSync } from 'node:child_process';
import { createHash, createHmac, createPublicKey, type JsonWebKeyInput, randomBytes, verify } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './wait.ts';

/** A certification authority that speaks ACME (RFC 8555), as strict as the tests need it. */
export interface AcmeDirectory {
  readonly url: string;
  /** PEM of the authority. */
  readonly ca: string;
  /** Every request, `METHOD /path`, and what was refused. */
  readonly log: string[];
  /** Port that http-01 challenges are asked for at. */
  httpPort: number;
  /** What dns-01 challenges find in TXT records of `_acme-challenge.DOMAIN`. */
  readonly records: Map<string, string>;
  /** Answers the next so many requests with this problem. */
  fail: { times: number; status: number; type: string; retryAfter?: string } | null;
  /** Nonces that are refused before one is taken. */
  badNonces: number;
  /** Certificates are valid for so many days. */
  days: number;
  readonly issued: string[];
  /** Key that accounts must be bound with, by name. */
  external: { keyId: string; macKey: Buffer } | null;
}

interface AnyOrder {
  readonly account: string;
  readonly domains: string[];
  status: string;
  certificate: string | null;
}

interface AnyAuthorization {
  readonly order: number;
  readonly domain: string;
  status: string;
  error: object | null;
  readonly token: string;
}

const pem = (folder: string, name: string) => readFileSync(join(folder, name), 'utf8');

/** Starts the authority on a port of its own; ended with `scope`. */
export async function acmeDirectory(scope: Scope): Promise<AcmeDirectory> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-acme-'));
  scope.after(() => rmSync(folder, { recursive: true }));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl(
    ...[
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=Test Authority',
    ],
    ...['-keyout', 'ca.key', '-out', 'ca.pem', '-days', '30'],
  );
  const nonces = new Set<string>();
  const accounts = new Map<string, JsonWebKeyInput['key']>();
  const orders: AnyOrder[] = [];
  const authorizations: AnyAuthorization[] = [];
  const server = createServer((request, response) => void serve(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scope.after(() => server.closeAllConnections());
  scope.after(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const self: AcmeDirectory = {
    url: `${base}/directory`,
    ca: pem(folder, 'ca.pem'),
    log: [],
    httpPort: 0,
    records: new Map(),
    fail: null,
    badNonces: 0,
    days: 90,
    issued: [],
    external: null,
  };

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!;
    let body = '';
    for await (const piece of request) body += piece;
    self.log.push(`${request.method} ${path.replace(/\d+$/, 'N')}`);
    const nonce = randomBytes(12).toString('base64url');
    nonces.add(nonce);
    response.setHeader('Replay-Nonce', nonce);
    const send = (status: number, value: unknown, headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'Content-Type': 'application/json', ...headers });
      response.end(typeof value === 'string' ? value : JSON.stringify(value));
    };
    const refuse = (status: number, type: string, detail: string, headers: Record<string, string> = {}) => {
      self.log.push(`refused: ${type}: ${detail}`);
      send(status, { type: `urn:ietf:params:acme:error:${type}`, detail }, headers);
    };
    if (self.fail !== null && self.fail.times > 0) {
      self.fail.times--;
      const { status, type, retryAfter } = self.fail;
      return refuse(status, type, 'not now', retryAfter === undefined ? {} : { 'Retry-After': retryAfter });
    }
    if (path === '/directory')
      return send(200, { newNonce: `${base}/nonce`, newAccount: `${base}/account`, newOrder: `${base}/order` });
    if (path === '/nonce') return send(200, '');
    if (request.method !== 'POST') return refuse(405, 'malformed', 'POST only');
    const message = JSON.parse(body) as { protected: string; payload: string; signature: string };
    const head = JSON.parse(Buffer.from(message.protected, 'base64url').toString());
    if (request.headers['content-type'] !== 'application/jose+json') return refuse(415, 'malformed', 'content type');
    if (head.url !== base + path) return refuse(401, 'unauthorized', `signed for ${head.url}`);
    if (!nonces.delete(head.nonce) || self.badNonces-- > 0) return refuse(400, 'badNonce', 'unknown nonce');
    const jwk = path === '/account' ? head.jwk : accounts.get(head.kid);
    if (jwk === undefined) return refuse(400, 'accountDoesNotExist', 'no such account');
    const key = createPublicKey({ key: jwk, format: 'jwk' });
    const text = Buffer.from(`${message.protected}.${message.payload}`);
    const hash = head.alg === 'EdDSA' ? null : `sha${head.alg.slice(2)}`;
    const signature = Buffer.from(message.signature, 'base64url');
    if (!verify(hash, text, { key, dsaEncoding: 'ieee-p1363' }, signature))
      return refuse(401, 'unauthorized', 'wrong signature');
    const payload = message.payload === '' ? null : JSON.parse(Buffer.from(message.payload, 'base64url').toString());
    const [, what, n] = /^\/(\w+)(?:\/(\d+))?$/.exec(path)!;
    if (what === 'account') {
      if (self.external !== null) {
        const { protected: bound, payload: its, signature: mac } = payload.externalAccountBinding ?? {};
        const wanted = createHmac('sha256', self.external.macKey).update(`${bound}.${its}`).digest('base64url');
        if (mac !== wanted) return refuse(403, 'externalAccountRequired', 'not bound');
      }
      const id = createHash('sha256').update(JSON.stringify(head.jwk)).digest('hex').slice(0, 8);
      const status = accounts.has(`${base}/acct-${id}`) ? 200 : 201;
      accounts.set(`${base}/acct-${id}`, head.jwk);
      return send(status, { status: 'valid', contact: payload.contact }, { Location: `${base}/acct-${id}` });
    }
    if (what === 'order' && n === undefined) {
      const domains = payload.identifiers.map(({ value }: { value: string }) => value);
      orders.push({ account: head.kid, domains, status: 'pending', certificate: null });
      const order = orders.length - 1;
      for (const domain of domains)
        authorizations.push({
          order,
          domain,
          status: 'pending',
          error: null,
          token: randomBytes(16).toString('base64url'),
        });
      return send(201, shownOrder(order), { Location: `${base}/order/${order}` });
    }
    const number = Number(n);
    if (what === 'order') return send(200, shownOrder(number));
    if (what === 'authz') return send(200, shownAuthorization(number));
    if (what === 'http' || what === 'dns') {
      const jwkText = JSON.stringify(Object.fromEntries(Object.entries(jwk).sort(([a], [b]) => (a < b ? -1 : 1))));
      const print = createHash('sha256').update(jwkText).digest('base64url');
      void look(authorizations[number]!, what, print);
      return send(200, { status: 'processing' });
    }
    if (what === 'finalize') {
      const order = orders[number]!;
      if (order.status !== 'ready') return refuse(403, 'orderNotReady', order.status);
      order.status = 'processing';
      writeFileSync(join(folder, 'request.der'), Buffer.from(payload.csr, 'base64url'));
      openssl('req', '-inform', 'DER', '-in', 'request.der', '-verify', '-out', 'request.pem');
      openssl(
        ...['x509', '-req', '-in', 'request.pem', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copy'],
        ...['-days', String(self.days), '-out', 'leaf.pem'],
      );
      order.certificate = pem(folder, 'leaf.pem') + self.ca;
      self.issued.push(order.certificate);
      setTimeout(() => {
        order.status = 'valid';
      }, 20);
      return send(200, shownOrder(number), { 'Retry-After': '0' });
    }
    if (what === 'certificate') return send(200, orders[number]!.certificate!);
    return refuse(404, 'malformed', path);
  }

  function shownOrder(order: number): object {
    const { status, domains, certificate } = orders[order]!;
    return {
      status,
      identifiers: domains.map((value) => ({ type: 'dns', value })),
      authorizations: authorizations.flatMap((one, i) => (one.order === order ? [`${base}/authz/${i}`] : [])),
      finalize: `${base}/finalize/${order}`,
      ...(certificate === null || status !== 'valid' ? {} : { certificate: `${base}/certificate/${order}` }),
    };
  }

  function shownAuthorization(number: number): object {
    const { domain, status, error, token } = authorizations[number]!;
    const challenge = (type: string, path: string) => ({
      type,
      url: `${base}/${path}/${number}`,
      status,
      token,
      ...(error && { error }),
    });
    return {
      identifier: { type: 'dns', value: domain },
      status,
      challenges: [challenge('http-01', 'http'), challenge('dns-01', 'dns'), { type: 'tls-alpn-01' }],
    };
  }

  async function look(one: AnyAuthorization, how: 'http' | 'dns', print: string): Promise<void> {
    const wanted = `${one.token}.${print}`;
    const found = how === 'dns' ? self.records.get(one.domain) : await fetchText(self.httpPort, one.domain, one.token);
    const right = how === 'dns' ? createHash('sha256').update(wanted).digest('base64url') : wanted;
    one.status = found?.trim() === right ? 'valid' : 'invalid';
    if (one.status === 'invalid')
      one.error = { type: 'urn:ietf:params:acme:error:unauthorized', detail: `found '${found}' for ${one.domain}` };
    const all = authorizations.filter(({ order }) => order === one.order);
    if (all.every(({ status }) => status === 'valid')) orders[one.order]!.status = 'ready';
    if (one.status === 'invalid') orders[one.order]!.status = 'invalid';
  }
  return self;
}

function fetchText(port: number, host: string, token: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const path = `/.well-known/acme-challenge/${token}`;
    const request = get({ host: '127.0.0.1', port, path, headers: { Host: host }, timeout: 2000 }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (piece: string) => {
        text += piece;
      });
      response.on('end', () => resolve(text));
    });
    request.on('error', () => resolve(undefined));
  });
}
