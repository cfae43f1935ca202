import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, runToEnd, start } from '../support/program.ts';

// HAProxy has the option since 2.8; the expected values follow from its manual and RFC 7239.
const skip = isHaproxy ? 'the option came with HAProxy 2.8' : false;
const app = await origin({ after }, 'app');
const backends = {
  plain: 'option forwarded',
  all: 'option forwarded proto host by by_port for for_port',
  exprs:
    'option forwarded host-expr req.hdr(x-host) by-expr req.hdr(x-by) for-expr req.hdr(x-for) for_port-expr req.hdr(x-port)',
  six: 'option forwarded for-expr ipv6(2001:db8::1) by-expr ipv6(2001:db8::2) by_port-expr int(443)',
  off: 'no option forwarded',
};
const run = skip
  ? null
  : await start(
      { after },
      `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web} accept-proxy
    use_backend %[path,field(2,/)]
${Object.entries(backends)
  .map(([name, line]) => `backend ${name}\n    ${line}\n    server s {addr:app}\n`)
  .join('')}`,
      { ports: { app } },
    );

/** Values of the Forwarded header that the server gets. */
async function forwarded(
  t: Parameters<typeof connect>[0],
  name: keyof typeof backends,
  { fields = [] as string[], from = 'TCP4 192.0.2.9 198.51.100.1 4321 80' } = {},
): Promise<string[]> {
  const client = await connect(t, run!.port('web'));
  const lines = [`GET /${name} HTTP/1.1`, 'Host: my-shop.example:8080', 'Connection: close', ...fields, '', ''];
  client.send(`PROXY ${from}\r\n${lines.join('\r\n')}`);
  await client.response('GET');
  return app.requests.at(-1)!.all('forwarded');
}

test('option forwarded tells protocol and client', { skip }, async (t) => {
  assert.deepEqual(await forwarded(t, 'plain'), ['proto=http;for=192.0.2.9']);
  const from = 'TCP6 2001:db8::7 2001:db8::1 4321 80';
  assert.deepEqual(await forwarded(t, 'plain', { from }), ['proto=http;for="[2001:db8::7]"']);
  assert.deepEqual(await forwarded(t, 'off'), []);
});

test('option forwarded tells host, both ends and their ports', { skip }, async (t) => {
  assert.deepEqual(await forwarded(t, 'all'), [
    'proto=http;host="my-shop.example:8080";by="198.51.100.1:80";for="192.0.2.9:4321"',
  ]);
  const from = 'TCP6 2001:db8::7 2001:db8::1 4321 80';
  assert.match((await forwarded(t, 'all', { from }))[0]!, /;by="\[2001:db8::1\]:80";for="\[2001:db8::7\]:4321"$/);
});

test('option forwarded with expressions: what is no address or name is made one, or told as unknown', {
  skip,
}, async (t) => {
  const fields = (host: string, by: string, of: string, port: string) => ({
    fields: [`X-Host: ${host}`, `X-By: ${by}`, `X-For: ${of}`, `X-Port: ${port}`],
  });
  const rows: [ReturnType<typeof fields>, string][] = [
    [fields('a.example', '192.0.2.1', '192.0.2.2', '99'), 'host="a.example";by=192.0.2.1;for="192.0.2.2:99"'],
    [fields('a"b', '_hidden', 'secret', '_p'), 'host="";by=_hidden;for="_secret:_p"'],
    [fields('[::1]:80', '[::1]', '::1', 'p'), 'host="[::1]:80";by="[::1]";for="[::1]:_p"'],
    [fields('', 'a b', 'unknown', '70000'), 'host="";by=unknown;for="unknown:_70000"'],
    [fields('', '', '', 'a b'), 'host="";by=unknown;for="unknown"'],
  ];
  for (const [given, expected] of rows) assert.deepEqual(await forwarded(t, 'exprs', given), [expected]);
  assert.deepEqual(await forwarded(t, 'six'), ['by="[2001:db8::2]:443";for="[2001:db8::1]"']);
});

test('option forwarded goes to the end of what can be read, else into a field of its own', { skip }, async (t) => {
  const own = 'proto=http;for=192.0.2.9';
  const one = ['Forwarded: for=198.51.100.7;proto=https'];
  assert.deepEqual(await forwarded(t, 'plain', { fields: one }), [`for=198.51.100.7;proto=https, ${own}`]);
  const two = [...one, 'Forwarded: for=unknown, for=_x'];
  assert.deepEqual(await forwarded(t, 'plain', { fields: two }), [
    'for=198.51.100.7;proto=https',
    `for=unknown, for=_x, ${own}`,
  ]);
  const forged = [...one, 'Forwarded: for=<script>'];
  assert.deepEqual(await forwarded(t, 'plain', { fields: forged }), [
    'for=198.51.100.7;proto=https',
    'for=<script>',
    own,
  ]);
});

test('option forwarded: mistakes are told', { skip }, async () => {
  const told = async (line: string) =>
    (await runToEnd(`defaults\n mode http\nbackend b\n ${line}\n`, { args: ['-c'] })).stderr;
  assert.match(await told('option forwarded nothing'), /'option forwarded' only supports optional values: 'proto', /);
  assert.match(await told('option forwarded for-expr'), /'for-expr' expects <expr> as argument\./);
  assert.match(await told('option forwarded by_port'), /'by_port' will be ignored because both 'by' and 'by-expr' are/);
  assert.match(
    await told('option forwarded for-expr nofetch'),
    /backend 'b' : failed to parse 'option forwarded' expression 'nofetch' in : unknown fetch method 'nofetch'\./,
  );
});
