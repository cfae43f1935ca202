import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { noFaults, type SimNetwork } from '../../src/net/sim.ts';
import type { Conn, ConnHandler } from '../../src/net/transport.ts';
import { assertSettled, type World, world } from './world.ts';

/*
 * How fast bytes go where bandwidth is limited, on a clock that is exact: how long a transfer takes, and how much passes in any stretch of time.
 */

/** What came of a transfer: when, and how many bytes. */
type Arrivals = [at: number, bytes: number][];

const SIZE = 1_000_000;
const BODY = 'x'.repeat(SIZE);
const GET = 'GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n';
const OK = `HTTP/1.1 200 OK\r\ncontent-length: ${SIZE}\r\n\r\n${BODY}`;
/** Answers that come before the request has. */
const EMPTY = 'HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n';

/** Says `text` as fast as it is taken, and notes what comes; `then` when it is said. */
function talk(network: SimNetwork, conn: Conn, text: string, came: Arrivals, then: () => void = () => {}): void {
  const bytes = Buffer.from(text, 'latin1');
  let said = 0;
  const more = (): void => {
    while (said < bytes.length) {
      const from = said;
      said = Math.min(bytes.length, said + 50_000);
      if (!conn.write(bytes, from, said)) return;
    }
    then();
  };
  const handler: ConnHandler = {
    onConnect: more,
    onData(_buffer, start, end) {
      came.push([network.now(), end - start]);
    },
    onEnd: () => conn.closeGently(),
    onDrain: more,
    onError() {},
  };
  conn.handler = handler;
}

/** A server that says `text` on each connection once something has come; `whole` bytes of a request are waited for. */
async function server({ network }: World, text: string, whole = 1): Promise<Arrivals> {
  const taken: Arrivals = [];
  await network.listen(
    { family: 'inet', host: '10.0.0.1', port: 80, fd: -1, backlog: 0, v6only: false, share: false },
    (conn) => {
      talk(network, conn, text, taken);
      const { onData } = conn.handler;
      let seen = 0;
      conn.handler.onData = (buffer, start, end) => {
        onData(buffer, start, end);
        const before = seen;
        seen += end - start;
        if (before < whole && seen >= whole) conn.handler.onConnect();
      };
      conn.start();
    },
  );
  return taken;
}

function client(network: SimNetwork, text: string): Arrivals {
  const came: Arrivals = [];
  const conn = network.connect(
    { family: 'inet', host: '127.0.0.1', port: 8000, sourceHost: null, sourcePort: 0 },
    { onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onError() {} },
  );
  talk(network, conn, text, came);
  return came;
}

const configuration = (lines: string, mode = 'http', more = '') => `defaults
  mode ${mode}
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen l
  bind 127.0.0.1:8000
${lines}
  server s 10.0.0.1:80
${more}`;

/** What clients get that each ask `requests`, of a server that says `answer`. */
async function download(text: string, answer = OK, requests = [GET]): Promise<Arrivals[]> {
  const sim = await world(text, 1, noFaults);
  await server(sim, answer);
  const came = requests.map((request) => client(sim.network, request));
  assertSettled(sim);
  return came;
}

const total = (arrivals: Arrivals) => arrivals.reduce((sum, [, bytes]) => sum + bytes, 0);

/** Most bytes that came within `ms`. */
function most(arrivals: Arrivals, ms: number): number {
  let best = 0;
  let sum = 0;
  let first = 0;
  for (const [at, bytes] of arrivals) {
    sum += bytes;
    while (arrivals[first]![0] <= at - ms) sum -= arrivals[first++]![1];
    best = Math.max(best, sum);
  }
  return best;
}

/** Bytes went by as a limit of `limit` bytes a second asks for: not faster in any stretch of time, and not much slower. */
function assertPaced(arrivals: Arrivals, limit: number, bytes = SIZE): void {
  assert.ok(total(arrivals) >= bytes && total(arrivals) < bytes + 1000, `${total(arrivals)} bytes came`);
  const took = arrivals.at(-1)![0] - arrivals[0]![0];
  const ideal = (bytes / limit) * 1000;
  assert.ok(Math.abs(took - ideal) < ideal * 0.03 + 50, `${took} ms instead of ${ideal}`);
  for (const ms of [200, 1000, 3000]) {
    const allowed = (limit * (ms + 50)) / 1000 + 200;
    assert.ok(most(arrivals, ms) <= allowed, `${most(arrivals, ms)} bytes in ${ms} ms`);
  }
}

