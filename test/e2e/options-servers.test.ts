import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

/* Which server is chosen and what it is told: persistence beside cookies, `redir`, `prefer-last-server`, `max-reuse`. */

const cached = { 'Cache-Control': 'max-age=60', 'Set-Cookie': 'APP=1' };
const [a, b] = await Promise.all(
  ['a', 'b'].map((name) =>
    origin({ after }, (request) => (request.target === '/cached' ? { body: name, headers: cached } : { body: name })),
  ),
);
const log = await syslog({ after });
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    log 127.0.0.1:{port:log} local0
defaults
    mode http
    log global
    option httplog
    timeout connect 5s
    timeout client 10s
    timeout server 10s
    balance roundrobin
listen ruled
    bind {addr:ruled}
    cookie SRV insert indirect
    use-server b if { path_beg /b }
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen ignored
    bind {addr:ignored}
    cookie SRV insert indirect
    ignore-persist if { path_beg /static }
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen checkcache
    bind {addr:checkcache}
    option checkcache
    server a {addr:a}
listen nocache
    bind {addr:nocache}
    option checkcache
    cookie SRV insert indirect nocache
    server a {addr:a} cookie one
listen rules
    bind {addr:rules}
    cookie SRV insert indirect
    http-response del-header set-cookie
    http-response set-header x-cookies %[res.cook_cnt(SRV)]
    server a {addr:a} cookie one
listen named
    bind {addr:named}
    http-send-name-header X-Server
    server a {addr:a}
    server b {addr:b}
listen last
    bind {addr:last}
    http-reuse never
    option prefer-last-server
    server a {addr:a}
    server b {addr:b}
listen redir
    bind {addr:redir}
    server a {addr:a} redir http://static.example.com/x
listen reuse
    bind {addr:reuse}
    http-reuse always
    server a {addr:a} max-reuse 1
`,
  { ports: { a: a!, b: b!, log: log.port } },
);

async function letters(proxy: string): Promise<string> {
  const line = await log.waitFor(new RegExp(` ${proxy}/`));
  return / ([A-Za-z-]{4}) \d+\/\d+\//.exec(line)?.[1] ?? line;
}

test('a server chosen by use-server is direct: no cookie is inserted', async () => {
  const response = await get(run.port('ruled'), '/b');
  assert.equal(response.text, 'b');
  assert.deepEqual(response.all('set-cookie'), []);
  assert.equal(await letters('ruled'), '--NN');
});

test('use-server goes before the cookie, which is unused', async () => {
  const response = await get(run.port('ruled'), '/b', 'Cookie: SRV=one');
  assert.equal(response.text, 'b');
  assert.deepEqual(response.all('set-cookie'), []);
  assert.equal(await letters('ruled'), '--UN');
});

test('ignore-persist neither follows the cookie nor inserts one', async () => {
  const response = await get(run.port('ignored'), '/static/x', 'Cookie: SRV=two');
  assert.deepEqual(response.all('set-cookie'), []);
  assert.equal(await letters('ignored'), '--UN');
});

test(
  'checkcache blocks a cookie in a response that caches may keep',
  unlessHaproxy26('it lets them all pass'),
  async () => {
    assert.equal((await get(run.port('checkcache'), '/cached')).status, 502);
    assert.equal(await letters('checkcache'), 'PH--');
    assert.equal((await run.row('checkcache/BACKEND'))['dresp'], '1');
    assert.equal((await get(run.port('checkcache'), '/')).status, 200);
  },
);

test('checkcache lets pass what nocache has made private', async () => {
  const response = await get(run.port('nocache'), '/cached');
  assert.equal(response.status, 200);
  assert.equal(response.all('cache-control').includes('private'), true);
});

test('http-response rules run before the persistence cookie is inserted', async () => {
  const response = await get(run.port('rules'), '/cached');
  assert.equal(response.all('set-cookie').length, 1);
  assert.match(response.get('set-cookie') ?? '', /^SRV=one/);
  assert.equal(response.get('x-cookies'), '0');
});

test('http-send-name-header tells each server its name', async () => {
  for (const name of ['a', 'b']) {
    const response = await get(run.port('named'), '/', 'X-Server: forged');
    assert.equal(response.text, name);
    const seen = (name === 'a' ? a : b)!.requests.at(-1)!;
    assert.deepEqual(seen.all('x-server'), [name]);
  }
});

test('prefer-last-server keeps a client on the connection that it has', async (t) => {
  const client = await connect(t, run.port('last'));
  const first = (await client.exchange('GET / HTTP/1.1\nhost: x\n\n')).text;
  for (let i = 0; i < 3; i++) assert.equal((await client.exchange('GET / HTTP/1.1\nhost: x\n\n')).text, first);
});

test('a server with redir sends GET and HEAD to itself, other methods are forwarded', async () => {
  const response = await get(run.port('redir'), '/page?q=1');
  assert.equal(response.status, 302);
  assert.equal(response.get('location'), 'http://static.example.com/x/page?q=1');
  assert.equal(await letters('redir'), 'LC--');
});

test('redir leaves POST alone', async (t) => {
  const client = await connect(t, run.port('redir'));
  assert.equal((await client.exchange('POST / HTTP/1.1\nhost: x\ncontent-length: 0\n\n')).text, 'a');
});

test(
  'max-reuse bounds the requests on one server connection',
  unlessHaproxy26('it respects this for HTTP/2 only'),
  async (t) => {
    const client = await connect(t, run.port('reuse'));
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      await client.exchange('GET / HTTP/1.1\nhost: x\n\n');
      seen.push(a!.requests.at(-1)!.connection);
    }
    assert.equal(seen[0], seen[1]);
    assert.notEqual(seen[1], seen[2]);
    assert.equal(seen[2], seen[3]);
  },
);
