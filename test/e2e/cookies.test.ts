import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';

const [a, b] = await Promise.all(
  ['a', 'b'].map((name) =>
    origin({ after }, (request) =>
      request.target === '/login'
        ? { body: name, headers: { 'Set-Cookie': `APP=${name}-session; path=/` } }
        : { body: name, headers: { 'Cache-Control': 'max-age=60' } },
    ),
  ),
);
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
    balance roundrobin
listen insert
    bind {addr:insert}
    cookie SRV insert indirect nocache
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen options
    bind {addr:options}
    cookie SRV insert indirect httponly secure domain example.com attr "SameSite=None"
    server a {addr:a} cookie one
listen visible
    bind {addr:visible}
    cookie SRV insert
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen rewrite
    bind {addr:rewrite}
    cookie APP rewrite
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen prefix
    bind {addr:prefix}
    cookie APP prefix
    server a {addr:a} cookie one
    server b {addr:b} cookie two
listen dynamic
    bind {addr:dynamic}
    cookie SRV insert indirect dynamic
    dynamic-cookie-key secret
    server a {addr:a}
    server b {addr:b}
listen gone
    bind {addr:gone}
    cookie SRV insert indirect
    server a {addr:a} cookie one disabled
    server b {addr:b} cookie two
`,
  { ports: { a: a!, b: b! } },
);

const set = (r: Awaited<ReturnType<typeof get>>) => r.all('set-cookie').filter((v) => v.startsWith('SRV='));

test('insert: the first answer names the server, and whoever comes back with it stays there', async () => {
  const first = await get(run.port('insert'));
  const value = first.text === 'a' ? 'one' : 'two';
  assert.deepEqual(set(first), [`SRV=${value}; path=/`]);
  assert.deepEqual(first.all('cache-control'), ['max-age=60', 'private']);
  for (let i = 0; i < 3; i++) {
    const again = await get(run.port('insert'), '/', `Cookie: x=1; SRV=${value}; y=2`);
    assert.equal(again.text, first.text);
    assert.deepEqual(set(again), []);
  }
  const server = first.text === 'a' ? a! : b!;
  assert.equal(server.requests.at(-1)!.get('cookie'), 'x=1; y=2', 'indirect: the server does not see the cookie');
});

test('insert without indirect leaves the cookie to the server', async () => {
  await get(run.port('visible'), '/', 'Cookie: SRV=one');
  assert.equal(a!.requests.at(-1)!.get('cookie'), 'SRV=one');
});

test('a value that names no server is as good as none', async () => {
  const response = await get(run.port('insert'), '/', 'Cookie: SRV=nobody');
  assert.equal(set(response).length, 1);
});

test('the attributes asked for are told', async () => {
  const [cookie] = set(await get(run.port('options')));
  assert.equal(cookie, 'SRV=one; path=/; domain=example.com; HttpOnly; Secure; SameSite=None');
});

test('rewrite: the value of the application is replaced by that of the server', async () => {
  const response = await get(run.port('rewrite'), '/login');
  assert.deepEqual(response.all('set-cookie'), [`APP=${response.text === 'a' ? 'one' : 'two'}; path=/`]);
});

test('prefix: the server is put before the value, and taken off again', async () => {
  const first = await get(run.port('prefix'), '/login');
  const value = `${first.text === 'a' ? 'one' : 'two'}~${first.text}-session`;
  assert.deepEqual(first.all('set-cookie'), [`APP=${value}; path=/`]);
  const again = await get(run.port('prefix'), '/', `Cookie: APP=${value}`);
  assert.equal(again.text, first.text);
  const server = first.text === 'a' ? a! : b!;
  assert.equal(server.requests.at(-1)!.get('cookie'), `APP=${first.text}-session`);
});

test('dynamic: a value made from address and key keeps the client on its server', async () => {
  const first = await get(run.port('dynamic'));
  const [cookie] = set(first);
  assert.match(cookie!, /^SRV=[0-9a-f]{16}; path=\/$/);
  for (let i = 0; i < 3; i++) {
    assert.equal((await get(run.port('dynamic'), '/', `Cookie: ${cookie!.split(';')[0]}`)).text, first.text);
  }
});

test('a cookie of a server in maintenance is replaced', async () => {
  const response = await get(run.port('gone'), '/', 'Cookie: SRV=one');
  assert.equal(response.text, 'b');
  assert.deepEqual(set(response), ['SRV=two; path=/']);
});