suite('Limits of bandwidth', () => {
  for (const [limit, period] of [
    [250_000, '1s'],
    [50_000, '200ms'],
    [1_000_000, '4s'],
  ] as const) {
    test(`a response comes at ${limit} bytes in ${period}, evenly from its start`, async () => {
      const filter = `filter bwlim-out down default-limit ${limit} default-period ${period}`;
      const [came] = await download(configuration(`${filter}\n  http-response set-bandwidth-limit down`));
      assertPaced(came!, 250_000);
    });
  }

  test('the rule says how much, by a number or an expression', async () => {
    const [came] = await download(
      configuration(`filter bwlim-out down default-limit 1k default-period 1m
  http-response set-bandwidth-limit down limit int(100000) period 500ms`),
    );
    assertPaced(came!, 200_000);
  });

  test('an expression without a value, or with one that is not above 0, leaves it to the filter', async () => {
    const [came] = await download(
      configuration(`filter bwlim-out down default-limit 200000 default-period 1s
  http-request set-bandwidth-limit down limit var(txn.none) period int(0)`),
    );
    assertPaced(came!, 200_000);
  });

  test('of several limits the narrowest holds', async () => {
    const [came] = await download(
      configuration(`filter bwlim-out a default-limit 200000 default-period 1s
  filter bwlim-out b default-limit 900000 default-period 1s
  http-request set-bandwidth-limit a
  http-response set-bandwidth-limit b`),
    );
    assertPaced(came!, 200_000);
  });

  test('nothing is limited without a rule', async () => {
    const [came] = await download(configuration('filter bwlim-out down default-limit 1k default-period 1s'));
    assert.equal(total(came!) > SIZE && came!.at(-1)![0] - came![0]![0] < 1000, true);
  });

  test('payload counts, its framing does not', async () => {
    const chunks = '1\r\na\r\n'.repeat(50_000);
    const [came] = await download(
      configuration(`filter bwlim-out down default-limit 10000 default-period 1s
  http-response set-bandwidth-limit down`),
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${chunks}0\r\n\r\n`,
    );
    assertPaced(came!, 60_000, chunks.length);
  });

  test('a body that ends with its connection comes whole', async () => {
    const sim = await world(
      configuration(`filter bwlim-out down default-limit 200000 default-period 1s
  http-response set-bandwidth-limit down`),
      1,
      noFaults,
    );
    await sim.network.listen(
      { family: 'inet', host: '10.0.0.1', port: 80, fd: -1, backlog: 0, v6only: false, share: false },
      (conn) => {
        talk(sim.network, conn, `HTTP/1.1 200 OK\r\n\r\n${BODY}`, [], () => conn.end());
        conn.handler.onConnect();
        conn.start();
      },
    );
    const came = client(sim.network, GET);
    assertSettled(sim);
    assertPaced(came, 200_000);
  });

  test('pieces are as large as min-size says, and no more of them pass for it', async () => {
    const [came] = await download(
      configuration(`filter bwlim-out down default-limit 100000 default-period 1s min-size 25000
  http-response set-bandwidth-limit down`),
    );
    const took = came!.at(-1)![0] - came![0]![0];
    assert.ok(Math.abs(took - 9750) < 400, `${took} ms`);
    const pieces = new Map<number, number>();
    for (const [at, bytes] of came!.slice(1)) pieces.set(at, (pieces.get(at) ?? 0) + bytes);
    const sizes = [...pieces.values()];
    assert.ok(sizes.length <= 48, `${sizes.length} pieces`);
  });

  test('who waits is woken some fifty times a second, however many bytes the limit allows', async () => {
    for (const limit of ['50k', '1m', '50m']) {
      const sim = await world(
        configuration(`filter bwlim-out down default-limit ${limit} default-period 1s
  http-response set-bandwidth-limit down`),
        1,
        noFaults,
      );
      await server(sim, OK);
      client(sim.network, GET);
      const before = sim.network.now();
      const { wheel } = sim.env;
      let armed = 0;
      const arm = wheel.arm.bind(wheel);
      wheel.arm = (entry, at) => {
        armed++;
        arm(entry, at);
      };
      sim.network.run(1000);
      assert.ok(armed < 150, `${armed} times in ${sim.network.now() - before} ms at ${limit}`);
      assertSettled(sim);
    }
  });

  for (const chunked of [false, true]) {
    test(`the body of a request goes on at the rate of the limit, ${chunked ? 'chunked' : 'of known length'}`, async () => {
      const sim = await world(
        configuration(`filter bwlim-in up default-limit 250000 default-period 1s
  http-request set-bandwidth-limit up`),
        1,
        noFaults,
      );
      const taken = await server(sim, EMPTY, SIZE);
      const body = chunked
        ? `transfer-encoding: chunked\r\n\r\n${(10_000).toString(16)}\r\n${'x'.repeat(10_000)}\r\n`.concat(
            `${(SIZE - 10_000).toString(16)}\r\n${'x'.repeat(SIZE - 10_000)}\r\n0\r\n\r\n`,
          )
        : `content-length: ${SIZE}\r\n\r\n${BODY}`;
      const came = client(sim.network, `POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n${body}`);
      assertSettled(sim);
      assertPaced(taken, 250_000);
      assert.ok(total(came) > 0, 'the response came');
    });
  }

  test('a request whose client ends behind it is sent whole', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const sim = await world(
        configuration(`no option abortonclose
  filter bwlim-in up default-limit 250000 default-period 1s
  http-request set-bandwidth-limit up`),
        seed,
        { ...noFaults, delay: 5, split: 0.1 },
      );
      const head = `POST / HTTP/1.1\r\nhost: a\r\ncontent-length: ${SIZE}\r\n\r\n`;
      const taken = await server(sim, EMPTY, SIZE);
      const conn = sim.network.connect(
        { family: 'inet', host: '127.0.0.1', port: 8000, sourceHost: null, sourcePort: 0 },
        { onConnect() {}, onData() {}, onEnd() {}, onDrain() {}, onError() {} },
      );
      const came: Arrivals = [];
      talk(sim.network, conn, head + BODY, came, () => conn.end());
      assertSettled(sim);
      assert.equal(total(taken) >= SIZE, true, `${total(taken)} bytes came`);
      assert.ok(total(came) > 0, `the response came (seed ${seed})`);
    }
  });

  test('a TCP connection is limited in both directions, each by itself', async () => {
    const sim = await world(
      configuration(
        `filter bwlim-in up default-limit 500000 default-period 1s
  filter bwlim-out down default-limit 200000 default-period 1s
  tcp-request content set-bandwidth-limit up
  tcp-response content set-bandwidth-limit down`,
        'tcp',
      ),
      1,
      noFaults,
    );
    const taken = await server(sim, BODY);
    const came = client(sim.network, BODY);
    sim.network.run(30_000);
    assertPaced(taken, 500_000);
    assertPaced(came, 200_000);
    assertSettled(sim);
  });

  test('streams of one key share a limit, and those of another have theirs', async () => {
    const text = configuration(
      `filter bwlim-out down limit 300000 key hdr(x-key) table rates min-size 2k
  http-request set-bandwidth-limit down`,
      'http',
      'backend rates\n  stick-table type string size 100 store bytes_out_rate(1s)\n',
    );
    const ask = (key: string) => GET.replace('host: a', `host: a\r\nx-key: ${key}`);
    const came = await download(text, OK, [ask('a'), ask('a'), ask('b'), ask('a')]);
    assertPaced(came[2]!, 300_000);
    const together = [0, 1, 3].flatMap((i) => came[i]!).sort((a, b) => a[0] - b[0]);
    assertPaced(together, 300_000, 3 * SIZE);
    // All three have come about as far when the first of them is through.
    const done = Math.min(...[0, 1, 3].map((i) => came[i]!.at(-1)![0]));
    for (const i of [0, 1, 3]) {
      const sofar = total(came[i]!.filter(([at]) => at <= done));
      assert.ok(sofar > 0.7 * SIZE, `${sofar} bytes of connection ${i}`);
    }
  });

  test('a key that is not there, or a full table, limits nothing', async () => {
    const text = (table: string) =>
      configuration(
        `filter bwlim-out down limit 1000 key hdr(x-key) table rates
  http-request set-bandwidth-limit down`,
        'http',
        `backend rates\n  stick-table type string ${table} store bytes_out_rate(1s)\n`,
      );
    const [came] = await download(text('size 100'));
    assert.ok(came!.at(-1)![0] - came![0]![0] < 1000);
  });
});
