import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

// healthcheck sections: servers of one backend are checked in different ways, those of several in the same.

const asked: string[] = [];
const web = await origin({ after }, (request) => {
  asked.push(`${request.method} ${request.target} ${request.get('host')}`);
  return request.target === '/broken' ? { status: 503, body: 'broken' } : { body: 'fine' };
});

const config = (uri: string) => `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    default-server inter 50ms fastinter 20ms downinter 20ms rise 1 fall 1
healthcheck ready
    type httpchk HEAD ${uri} HTTP/1.1 ready.example.com
    http-check expect status 200
healthcheck plain
    type tcp-check
    tcp-check connect
backend one
    option httpchk GET /broken
    server own {addr:web} check
    server named {addr:web} check healthcheck ready
    server plain {addr:web} check healthcheck plain
backend two
    default-server healthcheck ready
    server s1 {addr:web} check
`;

const run = await start({ after }, config('/ready'), { ports: { web } });
const skip = isHaproxy ? 'HAProxy 2.6 has no healthcheck sections' : false;

test('servers are checked by the section that they name', { skip }, async () => {
  await run.status('one/own', 'DOWN');
  await until(
    'checks of two servers',
    () => asked.filter((line) => line === 'HEAD /ready ready.example.com').length > 4,
  );
  // A star says that the next one is under way.
  const result = async (server: string) => (await run.row(server))['check_status']?.replace('* ', '');
  assert.equal(await result('one/named'), 'L7OK');
  assert.equal(await result('one/plain'), 'L4OK');
  assert.equal(await result('two/s1'), 'L7OK');
});

test('servers that are added live can name one', { skip }, async () => {
  assert.match(
    await run.cli(`add server one/late 127.0.0.1:${web.port} check healthcheck nosuch`),
    /unable to find required healthcheck 'nosuch'/,
  );
  assert.match(await run.cli(`add server one/late 127.0.0.1:${web.port} check healthcheck plain`), /New server/);
  await run.cli('enable health one/late');
  await run.cli('enable server one/late');
  await until('the check of the new server', async () => /L4OK$/.test((await run.row('one/late'))['check_status']!));
});

test('a reload checks by what the section says now', { skip }, async () => {
  run.rewrite(config('/broken'));
  run.signal('SIGUSR2');
  await run.status('one/named', 'DOWN');
  await run.status('two/s1', 'DOWN');
  assert.match((await run.row('one/plain'))['status']!, /^UP/);
});
