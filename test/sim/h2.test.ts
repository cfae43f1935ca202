import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Faults, noFaults, type SimNetwork, seededRandom } from '../../src/net/sim.ts';
import type { Conn } from '../../src/net/transport.ts';
import { HpackDecoder } from '../../src/traffic/h2/hpack.ts';
import { END_STREAM, frame, headers, int32, preface, settings, T } from '../traffic/h2/peer.ts';
import { type Manners, simServer, wellBehaved } from './actors.ts';
import { pattern } from './messages.ts';
import { seeds, withSeed } from './seeds.ts';
import { assertSettled, world } from './world.ts';

const configuration = (rules: string) => `global
  log 127.0.0.1:514 local0
defaults
  mode http
  log global
  option httplog
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  timeout queue 3s
  timeout http-request 4s
  timeout http-keep-alive 2s
  option redispatch
frontend fe
  bind 127.0.0.1:8000
${rules}  default_backend be
backend be
  server s1 10.0.0.1:80 maxconn 2
  server s2 10.0.0.2:80
`;

const LIMITS = `  filter bwlim-in up default-limit 100k default-period 200
  filter bwlim-out down default-limit 100k default-period 200 min-size 3k
  http-request set-bandwidth-limit up
  http-request set-bandwidth-limit down
`;

interface Exchange {
  readonly id: number;
  readonly upload: string;
  readonly download: number;
  sent: number;
  window: number;
  status: string;
  xid: string;
  body: string;
  /** '' under way, 'end', 'reset', 'lost'. */
  end: string;
}

/** A client that keeps to the windows on both sides. */
class Client {
  readonly exchanges = new Map<number, Exchange>();
  goaway = -1;
  closed = false;
  readonly #network: SimNetwork;
  readonly #conn: Conn;
  readonly #decoder = new HpackDecoder(4096);
  readonly #resets: boolean;
  #held = Buffer.alloc(0);
  #window = 65_535;
  #initial = 65_535;

  constructor(network: SimNetwork, exchanges: readonly Exchange[], initialWindow: number, resets: boolean) {
    this.#network = network;
    this.#resets = resets;
    for (const [i, exchange] of exchanges.entries()) this.exchanges.set(2 * i + 1, exchange);
    this.#conn = network.connect(
      { family: 'inet', host: '127.0.0.1', port: 8000, sourceHost: null, sourcePort: 0 },
      {
        onConnect: () => this.#begin(initialWindow),
        onData: (buffer: Buffer, start: number, end: number) => this.#take(buffer.subarray(start, end)),
        onEnd: () => this.#over(),
        onDrain() {},
        onError: () => this.#over(),
      },
    );
    network.setTimer(600_000, () => this.#over());
  }

  #begin(initialWindow: number): void {
    this.#send(preface, settings([4, initialWindow]));
    for (const [stream, { id, upload, download }] of this.exchanges) {
      const fields: [string, string][] = [
        [':method', upload === '' ? 'GET' : 'POST'],
        [':scheme', 'http'],
        [':path', `/${id}/${download}`],
        [':authority', 'sim'],
        ['x-id', String(id)],
        ['x-upload', String(upload.length)],
      ];
      this.#send(headers(stream, fields, upload === '' ? END_STREAM : 0));
    }
    this.#upload();
  }

  #send(...parts: Buffer[]): void {
    if (this.closed) return;
    const bytes = Buffer.concat(parts);
    this.#conn.writeStable(bytes, 0, bytes.length);
  }

  #upload(): void {
    for (const [stream, exchange] of this.exchanges) {
      while (exchange.end === '' && exchange.sent < exchange.upload.length) {
        const size = Math.min(exchange.upload.length - exchange.sent, this.#window, exchange.window, 16_384);
        if (size <= 0) break;
        const text = exchange.upload.slice(exchange.sent, exchange.sent + size);
        exchange.sent += size;
        exchange.window -= size;
        this.#window -= size;
        this.#send(frame(T.data, exchange.sent === exchange.upload.length ? END_STREAM : 0, stream, text));
      }
    }
  }

  #take(bytes: Buffer): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    while (this.#held.length >= 9 && this.#held.length >= 9 + this.#held.readUIntBE(0, 3)) {
      const length = this.#held.readUIntBE(0, 3);
      this.#frame(
        this.#held[3]!,
        this.#held[4]!,
        this.#held.readUInt32BE(5),
        Buffer.from(this.#held.subarray(9, 9 + length)),
      );
      this.#held = this.#held.subarray(9 + length);
    }
    if ([...this.exchanges.values()].every(({ end }) => end !== '')) this.#over();
  }

  #frame(type: number, flags: number, stream: number, payload: Buffer): void {
    const exchange = this.exchanges.get(stream);
    switch (type) {
      case T.settings:
        if (flags & 1) return;
        for (let at = 0; at < payload.length; at += 6)
          if (payload.readUInt16BE(at) === 4) this.#resize(payload.readUInt32BE(at + 2));
        this.#send(frame(T.settings, 1, 0));
        return;
      case T.window:
        if (stream === 0) this.#window += payload.readUInt32BE(0);
        else if (exchange !== undefined) exchange.window += payload.readUInt32BE(0);
        this.#upload();
        return;
      case T.headers: {
        assert.ok(exchange !== undefined && exchange.end !== 'end', `HEADERS on stream ${stream}`);
        const field = (name: string, value: string): void => {
          if (name === ':status') exchange.status = value;
          if (name === 'x-id') exchange.xid = value;
        };
        assert.ok(this.#decoder.decode(payload, 0, payload.length, { field }));
        if (flags & END_STREAM) exchange.end ||= 'end';
        return;
      }
      case T.data:
        assert.ok(exchange !== undefined && exchange.end !== 'end', `DATA on stream ${stream}`);
        if (exchange.end === 'lost') {
          // Was on its way when the stream was reset here.
          if (payload.length > 0) this.#send(frame(T.window, 0, 0, int32(payload.length)));
          return;
        }
        exchange.body += payload.latin1Slice();
        if (flags & END_STREAM) exchange.end = 'end';
        if (this.#resets && exchange.end === '' && this.#network.random() < 0.1) {
          exchange.end = 'lost';
          this.#send(frame(T.rst, 0, stream, int32(8)));
        }
        if (payload.length > 0)
          this.#send(frame(T.window, 0, 0, int32(payload.length)), frame(T.window, 0, stream, int32(payload.length)));
        return;
      case T.rst:
        if (exchange !== undefined && exchange.end === '') exchange.end = 'reset';
        return;
      case T.goaway:
        this.goaway = payload.readUInt32BE(4);
    }
  }

  #resize(initial: number): void {
    for (const exchange of this.exchanges.values()) exchange.window += initial - this.#initial;
    this.#initial = initial;
    this.#upload();
  }

  #over(): void {
    if (this.closed) return;
    this.closed = true;
    this.#conn.destroy();
    for (const exchange of this.exchanges.values()) exchange.end ||= 'lost';
  }
}

