import { compileWhole, evaluateBytes, evaluateText } from '../expr/compile.ts';
import { fullUri } from '../expr/full-uri.ts';
import { HeaderCursor } from '../expr/head.ts';
import { place } from '../expr/row.ts';
import { G } from '../model/counters.ts';
import type { TrafficBackend } from './backend.ts';
import { createBalancer } from './balance/balance.ts';
import { hashKey } from './balance/hashes.ts';
import { bodyParamKey, domainKey, sourceHash, uriKey, uriKeyOptions, urlParamKey } from './balance/keys.ts';
import { type Balancer, isCandidate, isFull, NO_KEY } from './balance/types.ts';
import type { TrafficServer } from './server.ts';
import type { Stream } from './stream.ts';
import { withHead } from './tls/server-name.ts';

/** Makes the hash of a stream's key, NO_KEY without one. */
type HashOf = (stream: Stream) => number;

/** Chooses servers for the streams of a backend in this thread: takes the key out of the request, and asks the balancer. */
export class Picker {
  readonly backend: TrafficBackend;
  readonly balancer: Balancer<TrafficServer>;
  readonly #hashOf: HashOf | null;
  /** Active servers that take requests. */
  #active = 0;

  constructor(backend: TrafficBackend) {
    const { config } = backend;
    this.backend = backend;
    this.balancer = createBalancer<TrafficServer>({
      balance: config.balance,
      allBackups: config.options.includes('allbackups'),
      preserve: config.hashPreserveAffinity,
      shared: backend.env.threads > 1,
      turns: [backend.g, G.turns],
      seed: backend.env.seed(),
      served: () => backend.current() - backend.queued(),
    });
    this.#hashOf = hasher(backend);
    this.update();
  }

  /** Takes over changed, added and removed servers. */
  update(): void {
    const { servers } = this.backend;
    this.balancer.update(servers);
    this.#active = servers.filter((server) => isCandidate(server) && !server.backup).length;
  }

  /** The algorithm goes from server to server and has more than one, so that after a failure it need not choose the same. */
  get takesTurns(): boolean {
    return this.#active > 1 && IN_TURN.has(this.backend.config.balance.algorithm);
  }

  /** The server for the stream; null when there is none, or none with a free place. */
  pick(stream: Stream): TrafficServer | null {
    const { backend } = this;
    const last = backend.preferLastServer ? this.#lastServer(stream) : null;
    if (last !== null) return last;
    if (this.balancer.queueMeansFull && backend.queue.length > 0 && stream.queue === null && backend.current() > 0)
      return null;
    return this.balancer.pick(this.#hash(stream), stream.avoided);
  }

  #hash(stream: Stream): number {
    const hashOf = this.#hashOf;
    if (hashOf === null) return NO_KEY;
    return stream.raw || stream.requestHead !== null ? hashOf(stream) : withHead(stream, hashOf);
  }

  /** The server to which the client still has a connection (`option prefer-last-server`), if too many do not wait for it already. */
  #lastServer(stream: Stream): TrafficServer | null {
    const conn = stream.client!.ownedConn;
    if (conn === null || conn.stream !== null || conn.conn.closed || stream.queue !== null || this.#hashOf !== null)
      return null;
    const {
      server,
      server: { backend },
    } = conn;
    if (backend !== this.backend || server === stream.avoided || !isCandidate(server)) return null;
    const { maxKeepAliveQueue: most } = backend.config;
    return most < 0 || !isFull(server) || server.queued() < most ? server : null;
  }

  /** There are servers that take requests, so that a stream without a place may wait. */
  get saturated(): boolean {
    return this.backend.servers.some(isCandidate);
  }
}

/** Algorithms without a key. */
const IN_TURN: ReadonlySet<string> = new Set(['roundrobin', 'static-rr', 'leastconn', 'first', 'random']);

const field = new HeaderCursor();

/** How the key of `balance` is made; null for algorithms without one. */
function hasher(backend: TrafficBackend): HashOf | null {
  const { balance } = backend.config;
  const spread = balance.hashAvalanche;
  const hash = (key: string | null | undefined) =>
    key === null || key === undefined ? NO_KEY : hashKey(balance.hashFunction, key, spread);
  const [first = ''] = balance.args;
  switch (balance.algorithm) {
    case 'source':
      return (stream) => sourceHash(stream.source.host, spread);
    case 'uri': {
      const options = uriKeyOptions(balance.args);
      return (stream) =>
        stream.requestHead === null ? NO_KEY : hash(uriKey(fullUri(stream.origin, stream.requestHead.uri), options));
    }
    case 'url_param':
      return (stream) => {
        if (stream.requestHead === null) return NO_KEY;
        const key = urlParamKey(stream.requestHead.uri, first);
        const inBody = key === null && stream.requestHead.method === 'POST';
        return hash(inBody ? bodyParamKey(stream.requestPayload(), first) : key);
      };
    case 'hdr': {
      const name = first.toLowerCase();
      const domainOnly = balance.args.includes('use_domain_only');
      return (stream) => {
        if (stream.requestHead === null) return NO_KEY;
        // The first value of the first field; nothing in front of a comma is no key.
        field.reset();
        if (!field.nextValue(stream.requestHead, name) || field.value === '') return NO_KEY;
        const { value } = field;
        return hash(domainOnly ? domainKey(value) : value);
      };
    }
    case 'hash': {
      const evaluate = balance.hashFunction === 'none' ? evaluateText : evaluateBytes;
      return (stream) => {
        const key = backend.rules?.balanceKey;
        return key == null ? NO_KEY : hash(evaluate(key, stream));
      };
    }
    case 'rdp-cookie': {
      const expression = compileWhole(`req.rdp_cookie(${first || 'mstshash'})`, {
        places: place.useServer,
        proxy: backend.name,
      });
      // A cookie without a value is none.
      return 'error' in expression ? null : (stream) => hash(evaluateText(expression, stream) || undefined);
    }
    default:
      return null;
  }
}
