import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { noFaults, seededRandom } from '../../src/net/sim.ts';
import { type Ask, type Manners, SimClient, simServer, wellBehaved } from './actors.ts';
import { type Message, pattern } from './messages.ts';
import { seeds, withSeed } from './seeds.ts';
import { assertSettled, type World, world } from './world.ts';

/** A configuration drawn from a seed. `strict`: requests may be refused for want of room. */
function configuration(random: () => number, strict: boolean): string {
  const some = (chance: number, line: string) => (random() < chance ? `  ${line}\n` : '');
  const pick = (...lines: string[]) => `  ${lines[Math.floor(random() * lines.length)]}\n`;
  return `global
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
${pick('retries 0', 'retries 1', 'retries 3')}${some(0.5, 'option redispatch')}${some(0.2, 'option http-server-close')}${some(0.1, 'option httpclose')}${some(0.2, 'option abortonclose')}${pick('http-reuse never', 'http-reuse safe', 'http-reuse aggressive', 'http-reuse always')}
frontend fe
  bind 127.0.0.1:8000
${random() < 0.2 ? SWITCHED : ''}${limits(random)}${some(0.3, 'maxconn 3')}${some(0.2, 'option http-buffer-request')}${some(0.3, 'http-request set-header x-a %[src]')}${some(0.2, 'http-request set-var(txn.a) path')}
  default_backend be
backend be
${pick('balance roundrobin', 'balance leastconn', 'balance first', 'balance random', 'balance uri')}${some(0.3, 'http-response set-header x-b %[status]')}
  server s1 10.0.0.1:80 ${random() < 0.5 ? 'maxconn 1' : ''} ${random() < 0.2 && strict ? 'maxqueue 2' : ''}
  server s2 10.0.0.2:80 ${random() < 0.5 ? 'maxconn 2' : ''} ${random() < 0.2 ? 'pool-max-conn 0' : ''}
`;
}

/** A frontend in mode tcp whose connections go on as ones of HTTP, at once or once they have shown that they speak it. */
const SWITCHED = `  mode tcp
  tcp-request inspect-delay 1s
  tcp-request content switch-mode http if HTTP
  tcp-request content switch-mode http if WAIT_END
`;

/** Limits of bandwidth in one direction, both, or none. */
function limits(random: () => number): string {
  const limit = () =>
    `default-limit ${100_000 + Math.floor(random() * 1e6)} default-period ${100 + Math.floor(random() * 200)} min-size ${random() < 0.5 ? 0 : 3000}`;
  const upload = random() < 0.3 ? `  filter bwlim-in up ${limit()}\n  http-request set-bandwidth-limit up\n` : '';
  const set = random() < 0.5 ? 'http-request' : 'http-response';
  const download = random() < 0.3 ? `  filter bwlim-out down ${limit()}\n  ${set} set-bandwidth-limit down\n` : '';
  return upload + download;
}

/** The same with servers that are reached over HTTP/2: what they are is another proxy, on either side of which the network is as bad. */
function overHttp2(random: () => number, strict: boolean): string {
  const text = configuration(random, strict);
  const reuse = random() < 0.2 ? 'max-reuse 2' : '';
  const at = text.indexOf('frontend fe');
  const limits = `tune.h2.be.initial-window-size ${random() < 0.5 ? 2000 : 65535}\n  tune.h2.fe.max-concurrent-streams ${random() < 0.5 ? 2 : 100}\n`;
  return (
    text.slice(0, at).replace('defaults', `  ${limits}defaults`) +
    text
      .slice(at)
      .replace('10.0.0.1:80', `127.0.0.1:9001 proto h2 ${reuse}`)
      .replace('10.0.0.2:80', `127.0.0.1:9002 proto h2 ${reuse}`) +
    [1, 2]
      .map(
        (n) =>
          `frontend f${n}\n  bind 127.0.0.1:900${n} proto h2\n  default_backend b${n}\nbackend b${n}\n  server s 10.0.0.${n}:80\n`,
      )
      .join('')
  );
}

