import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const web = await origin(
  { after },
  { body: 'web', headers: { 'X-Served': 'by web', 'X-Secret': 'yes', Server: 'origin/1' } },
);
const api = await origin({ after }, 'api');
const big = await origin({ after }, 'static');
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend fe
    bind {addr:fe}
    acl is_api path_beg /api/
    acl is_static path_end .css .png .js
    acl is_admin hdr(host) -i admin.example.com
    acl from_here src 127.0.0.0/8
    acl is_write method POST PUT DELETE
    use_backend api if is_api !is_write
    use_backend static if is_static or { hdr(host) -m end .static.example.com }
    use_backend none if is_admin
    http-request deny if is_write is_admin
    http-request set-header X-Client %[src] if from_here
    http-request add-header X-Many one
    http-request add-header X-Many two
    http-request del-header X-Remove
    http-request replace-header Cookie (.*)secret=[^;]*(.*) \\1secret=gone\\2
    http-request set-path /moved%[path] if { path_beg /old }
    http-request set-query added=1 if { path /query }
    http-request set-method PUT if { path /method }
    http-request set-uri /all/new?x=1 if { path /uri }
    http-request redirect code 301 location https://example.com%[path] if { path /to }
    http-request redirect prefix https://other.example.com if { path_beg /prefix }
    http-request redirect scheme https code 308 if { path_beg /scheme }
    http-request return status 418 content-type text/plain string "short and stout" hdr X-Tea yes if { path /tea }
    http-response set-header X-Frame-Options DENY
    http-response del-header X-Secret
    http-response add-header X-Served also
    http-response replace-header Server origin/(.*) hidden/\\1
    monitor-uri /alive
    default_backend web
backend web
    option forwardfor
    server web {addr:web}
backend api
    option forwardfor header X-Client-Address except 10.0.0.0/8
    http-request set-header Host internal
    server api {addr:api}
backend static
    server static {addr:static}
backend none
    server off {addr:web} disabled
frontend absolute
    bind {addr:absolute}
    monitor-uri http://x/alive
    default_backend web
frontend monitored
    bind {addr:monitored}
    acl too_few nbsrv(none) lt 1
    monitor-uri /alive
    monitor fail if too_few
    default_backend web
frontend keepfor
    bind {addr:keepfor}
    option forwardfor if-none
    option originalto
    default_backend static
frontend hostmap
    bind {addr:hostmap}
    use_backend %[req.hdr(host),lower]
    default_backend web