async function play(seed: number, faults: Faults, manners: Manners, unruly: boolean): Promise<void> {
  const random = seededRandom(seed * 101);
  const sim = await world(configuration(seed % 3 === 1 ? LIMITS : ''), seed, faults);
  const { network } = sim;
  const complaints: string[] = [];
  for (const host of ['10.0.0.1', '10.0.0.2']) await simServer(network, host, 80, manners, complaints);
  const size = () => Math.floor(random() ** 3 * 150_000);
  const clients = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, c) => {
    const exchanges = Array.from({ length: 1 + Math.floor(random() * 5) }, (_x, i) => {
      const id = c * 100 + i + 1;
      const upload = random() < 0.5 ? '' : pattern(id, 1 + size());
      return { id, upload, download: size(), sent: 0, window: 65_535, status: '', xid: '', body: '', end: '' };
    });
    const window = random() < 0.5 ? 65_535 : 1 + Math.floor(random() * 5_000);
    return new Client(network, exchanges, window, unruly && random() < 0.5);
  });
  assertSettled(sim);
  assert.deepEqual(complaints, []);
  const calm = faults === noFaults && manners === wellBehaved && !unruly;
  for (const client of clients) {
    assert.ok(client.goaway <= 0, `GOAWAY with ${client.goaway}`);
    for (const exchange of client.exchanges.values()) {
      assert.notEqual(exchange.end, '');
      if (calm) assert.deepEqual([exchange.end, exchange.status], ['end', '200']);
      if (exchange.status !== '200' || exchange.xid === '') continue;
      assert.equal(exchange.xid, String(exchange.id));
      const whole = pattern(exchange.id, exchange.download);
      // A body that ends with the server's connection may be cut without anybody knowing.
      if (exchange.end === 'end' && calm)
        assert.ok(exchange.body === whole, `body of ${exchange.id}: ${exchange.body.length} of ${whole.length}`);
      else assert.ok(whole.startsWith(exchange.body), `body of ${exchange.id}`);
    }
  }
}

suite('HTTP/2 on a simulated network', () => {
  const narrow: Faults = { ...noFaults, delay: 10, split: 0.3, window: [300, 9_000] };
  const storm: Faults = { ...narrow, reset: 0.2, resetAfter: 60_000, refuse: 0.1, blackhole: 0.03 };
  const rude: Manners = { silence: 0.05, hangUp: 0.05, cut: 0.08, reset: 0.05, garbage: 0.05, early: 0.02 };
  test('without faults every request has its response', () =>
    withSeed(seeds(60), (seed) => play(seed, noFaults, wellBehaved, false)));
  test('a client that takes a long response little by little is not given up', () =>
    withSeed([1218], (seed) => play(seed, noFaults, wellBehaved, false)));
  test('in small pieces over narrow windows bytes are intact', () =>
    withSeed(seeds(20), (seed) => play(seed, narrow, wellBehaved, false)));
  test('streams that clients reset leave nothing behind', () =>
    withSeed(seeds(60), (seed) => play(seed, noFaults, wellBehaved, true)));
  test('rude servers leave nothing behind', () => withSeed(seeds(60), (seed) => play(seed, noFaults, rude, false)));
  test('a storm leaves nothing behind', () => withSeed(seeds(60), (seed) => play(seed, storm, rude, true)));
});
