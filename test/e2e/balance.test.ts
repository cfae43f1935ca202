import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';

const [a, b, c] = await Promise.all(['a', 'b', 'c'].map((name) => origin({ after }, name)));
const servers = (options = '') =>
  ['a', 'b', 'c'].map((name) => `    server ${name} {addr:${name}} ${options}`).join('\n');
// What the installed HAProxy gives for the paths below, with three servers of weight 1.
const MAPPED = 'cacacccb';
const CONSISTENT = 'bcbcbccc';
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen roundrobin
    bind {addr:roundrobin}
    balance roundrobin
${servers()}
listen weighted
    bind {addr:weighted}
    balance roundrobin
    server a {addr:a} weight 10
    server b {addr:b} weight 30
    server c {addr:c} weight 0
listen static_rr
    bind {addr:static_rr}
    balance static-rr
${servers()}
listen first
    bind {addr:first}
    balance first
${servers('maxconn 2')}
listen leastconn
    bind {addr:leastconn}
    balance leastconn
${servers()}
listen source
    bind {addr:source}
    balance source
${servers()}
listen uri
    bind {addr:uri}
    balance uri
${servers()}
listen url_param
    bind {addr:url_param}
    balance url_param user
${servers()}
listen hash
    bind {addr:hash}
    balance hash req.hdr(x-key),map({dir}/keys.map)
${servers()}
listen hdr
    bind {addr:hdr}
    balance hdr(X-User)
${servers()}
listen consistent
    bind {addr:consistent}
    balance uri
    hash-type consistent
${servers()}
listen random
    bind {addr:random}
    balance random
${servers()}
listen backup
    bind {addr:backup}
    balance roundrobin
    server a {addr:a} disabled
    server b {addr:b} backup
    server c {addr:c} backup
listen allbackups
    bind {addr:allbackups}
    balance roundrobin
    option allbackups
    server a {addr:a} disabled
    server b {addr:b} backup
    server c {addr:c} backup
`,
  { files: { 'keys.map': 'k1 x\nk2 x\nk3 a\nk4 b\nk5 c\nk6 d\n' }, ports: { a: a!, b: b!, c: c! } },
);

/** Names of the servers that answered these requests, one connection each. */
async function answers(listen: string, paths: string[], header?: (i: number) => string): Promise<string> {
  let seen = '';
  for (const [i, path] of paths.entries())
    seen += (await get(run.port(listen), path, ...(header ? [header(i)] : []))).text;
  return seen;
}
const times = (n: number, path = '/') => Array<string>(n).fill(path);
const count = (seen: string, name: string) => seen.split(name).length - 1;

test('roundrobin gives each of three servers every third request', async (t) => {
  const client = await connect(t, run.port('roundrobin'));
  let seen = '';
  for (let i = 0; i < 9; i++) seen += (await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text;
  assert.equal(seen, 'abcabcabc');
  for (const name of ['a', 'b', 'c']) assert.equal((await run.row(`roundrobin/${name}`))['stot'], '3');
  assert.equal((await run.row('roundrobin/BACKEND'))['stot'], '9');
});

test('roundrobin follows the weights, and weight 0 gets nothing', async () => {
  const seen = await answers('weighted', times(8));
  assert.equal(count(seen, 'a'), 2);
  assert.equal(count(seen, 'b'), 6);
});

test('static-rr goes round as well', async () => {
  const seen = await answers('static_rr', times(9));
  for (const name of ['a', 'b', 'c']) assert.equal(count(seen, name), 3);
});

test('first keeps to the first server with a free place', async () => {
  assert.equal(await answers('first', times(4)), 'aaaa');
});

test('source sends one address to one server', async () => {
  assert.equal(new Set(await answers('source', times(6))).size, 1);
});

test('uri sends one URI to one server and different ones to all, the query left out', async () => {
  const one = await answers('uri', ['/x', '/x', '/x?a=1', '/x?b=2']);
  assert.equal(new Set(one).size, 1);
  assert.equal(
    new Set(
      await answers(
        'uri',
        times(30).map((_, i) => `/${i}`),
      ),
    ).size,
    3,
  );
});

test('uri picks the servers that HAProxy picks', async () => {
  const paths = ['/', '/index.html', '/a/b', '/css/site.css', '/img/1.png', '/img/2.png', '/api/v1/users', '/z'];
  assert.equal(await answers('uri', paths), MAPPED);
  assert.equal(await answers('consistent', paths), CONSISTENT);
});

test('url_param and hdr send one value to one server, and go round without it', async () => {
  assert.equal(new Set(await answers('url_param', ['/?user=7', '/a?user=7', '/b?x=1&user=7'])).size, 1);
  assert.equal(new Set(await answers('hdr', times(3), () => 'X-User: me')).size, 1);
  assert.equal(new Set(await answers('hdr', times(3))).size, 3);
});

test('random uses all servers', async () => {
  assert.equal(new Set(await answers('random', times(60))).size, 3);
});

test('leastconn prefers the server with the fewest connections', async (t) => {
  const slow = await origin(t, async (request) => (request.target === '/wait' ? null : { body: 'slow' }));
  const own = await start(
    t,
    `
global
    nbthread 1
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen l
    bind {addr:l}
    balance leastconn
    server slow {addr:slow}
    server b {addr:b}
`,
    { ports: { slow, b: b! } },
  );
  const waiting = await connect(t, own.port('l'));
  waiting.send('GET /wait HTTP/1.1\r\nHost: x\r\n\r\n');
  await slow.nextRequest();
  for (let i = 0; i < 4; i++) assert.equal((await get(own.port('l'))).text, 'b');
});

test('backup servers are used when no other is left: the first, or all with allbackups', async () => {
  assert.equal(await answers('backup', times(4)), 'bbbb');
  assert.equal(await answers('allbackups', times(4)), 'bcbc');
});

test('with two traffic threads the shares are kept all the same', async (t) => {
  const own = await start(
    t,
    `
global
    nbthread 2
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen l
    bind {addr:l}
    server a {addr:a} weight 10
    server b {addr:b} weight 30
`,
    { ports: { a: a!, b: b! } },
  );
  let seen = '';
  for (let i = 0; i < 80; i++) seen += (await get(own.port('l'))).text;
  // Each thread goes round by itself: at most one turn of each thread is unfinished.
  assert.ok(Math.abs(count(seen, 'a') - 20) <= 2, seen);
});

test('balance hash takes maps: keys with the same value go to the same server', async () => {
  const served = async (key: string) => (await get(run.port('hash'), '/', `X-Key: ${key}`)).text;
  const [one, same, ...others] = await Promise.all(['k1', 'k2', 'k3', 'k4', 'k5', 'k6'].map(served));
  assert.equal(one, same);
  assert.ok(others.some((other) => other !== one));
});

for (const [expression, why] of [
  ['nope', "failed to parse 'balance hash' expression 'nope': unknown fetch method 'nope'."],
  ['path,map(/nonexistent)', 'failed to open pattern file </nonexistent>.'],
  ['res.hdr(a)', "extracts information from 'HTTP response headers', none of which is available here."],
] as const) {
  test(`balance hash ${expression} is refused with its line`, async () => {
    const text = `backend b\n    mode http\n    balance hash ${expression}\n    server s 127.0.0.1:1\n`;
    const exit = await runToEnd(text, { argv: ['-c', '-f', '{config}'] });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, /parsing \[.*:3\] : backend 'b': /);
    assert.ok(exit.stderr.includes(why), exit.stderr);
  });
}