interface Weather {
  readonly faults: typeof noFaults;
  readonly manners: Manners;
  /** Clients may leave, be slow, trickle. */
  readonly unruly: boolean;
  /** Servers are taken out and put back, streams killed, proxies replaced, while all this happens. */
  readonly operators?: boolean;
  /** Servers are reached over HTTP/2. */
  readonly h2?: boolean;
}

/** What operators do meanwhile. */
async function operate(sim: World, random: () => number): Promise<void> {
  const { network, env } = sim;
  const [view] = [...sim.views].filter((proxy) => proxy.config.name === 'be');
  for (let i = 0; i < 30; i++) {
    network.run(random() * 100);
    const what = random();
    const server = view!.servers[random() < 0.5 ? 0 : 1]!;
    if (what < 0.4) {
      const state = (['up', 'down', 'drain'] as const)[Math.floor(random() * 3)]!;
      await sim.execute({ kind: 'servers', views: [{ ...server, state, maxconn: Math.floor(random() * 3) }] });
    } else if (what < 0.6) await sim.execute({ kind: 'streams.kill', filter: { server: server.name }, why: 'K' });
    else if (what < 0.7) await sim.execute({ kind: 'proxy.put', proxies: sim.views });
    else if (what < 0.8)
      await sim.execute({
        kind: 'frontend.maxconn',
        proxy: env.frontendsByName.get('fe')!.id,
        maxconn: 1 + Math.floor(random() * 5),
      });
    else assert.ok(Array.isArray(await sim.execute({ kind: 'streams.list', filter: {} })));
  }
  await sim.execute({ kind: 'servers', views: view!.servers });
}

function asksOf(random: () => number, client: number): Ask[] {
  const version = random() < 0.1 ? '1.0' : '1.1';
  return Array.from({ length: 1 + Math.floor(random() * 4) }, (_, i) => {
    const method = random() < 0.5 ? 'GET' : random() < 0.8 ? 'POST' : 'HEAD';
    const size = () => Math.floor(random() ** 4 * 200_000);
    return {
      id: client * 100 + i,
      method,
      upload: method === 'POST' ? size() : 0,
      download: size(),
      chunkedUpload: version === '1.1' && random() < 0.5,
      version,
    };
  });
}

async function play(seed: number, weather: Weather): Promise<void> {
  const random = seededRandom(seed * 7919);
  const calm =
    weather.faults === noFaults && weather.manners === wellBehaved && !weather.unruly && weather.operators !== true;
  const text = weather.h2 === true ? overHttp2(random, !calm) : configuration(random, !calm);
  const sim = await world(text, seed, weather.faults);
  const { network } = sim;
  const complaints: string[] = [];
  await simServer(network, '10.0.0.1', 80, weather.manners, complaints);
  await simServer(network, '10.0.0.2', 80, weather.manners, complaints);
  const clients: SimClient[] = [];
  const count = 1 + Math.floor(random() * 6);
  for (let i = 0; i < count; i++) {
    const habits = {
      pipelined: random() < 0.3,
      leave: weather.unruly && random() < 0.3 ? 0.1 : 0,
      slow: weather.unruly && random() < 0.3 ? 30 : 0,
      trickle: weather.unruly && random() < 0.3 ? 20 : 0,
    };
    const asks = asksOf(random, i + 1);
    network.setTimer(random() * 500, () => clients.push(new SimClient(network, '127.0.0.1', 8000, asks, habits)));
  }
  if (weather.operators) await operate(sim, random);
  assertSettled(sim);
  assert.deepEqual(complaints, []);
  for (const client of clients) checkClient(client, calm, weather.h2 === true);
  const answered = clients.reduce((sum, client) => sum + client.answers.length, 0);
  assert.ok(sim.lines.length >= answered, `${sim.lines.length} log lines for ${answered} responses`);
}

