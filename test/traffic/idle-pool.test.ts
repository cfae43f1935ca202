import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { C, COUNTER_FIELDS } from '../../src/model/counters.ts';
import { IdlePool } from '../../src/traffic/idle-pool.ts';
import type { TrafficServer } from '../../src/traffic/server.ts';
import { ServerConn } from '../../src/traffic/server-conn.ts';

/** A server with a pool, whose purges come when they are called for. */
class Bench {
  readonly rows = new Float64Array(COUNTER_FIELDS * 2);
  readonly config = { poolPurgeDelay: 1000, poolMaxConn: -1, poolLowConn: 0 };
  readonly purges: (() => void)[] = [];
  readonly server: TrafficServer;

  constructor(config: Partial<Bench['config']> = {}) {
    Object.assign(this.config, config);
    const server = {
      c: this.rows.subarray(0, COUNTER_FIELDS),
      g: new Int32Array(32),
      rows: this.rows,
      config: this.config,
      backend: { noLinger: false },
      env: { threads: 2, later: (_ms: number, fire: () => void) => this.purges.push(fire) },
    };
    this.server = Object.assign(server, { pool: null }) as unknown as TrafficServer;
    (this.server as { pool: IdlePool }).pool = new IdlePool(this.server);
  }

  open(shared = true): ServerConn {
    const conn = new ServerConn(this.server, '');
    const handle = { closed: false, destroy: () => void (handle.closed = true) };
    conn.conn = handle as unknown as ServerConn['conn'];
    conn.use(shared);
    return conn;
  }

  /** Connections that serve one exchange each, all at once; those that are kept. */
  burst(count: number): ServerConn[] {
    const conns = Array.from({ length: count }, () => this.open());
    for (const conn of conns) end(conn);
    return conns.filter((conn) => !conn.conn.closed);
  }

  purge(): void {
    assert.equal(this.purges.length, 1, 'one purge is due at a time');
    this.purges.shift()!();
  }

  get counts(): { needed: number; idle: number } {
    const { c } = this.server;
    return { needed: c[C.neededConns]!, idle: c[C.idleUnsafe]! + c[C.idleSafe]! };
  }
}

function end(conn: ServerConn): void {
  conn.uses++;
  conn.rest();
}

suite('idle connections', () => {
  test('are given up step by step as HAProxy does once they are not needed', () => {
    const bench = new Bench();
    bench.burst(10);
    const seen: [number, number][] = [];
    for (let i = 0; i < 6; i++) {
      bench.purge();
      seen.push([bench.counts.needed, bench.counts.idle]);
    }
    // What `show servers conn` of HAProxy 2.6 said second by second, with one thread and pool-purge-delay 1s.
    assert.deepEqual(seen, [
      [10, 10],
      [5, 10],
      [2, 6],
      [1, 3],
      [0, 1],
      [0, 0],
    ]);
    assert.equal(bench.purges.length, 0, 'no purge is due while nothing is idle');
  });

  test('those idle longest are given up first', () => {
    const bench = new Bench();
    const conns = bench.burst(10);
    for (let i = 0; i < 3; i++) bench.purge();
    assert.deepEqual(
      conns.map((conn) => conn.conn.closed),
      [true, true, true, true, false, false, false, false, false, false],
    );
  });

  test('what is in use is needed', () => {
    const bench = new Bench();
    bench.burst(4);
    for (let i = 0; i < 3; i++) bench.server.pool.take('always', true, '')!.use(true);
    for (let i = 0; i < 3; i++) bench.purge();
    assert.deepEqual(bench.counts, { needed: 3, idle: 0 });
  });

  test('more than were ever in use at once are not kept, but for pool-low-conn', () => {
    for (const [poolLowConn, kept] of [
      [0, 1],
      [2, 3],
    ] as const) {
      const bench = new Bench({ poolLowConn });
      for (let i = 0; i < 5; i++) bench.burst(1);
      assert.deepEqual(bench.counts, { needed: 1, idle: kept });
    }
  });

  test('pool-purge-delay 0 keeps none', () => {
    const bench = new Bench({ poolPurgeDelay: 0 });
    assert.equal(bench.burst(3).length, 0);
    assert.deepEqual(bench.counts, { needed: 3, idle: 0 });
  });

  test('pool-max-conn is a limit over all threads', () => {
    const bench = new Bench({ poolMaxConn: 4 });
    bench.rows[COUNTER_FIELDS + C.idleSafe] = 1;
    assert.equal(bench.burst(10).length, 3);
  });

  test('a connection is safe once it was used again', () => {
    const bench = new Bench();
    bench.burst(1);
    const { pool, c } = bench.server;
    assert.equal(pool.take('aggressive', true, ''), null);
    assert.equal(pool.take('safe', true, ''), null);
    assert.equal(pool.take('never', false, ''), null);
    const conn = pool.take('safe', false, '')!;
    assert.equal(c[C.idleUnsafe], 0);
    conn.use(true);
    end(conn);
    assert.deepEqual([c[C.idleUnsafe], c[C.idleSafe]], [0, 1]);
    assert.equal(pool.take('aggressive', true, ''), conn);
  });

  test('a connection of one client is neither counted with the others nor purged nor given to another', () => {
    const bench = new Bench();
    const conn = bench.open(false);
    conn.private = true;
    end(conn);
    assert.equal(conn.conn.closed, false);
    assert.deepEqual(bench.counts, { needed: 1, idle: 0 });
    assert.equal(bench.server.c[C.idlePrivate], 1);
    assert.equal(bench.purges.length, 0);
    assert.equal(bench.server.pool.take('always', false, ''), null);
    bench.server.pool.remove(conn);
    assert.equal(bench.server.c[C.idlePrivate], 0);
  });

  test('a connection that ends is no longer in use or idle', () => {
    const bench = new Bench();
    const [idle] = bench.burst(2);
    idle!.onError('ECONNRESET');
    assert.deepEqual(bench.counts, { needed: 2, idle: 1 });
    const busy = bench.open();
    busy.discard();
    bench.server.pool.close();
    assert.deepEqual(bench.counts, { needed: 2, idle: 0 });
    for (let i = 0; i < 2; i++) if (bench.purges.length > 0) bench.purge();
    bench.burst(1);
    for (let i = 0; i < 3; i++) bench.purge();
    assert.deepEqual(bench.counts, { needed: 0, idle: 0 });
  });
});
