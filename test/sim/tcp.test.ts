import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Faults, noFaults, type SimNetwork, seededRandom } from '../../src/net/sim.ts';
import type { Conn } from '../../src/net/transport.ts';
import { pattern } from './messages.ts';
import { seeds, withSeed } from './seeds.ts';
import { assertSettled, world } from './world.ts';

const configuration = (rules: string) => `defaults
  mode tcp
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  timeout queue 2s
listen l
  bind 127.0.0.1:8000
${rules}  server s1 10.0.0.1:80 maxconn 2
  server s2 10.0.0.2:80
`;

/** Limits of bandwidth in one direction, both, or none. */
function limits(random: () => number): string {
  const limit = () => `default-limit ${1 + Math.floor(random() ** 2 * 1e6)}k default-period 100 min-size 2k`;
  const upload =
    random() < 0.3 ? `  filter bwlim-in up ${limit()}\n  tcp-request content set-bandwidth-limit up\n` : '';
  const set = random() < 0.5 ? 'tcp-request' : 'tcp-response';
  const download =
    random() < 0.3 ? `  filter bwlim-out down ${limit()}\n  ${set} content set-bandwidth-limit down\n` : '';
  return upload + download;
}

/** One side of a relayed connection: says its text, ends, and gathers what it hears. */
interface Talker {
  heard: string;
  end: string;
}

function talk(network: SimNetwork, conn: Conn, text: string, slow: boolean): Talker {
  const talker: Talker = { heard: '', end: '' };
  let said = false;
  const send = (from: number): void => {
    if (conn.closed) return;
    const to = Math.min(text.length, from + 1 + Math.floor(network.random() * 40_000));
    conn.writeLatin1(text.slice(from, to));
    if (to === text.length) {
      said = true;
      if (talker.end === '') conn.end();
      else conn.closeGently();
    } else network.setTimer(network.random() * 20, () => send(to));
  };
  conn.handler = {
    onConnect: () => send(0),
    onData(buffer: Buffer, start: number, end: number) {
      talker.heard += buffer.latin1Slice(start, end);
      if (!slow) return;
      conn.pause();
      network.setTimer(network.random() * 20, () => conn.resume());
    },
    onEnd() {
      talker.end = 'end';
      if (said) conn.closeGently();
    },
    onDrain() {},
    onError(code) {
      talker.end = code;
    },
  };
  return talker;
}

async function play(seed: number, faults: Faults): Promise<void> {
  const random = seededRandom(seed * 31);
  const sim = await world(configuration(limits(seededRandom(seed))), seed, faults);
  const { network } = sim;
  const size = () => Math.floor(random() ** 3 * 300_000);
  const answers = new Map<number, { talker: Talker; text: string }>();
  for (const [i, host] of ['10.0.0.1', '10.0.0.2'].entries()) {
    await network.listen(
      { family: 'inet', host, port: 80, fd: -1, backlog: 0, v6only: false, share: false },
      (conn) => {
        const id = 1000 * (i + 1) + answers.size;
        const text = pattern(id, size());
        const talker = talk(network, conn, text, random() < 0.3);
        answers.set(id, { talker, text });
        conn.handler.onConnect();
        conn.start();
      },
    );
  }
  const clients: { talker: Talker; text: string }[] = [];
  for (let id = 1; id <= 1 + Math.floor(random() * 5); id++) {
    const text = pattern(id, 1 + size());
    network.setTimer(random() * 100, () => {
      const conn = network.connect(
        { family: 'inet', host: '127.0.0.1', port: 8000, sourceHost: null, sourcePort: 0 },
        { onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onError() {} },
      );
      const talker = talk(network, conn, text, random() < 0.3);
      clients.push({ talker, text });
      // Who never gets through gives up.
      network.setTimer(600_000, () => conn.destroy());
    });
  }
  assertSettled(sim);
  const said = [...answers.values()];
  for (const { talker } of clients)
    assert.ok(
      talker.heard === '' || said.some(({ text }) => text.startsWith(talker.heard)),
      'the client heard what one server said',
    );
  for (const { talker } of said)
    assert.ok(
      clients.some(({ text }) => text.startsWith(talker.heard)),
      'the server heard what one client said',
    );
  if (faults.reset > 0) return;
  assert.equal(said.length, clients.length);
  for (const { talker } of clients)
    assert.ok(
      said.some(({ text }) => text === talker.heard),
      'the client heard all of it',
    );
  for (const { talker } of said)
    assert.ok(
      clients.some(({ text }) => text === talker.heard),
      'the server heard all of it',
    );
}

suite('TCP on a simulated network', () => {
  const narrow: Faults = { ...noFaults, delay: 5, split: 0.2, window: [500, 30_000] };
  test('bytes are relayed whole in both directions', () => withSeed(seeds(60), (seed) => play(seed, noFaults)));
  test('so they are in small pieces over narrow windows', () => withSeed(seeds(30), (seed) => play(seed, narrow)));
  test('the last bytes for a server that has ended before the client arrive', () =>
    withSeed([655], (seed) => play(seed, narrow)));
  test('broken connections leave nothing behind, and what arrives is right as far as it goes', () =>
    withSeed(seeds(100), (seed) =>
      play(seed, { ...narrow, reset: 0.3, resetAfter: 100_000, refuse: 0.2, blackhole: 0.1 }),
    ));
});