/** `framed`: a body that ended with the connection of the last server is one with an end by the time that it is here. */
function checkClient(client: SimClient, calm: boolean, framed: boolean): void {
  assert.notEqual(client.end, '', 'the connection ended');
  assert.notEqual(client.end, 'patience', 'nobody waits for ever');
  for (const { ask, status, message } of client.answers) {
    if (status === 200 && message.headers.has('x-id')) {
      assert.equal(message.headers.get('x-id'), String(ask.id), 'the response belongs to the request');
      const whole = ask.method === 'HEAD' ? '' : pattern(ask.id, ask.download);
      if ((byClosing(message) || framed) && !calm)
        assert.ok(whole.startsWith(message.body), `body of response ${ask.id}`);
      else
        assert.ok(
          whole === message.body,
          `body of response ${ask.id}: ${message.body.length} bytes of ${whole.length}`,
        );
    } else {
      assert.ok(!calm, `response ${ask.id} has status ${status}`);
      assert.match(String(status), /^(400|408|502|503|504)$/);
    }
  }
  const last = client.answers.at(-1)?.message;
  const closing = last?.headers.get('connection') === 'close' || (last !== undefined && byClosing(last));
  if (calm && !closing)
    assert.equal(client.answers.length, client.asks.length, `answers; the connection ended by ${client.end}`);
}

/** The end of the connection ends this response. */
function byClosing({ headers, first }: Message): boolean {
  if (first.startsWith('HTTP/1.0')) return headers.get('connection') !== 'keep-alive';
  return !headers.has('content-length') && !headers.has('transfer-encoding');
}

const stormy = {
  delay: 30,
  split: 0.3,
  window: [100, 20_000] as [number, number],
  reset: 0.15,
  resetAfter: 20_000,
  refuse: 0.1,
  blackhole: 0.03,
};
const rude: Manners = { silence: 0.03, hangUp: 0.05, cut: 0.08, reset: 0.03, garbage: 0.03, early: 0.02 };

const kinds: [string, Weather][] = [
  ['without faults every request has its response', { faults: noFaults, manners: wellBehaved, unruly: false }],
  [
    'in small pieces over narrow windows bytes are intact',
    { faults: { ...noFaults, delay: 20, split: 0.3, window: [200, 5000] }, manners: wellBehaved, unruly: false },
  ],
  ['unruly clients leave nothing behind', { faults: noFaults, manners: wellBehaved, unruly: true }],
  ['rude servers leave nothing behind', { faults: noFaults, manners: rude, unruly: false }],
  [
    'whatever operators do, every request has one response or a clean end',
    { faults: noFaults, manners: wellBehaved, unruly: false, operators: true },
  ],
  ['operators in a storm leave nothing behind', { faults: stormy, manners: rude, unruly: true, operators: true }],
  ['in a storm every request has one response or a clean end', { faults: stormy, manners: rude, unruly: true }],
];

suite('HTTP on a simulated network', () => {
  for (const [name, weather] of kinds) {
    test(name, () => withSeed(seeds(100), (seed) => play(seed, weather)));
    test(`over HTTP/2 to servers ${name}`, () => withSeed(seeds(60), (seed) => play(seed, { ...weather, h2: true })));
  }

  test('the same seed gives the same run', async () => {
    const runs = [];
    for (let i = 0; i < 2; i++) {
      const sim = await world(configuration(seededRandom(3), true), 42, stormy);
      await simServer(sim.network, '10.0.0.1', 80, rude, []);
      await simServer(sim.network, '10.0.0.2', 80, rude, []);
      const client = new SimClient(sim.network, '127.0.0.1', 8000, asksOf(seededRandom(5), 1), {
        pipelined: true,
        leave: 0,
        slow: 5,
        trickle: 5,
      });
      sim.network.run(3_600_000);
      runs.push([
        client.end,
        client.answers.map((a) => a.status),
        sim.lines.map((line) => JSON.stringify(line).replace(/[0-9a-f-]{36}/, '')),
      ]);
    }
    assert.deepEqual(runs[0], runs[1]);
  });
});
