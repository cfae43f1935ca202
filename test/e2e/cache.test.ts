import assert from 'node:assert/strict';
import { once } from 'node:events';
import http2 from 'node:http2';
import { after, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { connect, get, request } from '../support/connection.ts';
import { type Answer, origin } from '../support/origin.ts';
import { isHaproxy, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { type Scope, until } from '../support/wait.ts';

const FRESH = { 'cache-control': 'max-age=30' };

/** A listen section with a cache of its own. */
const section = (name: string, cache = '', lines = '') => `
    cache pages_${name}
        total-max-size 4
        max-object-size 200000
        ${cache}
    listen ${name}
        bind {addr:${name}}
        http-request cache-use pages_${name}
        http-response cache-store pages_${name}
        http-response set-header x-hit %[res.cache_hit],%[res.cache_name]
        ${lines}
        server app {addr:app_${name}}`;

const config = (sections: string, global = 'nbthread 2') => `
    global
        stats socket {sock:admin} level admin
        log {addr:log} local0
        ${global}
    defaults
        mode http
        log global
        option httplog
        timeout client 5s
        timeout connect 5s
        timeout server 5s
${sections}
`;

/** The sections that share a process: what their caches and they say more. */
const SECTIONS: Readonly<Record<string, readonly [cache?: string, lines?: string]>> = {
  age: [],
  conditional: [],
  not_kept: [],
  asked: [],
  past: [],
  dropped: [],
  limited: ['max-age 1'],
  ...(isHaproxy ? {} : { varied: ['process-vary on\nmax-secondary-entries 2'] }),
  sizes: [],
  kept_alive: [],
  half: [],
  compressed: ['', 'compression algo gzip'],
  h2: [],
  least: [],
};

/** An origin that numbers its answers. */
async function numbered(scope: Scope) {
  let count = 0;
  const world = { answer: (_path: string): Answer => ({ headers: FRESH, body: 'hello' }) };
  const app = await origin(scope, (seen) => {
    const made = world.answer(seen.target);
    return { ...made, headers: { ...made.headers, 'x-n': String(++count) } };
  });
  return Object.assign(world, { app });
}

const log = await syslog({ after });
const origins: Record<string, Awaited<ReturnType<typeof numbered>>> = {};
for (const name of Object.keys(SECTIONS)) origins[name] = await numbered({ after });
const shared = await start(
  { after },
  config(
    Object.entries(SECTIONS)
      .map(([name, more]) => section(name, ...more))
      .join('\n'),
  ),
  { ports: { log, ...Object.fromEntries(Object.entries(origins).map(([name, { app }]) => [`app_${name}`, app])) } },
);

/** A section, with the origin behind it. */
function cached(name: string, run = shared, behind = origins[name]!) {
  const port = run.port(name);
  return {
    app: behind.app,
    port,
    set(next: Answer | ((path: string) => Answer)) {
      behind.answer = typeof next === 'function' ? next : () => next;
    },
    ask: (path: string, ...lines: string[]) => get(port, path, ...lines),
  };
}

/** A section in a process of its own. */
async function alone(t: Scope, global?: string) {
  const behind = await numbered(t);
  const run = await start(t, config(section('web'), global), { ports: { app_web: behind.app, log } });
  return { run, ...cached('web', run, behind) };
}

test('a fresh response is kept and answers the next request, with its age', async () => {
  const { ask } = cached('age');
  const first = await ask('/');
  assert.equal(first.get('x-hit'), '0,');
  const second = await ask('/');
  assert.equal(second.get('x-hit'), '1,pages_age');
  assert.equal(second.get('x-n'), '1');
  assert.match(second.get('age')!, /^\d$/);
  assert.equal(second.text, 'hello');
  await log.waitFor(/ age age\/<CACHE> \d+\/\d+\/0\/0\/\d+ 200 \d+ - - LR-- .*"GET \/ HTTP\/1\.1"/);
  const row = await shared.row('age/FRONTEND');
  assert.deepEqual([row['cache_lookups'], row['cache_hits']], ['2', '1']);
});

test('threads share what is kept', async (t) => {
  const { ask } = await alone(t, 'nbthread 4');
  await ask('/');
  const seen = await Promise.all(Array.from({ length: 40 }, () => ask('/')));
  assert.ok(seen.every((response) => response.get('x-n') === '1' && response.text === 'hello'));
});

test('HEAD and conditional requests are answered without the body', async () => {
  const { ask, set, port } = cached('conditional');
  const changed = 'Wed, 21 Oct 2015 07:28:00 GMT';
  set({ headers: { ...FRESH, etag: '"one"', 'last-modified': changed }, body: 'hello' });
  await ask('/');
  const head = await request(port, 'HEAD / HTTP/1.1\nhost: sluice.test\n\n');
  assert.deepEqual([head.get('x-hit'), head.get('content-length'), head.text], ['1,pages_conditional', '5', '']);
  for (const line of [
    'if-none-match: "one"',
    'if-none-match: "zero", W/"one"',
    'if-none-match: *',
    `if-modified-since: ${changed}`,
    'if-modified-since: Thursday, 22-Oct-15 07:28:00 GMT',
    'if-modified-since: Thu Oct 22 07:28:00 2015',
  ]) {
    const response = await ask('/', line);
    assert.deepEqual([response.status, response.get('x-hit')], [304, '1,pages_conditional'], line);
  }
  for (const line of [
    'if-none-match: "two"',
    'if-modified-since: Tue, 20 Oct 2015 07:28:00 GMT',
    'if-modified-since: x',
  ])
    assert.equal((await ask('/', line)).status, 200, line);
});

test('what may not be kept is not', async () => {
  const { ask, set, port } = cached('not_kept');
  const answers: Answer[] = [
    { headers: {} },
    { headers: { 'cache-control': 'no-store' } },
    { headers: { 'cache-control': 'private, max-age=30' } },
    { headers: { 'cache-control': 'max-age=0' } },
    { headers: { 'cache-control': 'no-cache="set-cookie", max-age=30' } },
    { headers: { 'cache-control': 'max-age=x' } },
    { headers: { pragma: 'no-cache', etag: '"x"' } },
    { headers: { expires: 'Wed, 21 Oct 2015 07:28:00 GMT' } },
    { headers: { expires: '0' } },
    { headers: { ...FRESH, age: '31' } },
    { headers: { ...FRESH, vary: 'accept-encoding' } },
    { headers: FRESH, status: 404 },
    { headers: FRESH, body: 200_001 },
    { headers: FRESH, chunks: [150_000, 60_000] },
  ];
  for (const [i, answer] of answers.entries()) {
    set(answer);
    await ask(`/${i}`);
    assert.equal((await ask(`/${i}`)).get('x-hit'), '0,', JSON.stringify(answer));
  }
  set({ headers: FRESH });
  const post = 'POST /post HTTP/1.1\nhost: sluice.test\ncontent-length: 0\n\n';
  await request(port, post);
  assert.equal((await request(port, post)).get('x-hit'), '0,');
});

test('what a request says of caches is followed', async () => {
  const { ask, port } = cached('asked');
  await ask('/', 'authorization: Basic eDp5');
  assert.equal((await ask('/')).get('x-hit'), '0,', 'not kept with authorization');
  await ask('/store', 'cache-control: no-store');
  assert.equal((await ask('/store')).get('x-hit'), '0,', 'not kept with no-store');
  assert.equal(
    (await ask('/store', 'cache-control: no-store')).get('x-hit'),
    '1,pages_asked',
    'given out with no-store',
  );
  for (const line of ['cache-control: no-cache', 'cache-control: max-age=5', 'pragma: no-cache'])
    assert.equal((await ask('/', line)).get('x-hit'), '0,', line);
  assert.equal((await ask('/', 'cache-control: x', 'pragma: no-cache')).get('x-hit'), '1,pages_asked');
  const old = await request(port, 'GET / HTTP/1.0\nhost: sluice.test\n\n');
  assert.equal(old.get('x-hit'), '0,');
});

test('a request that goes past the cache renews what it holds', async () => {
  const { ask } = cached('past');
  await ask('/');
  await ask('/', 'cache-control: no-cache');
  assert.equal((await ask('/')).get('x-n'), '2');
});

test('a successful request of an unsafe method drops what is kept', async () => {
  const { ask, set, port } = cached('dropped');
  for (const [status, hit] of [
    [500, '1,pages_dropped'],
    [204, '0,'],
  ] as const) {
    await ask('/');
    set({ status, headers: FRESH });
    await request(port, 'DELETE / HTTP/1.1\nhost: sluice.test\n\n');
    set({ headers: FRESH });
    assert.equal((await ask('/')).get('x-hit'), hit, String(status));
  }
});

test('max-age ends what a response says of itself', async () => {
  const { ask, set } = cached('limited');
  set({ headers: { 'cache-control': 's-maxage=600, max-age=2' } });
  await ask('/');
  assert.equal((await ask('/')).get('x-hit'), '1,pages_limited');
  await until('the object to expire', async () => (await ask('/')).get('x-n') !== '1');
});

test(
  'with process-vary an object answers those requests that accept it',
  unlessHaproxy26('keeps none for a referer'),
  async () => {
    const { ask, set } = cached('varied');
    set({ headers: { ...FRESH, vary: 'accept-encoding', 'content-encoding': 'gzip' }, body: 'zipped' });
    await ask('/', 'accept-encoding: gzip, br');
    assert.equal((await ask('/', 'accept-encoding: gzip')).get('x-hit'), '1,pages_varied');
    assert.equal((await ask('/', 'accept-encoding: *')).get('x-hit'), '1,pages_varied');
    set({ headers: { ...FRESH, vary: 'accept-encoding' }, body: 'plain' });
    assert.equal((await ask('/', 'accept-encoding: gzip;q=0')).text, 'plain');
    assert.equal((await ask('/', 'accept-encoding: br')).get('x-hit'), '1,pages_varied');
    assert.equal((await ask('/', 'accept-encoding: gzip')).get('x-hit'), '1,pages_varied');
    set({ headers: { ...FRESH, vary: 'cookie' } });
    await ask('/cookie');
    assert.equal((await ask('/cookie')).get('x-hit'), '0,');
    set({ headers: { ...FRESH, vary: 'Referer' } });
    for (const [from, hit] of [
      ['a', '0,'],
      ['a', '1,pages_varied'],
      ['b', '0,'],
      ['b', '1,pages_varied'],
      ['c', '0,'],
      ['c', '0,'],
    ])
      assert.equal((await ask('/referer', `referer: ${from}`)).get('x-hit'), hit, from);
  },
);

test('bodies of any size and framing come back as they went in', async () => {
  const { ask, set } = cached('sizes');
  for (const size of [0, 1, 700, 895, 896, 897, 1023, 1024, 1025, 32_768, 32_769, 100_000, 199_000]) {
    const body = Buffer.alloc(size);
    for (let i = 0; i < size; i++) body[i] = (i * 2_654_435_761) >>> 13;
    for (const chunked of [false, true]) {
      const path = `/${size}${chunked}`;
      set(
        chunked
          ? { headers: FRESH, chunks: size > 3 ? [body.subarray(0, 3), body.subarray(3)] : [body] }
          : { headers: FRESH, body },
      );
      assert.ok((await ask(path)).body.equals(body), path);
      const kept = await ask(path);
      assert.equal(kept.get('x-hit'), '1,pages_sizes', path);
      assert.equal(kept.get('transfer-encoding'), chunked ? 'chunked' : undefined);
      assert.ok(kept.body.equals(body), path);
    }
  }
});

test('connections are kept after an answer from the cache', async (t) => {
  const { port } = cached('kept_alive');
  const client = await connect(t, port);
  for (let i = 0; i < 5; i++) {
    const response = await client.exchange('GET / HTTP/1.1\nhost: a\n\n');
    assert.equal(response.get('x-hit'), i === 0 ? '0,' : '1,pages_kept_alive');
  }
});

test(
  'a client that leaves a response half way leaves nothing half kept',
  unlessHaproxy26('waits for the server'),
  async (t) => {
    const { app, ask, port } = cached('half');
    app.script = async (_seen, connection) => {
      connection.send('HTTP/1.1 200 OK\r\ncache-control: max-age=30\r\ncontent-length: 10\r\n\r\nhalf');
      return null;
    };
    const client = await connect(t, port);
    client.send('GET /half HTTP/1.1\r\nhost: sluice.test\r\n\r\n');
    await client.through('half');
    client.reset();
    await until('the end of the stream', async () => (await shared.row('half/FRONTEND'))['scur'] === '0');
    app.script = () => ({ headers: FRESH, body: 'whole' });
    assert.equal((await ask('/half')).text, 'whole');
    assert.equal((await ask('/half')).get('x-hit'), '1,pages_half');
  },
);

test('objects are compressed on their way to the client, not in the cache', async () => {
  const { ask } = cached('compressed');
  const zipped = await ask('/', 'accept-encoding: gzip');
  const kept = await ask('/', 'accept-encoding: gzip');
  assert.equal(kept.get('x-hit'), '1,pages_compressed');
  assert.equal(gunzipSync(zipped.body).toString(), 'hello');
  assert.equal(gunzipSync(kept.body).toString(), 'hello');
  assert.equal((await ask('/')).text, 'hello');
});

test('clients of HTTP/2 are served, small objects and large', async (t) => {
  const { ask, set, port } = cached('h2');
  set((path) => ({ headers: FRESH, body: Buffer.alloc(Number(path.slice(1)), 'abc') }));
  const session = http2.connect(`http://127.0.0.1:${port}`);
  t.after(() => session.close());
  for (const size of [0, 5, 40_000, 190_000]) {
    await ask(`/${size}`);
    const stream = session.request({ ':path': `/${size}`, ':authority': 'sluice.test' });
    const parts: Buffer[] = [];
    stream.on('data', (part: Buffer) => parts.push(part));
    const [[head]] = await Promise.all([once(stream, 'response'), once(stream, 'end')]);
    assert.ok(Buffer.concat(parts).equals(Buffer.alloc(size, 'abc')), `${size} bytes`);
    assert.equal(head['x-hit'], isHaproxy ? '0,' : '1,pages_h2');
  }
});

test('the objects that were used least recently give way', async () => {
  const { ask, set } = cached('least');
  set({ headers: FRESH, body: 190_000 });
  await ask('/kept');
  for (let i = 0; i < 60; i++) {
    await ask(`/${i}`);
    if (i % 5 === 0) assert.equal((await ask('/kept')).get('x-hit'), '1,pages_least', `after ${i}`);
  }
  assert.equal((await ask('/59')).get('x-hit'), '1,pages_least');
  assert.equal((await ask('/0')).get('x-hit'), '0,');
});

test('show cache lists what is kept', async (t) => {
  const { run, ask, set } = await alone(t);
  assert.match(await run.cli('show cache'), /^0x[0-9a-f]+: pages_web \(shctx:0x[0-9a-f]+, available blocks:4096\)\n*$/);
  set({ headers: FRESH, body: 3000 });
  await ask('/a');
  await ask('/b');
  const lines = (await run.cli('show cache')).trim().split('\n').slice(1);
  assert.equal(lines.length, 2);
  for (const line of lines)
    assert.match(line, /^0x[0-9a-f]+ hash:\d+ vary:0x[0-9a-f]+ size:\d+ \(\d+ blocks\), refcount:0, expire:(?:29|30)$/);
});

test(
  'what is kept outlasts a reload that leaves the section alone',
  unlessHaproxy26('reloads into a new process'),
  async (t) => {
    const { run, ask } = await alone(t);
    const reload = async () => assert.match(await run.cli('reload'), /^(?:Success|Reloaded|.*)/);
    await ask('/');
    run.rewrite(
      config(section('web')).replace(
        'http-response set-header x-hit',
        'http-response set-header x-new 1\n        http-response set-header x-hit',
      ),
    );
    await reload();
    await until('the reload', async () => (await ask('/')).get('x-new') === '1');
    assert.equal((await ask('/')).get('x-n'), '1');
    run.rewrite(config(section('web', 'max-age 20')));
    await reload();
    await until('an empty cache', async () => (await ask('/')).get('x-n') !== '1');
  },
);