`,
  { ports: { web, api, static: big } },
);
const fe = run.port('fe');
const seen = () => web.requests.at(-1)!;

test('use_backend by path, suffix, host and method, the first that matches', async () => {
  assert.equal((await get(fe, '/')).text, 'web');
  assert.equal((await get(fe, '/api/users')).text, 'api');
  assert.equal((await get(fe, '/site.css?v=1')).text, 'static');
  assert.equal((await request(fe, 'GET / HTTP/1.1\nHost: img.static.example.com\n\n')).text, 'static');
  assert.equal((await request(fe, 'POST /api/users HTTP/1.1\nHost: x\nContent-Length: 0\n\n')).text, 'web');
  assert.equal((await request(fe, 'GET / HTTP/1.1\nHost: ADMIN.example.com\n\n')).status, 503);
});

test('deny answers 403 when all its conditions hold', async () => {
  const post = 'POST / HTTP/1.1\nHost: admin.example.com\nContent-Length: 0\n\n';
  assert.equal((await request(fe, post)).status, 403);
});

test('request headers are set, added, deleted and rewritten', async () => {
  await get(fe, '/', 'X-Remove: me', 'X-Client: forged', 'Cookie: a=1; secret=42; b=2');
  assert.deepEqual(seen().all('x-client'), ['127.0.0.1']);
  assert.deepEqual(seen().all('x-many'), ['one', 'two']);
  assert.equal(seen().get('x-remove'), undefined);
  assert.equal(seen().get('cookie'), 'a=1; secret=gone; b=2');
});

test('response headers are set, added, deleted and rewritten', async () => {
  const response = await get(fe, '/');
  assert.equal(response.get('x-frame-options'), 'DENY');
  assert.deepEqual(response.all('x-served'), ['by web', 'also']);
  assert.equal(response.get('x-secret'), undefined);
  assert.equal(response.get('server'), 'hidden/1');
});

test('path, query, method and URI are rewritten', async () => {
  await get(fe, '/old/page?a=1');
  assert.equal(seen().target, '/moved/old/page?a=1');
  await get(fe, '/query?a=1');
  assert.equal(seen().target, '/query?added=1');
  await get(fe, '/method');
  assert.equal(seen().method, 'PUT');
  await get(fe, '/uri');
  assert.equal(seen().target, '/all/new?x=1');
});

test('redirects by location, prefix and scheme', async () => {
  const to = await get(fe, '/to');
  assert.equal(to.status, 301);
  assert.equal(to.get('location'), 'https://example.com/to');
  const prefix = await get(fe, '/prefix/a?b=c');
  assert.equal(prefix.status, 302);
  assert.equal(prefix.get('location'), 'https://other.example.com/prefix/a?b=c');
  const scheme = await get(fe, '/scheme?x');
  assert.equal(scheme.status, 308);
  assert.equal(scheme.get('location'), 'https://sluice.test/scheme?x');
});

test('return answers by itself and keeps the connection', async (t) => {
  const client = await connect(t, fe);
  const tea = await client.exchange('GET /tea HTTP/1.1\nHost: x\n\n');
  assert.equal(tea.status, 418);
  assert.equal(tea.text, 'short and stout');
  assert.equal(tea.get('content-type'), 'text/plain');
  assert.equal(tea.get('x-tea'), 'yes');
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: x\n\n')).text, 'web');
});

test('monitor-uri answers 200, or 503 when monitor fail says so, and reaches no server', async () => {
  const before = web.requests.length;
  const alive = await get(fe, '/alive');
  assert.equal(alive.status, 200);
  assert.equal(alive.text, '<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n');
  const absolute = 'GET http://x/alive HTTP/1.1\r\nhost: x\r\n\r\n';
  assert.equal((await request(fe, absolute)).text, alive.text);
  assert.equal((await request(run.port('absolute'), absolute)).text, alive.text);
  assert.equal((await get(run.port('absolute'), '/alive')).text, 'web');
  assert.equal((await get(run.port('monitored'), '/alive')).status, 503);
  assert.equal((await get(run.port('monitored'), '/')).status, 200);
  assert.equal(web.requests.length, before + 2);
});

test('forwardfor tells the client address after what is already there', async () => {
  await get(fe, '/', 'X-Forwarded-For: 1.2.3.4');
  assert.deepEqual(seen().all('x-forwarded-for'), ['1.2.3.4', '127.0.0.1']);
  await get(fe, '/api/');
  assert.equal(api.requests.at(-1)!.get('x-client-address'), '127.0.0.1');
  assert.equal(api.requests.at(-1)!.get('host'), 'internal');
});

test('forwardfor if-none leaves what is there, originalto tells the address that was asked', async () => {
  await get(run.port('keepfor'), '/', 'X-Forwarded-For: 1.2.3.4');
  const last = big.requests.at(-1)!;
  assert.deepEqual(last.all('x-forwarded-for'), ['1.2.3.4']);
  assert.equal(last.get('x-original-to'), '127.0.0.1');
});

test('use_backend by a name made from the request, and the default when there is none such', async () => {
  const ask = (host: string) => request(run.port('hostmap'), `GET / HTTP/1.1\nHost: ${host}\n\n`);
  assert.equal((await ask('API')).text, 'api');
  assert.equal((await ask('nowhere')).text, 'web');
});
