/** A small Consul: the catalog, health of services, and blocking queries that are really held until there is news. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Scope } from '../../support/wait.ts';

export interface FakeInstance {
  readonly address: string;
  readonly port: number;
  readonly nodeAddress?: string;
  readonly checks?: readonly string[];
  readonly weights?: { readonly Passing: number; readonly Warning: number };
}

export interface FakeConsul {
  readonly port: number;
  /** What was asked, in order: `GET /v1/... token ns`. */
  readonly asked: { readonly path: string; readonly query: URLSearchParams; readonly token: string | undefined }[];
  /** Questions that are held now. */
  readonly held: number;
  /** Sets the instances of a service; null takes it from the catalog. */
  set(service: string, instances: readonly FakeInstance[] | null): void;
  /** Behaves badly from now on: what is held is answered that way, too. */
  misbehave(how: Misbehaviour): void;
  /** Counts from anew, as a Consul does that was restored from a snapshot. */
  resetIndex(): void;
  /** Cuts all connections and listens no more; then again. */
  close(): Promise<void>;
  listen(): Promise<void>;
}

export type Misbehaviour =
  | null
  | 'silent'
  | 'garbage'
  | 'huge'
  | 'error'
  | 'wrong form'
  | 'no index'
  | 'not held'
  | 'filtered'
  | 'cut';

interface Held {
  readonly answer: () => void;
  readonly seen: number;
  readonly about: string;
}

export async function fakeConsul(scope: Scope): Promise<FakeConsul> {
  const services = new Map<string, readonly FakeInstance[]>();
  const indexes = new Map<string, number>();
  const held = new Set<Held>();
  const asked: FakeConsul['asked'][number][] = [];
  let index = 100;
  let bad: Misbehaviour = null;
  let port = 0;
  let server: Server;

  const indexOf = (about: string) => indexes.get(about) ?? index;
  const wake = () => {
    for (const one of held) if (indexOf(one.about) !== one.seen) one.answer();
  };
  const touch = (...abouts: readonly string[]) => {
    index++;
    for (const about of abouts) indexes.set(about, index);
    wake();
  };

  const bodyOf = (about: string): unknown => {
    if (about === '') return Object.fromEntries([['consul', []], ...[...services.keys()].map((name) => [name, []])]);
    return (services.get(about) ?? []).map(({ address, port, nodeAddress = '', checks = ['passing'], weights }, i) => ({
      Node: { Node: `node${i}`, Address: nodeAddress },
      Service: {
        ID: `${about}-${i}`,
        Service: about,
        Address: address,
        Port: port,
        ...(weights === undefined ? {} : { Weights: weights }),
      },
      Checks: checks.map((Status) => ({ CheckID: 'check', Status })),
    }));
  };

  const answer = (response: ServerResponse, about: string) => {
    if (bad === 'silent') return;
    if (bad === 'cut') return void response.destroy();
    if (bad === 'error') return void response.writeHead(500).end('rpc error: No cluster leader');
    const headers: Record<string, string> = { 'content-type': 'application/json' };
    if (bad !== 'no index') headers['x-consul-index'] = String(indexOf(about));
    if (bad === 'filtered') headers['x-consul-results-filtered-by-acls'] = 'true';
    response.writeHead(200, headers);
    if (bad === 'garbage') response.end('<html>502 Bad Gateway</html>');
    else if (bad === 'wrong form') response.end(about === '' ? '[1, 2]' : '{"a": null}');
    else if (bad === 'filtered') response.end(about === '' ? '{}' : '[]');
    else if (bad === 'huge') {
      const piece = Buffer.alloc(1 << 20, 0x20);
      const pour = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', pour);
      };
      pour();
    } else response.end(JSON.stringify(bodyOf(about)));
  };

  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const url = new URL(request.url!, 'http://consul');
    const about = decodeURIComponent(/^\/v1\/health\/service\/(.+)$/.exec(url.pathname)?.[1] ?? '');
    asked.push({ path: url.pathname, query: url.searchParams, token: request.headers['x-consul-token'] as string });
    const seen = Number(url.searchParams.get('index') ?? 0);
    // As the real one does: an index that is ahead of its own, or behind, is answered at once.
    if (bad !== null || seen === 0 || seen !== indexOf(about)) return answer(response, about);
    const wait = Number(/^(\d+)ms$/.exec(url.searchParams.get('wait') ?? '')?.[1] ?? 300_000);
    const one: Held = {
      about,
      seen,
      answer() {
        clearTimeout(timer);
        held.delete(one);
        answer(response, about);
      },
    };
    const timer = setTimeout(one.answer, wait);
    held.add(one);
    response.on('close', () => {
      clearTimeout(timer);
      held.delete(one);
    });
  };

  const consul: FakeConsul = {
    get port() {
      return port;
    },
    asked,
    get held() {
      return held.size;
    },
    set(service, instances) {
      const listed = services.has(service) !== (instances !== null);
      if (instances === null) services.delete(service);
      else services.set(service, instances);
      touch(service, ...(listed ? [''] : []));
    },
    misbehave(how) {
      bad = how;
      if (how !== null) for (const one of held) one.answer();
    },
    resetIndex() {
      index = 5;
      indexes.clear();
      wake();
    },
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
    async listen() {
      server = createServer(onRequest);
      await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
      ({ port } = server.address() as AddressInfo);
    },
  };
  await consul.listen();
  scope.after(() => consul.close());
  return consul;
}
