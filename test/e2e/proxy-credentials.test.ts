import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/connection.ts';
import { start } from '../support/program.ts';

/* `option http-use-proxy-header`: requests whose target begins with neither `/` nor `*` are for a proxy, and so are their credentials. */

const run = await start(
  { after },
  `
defaults
    mode http
    timeout client 5s
userlist people
    user ann insecure-password secret
frontend main
    bind {addr:main}
    option http-use-proxy-header
    acl known http_auth(people)
    http-request auth realm here if !known
    http-request return status 200 content-type text/plain lf-string "%[http_auth_user] %[http_auth_pass] %[http_auth_type]"
frontend plain
    bind {addr:plain}
    acl known http_auth(people)
    http-request auth realm here if !known
    http-request return status 200
`,
);
const ask = (target: string, port: string, ...fields: string[]) =>
  request(run.port(port), [`GET ${target} HTTP/1.1`, 'Host: a', ...fields, '', ''].join('\n'));
const GIVEN = `Basic ${btoa('ann:secret')}`;

test('requests for a proxy are asked for credentials as by a proxy, others as by a server', async () => {
  const forProxy = await ask('http://a/', 'main');
  assert.equal(forProxy.status, 407);
  assert.equal(forProxy.get('proxy-authenticate'), 'Basic realm="here"');
  assert.equal(forProxy.get('www-authenticate'), undefined);
  const forServer = await ask('/', 'main');
  assert.equal(forServer.status, 401);
  assert.equal(forServer.get('www-authenticate'), 'Basic realm="here"');
  assert.equal((await ask('http://a/', 'plain')).status, 401);
});

test('credentials for a proxy count for requests for one, and for no others', async () => {
  const { status, text } = await ask('http://a/', 'main', `Proxy-Authorization: ${GIVEN}`);
  assert.equal(status, 200);
  assert.equal(text, 'ann secret Basic');
  assert.equal((await ask('http://a/', 'main', `Authorization: ${GIVEN}`)).status, 407);
  assert.equal((await ask('/', 'main', `Proxy-Authorization: ${GIVEN}`)).status, 401);
  assert.equal((await ask('/', 'main', `Authorization: ${GIVEN}`)).status, 200);
  assert.equal((await ask('http://a/', 'plain', `Authorization: ${GIVEN}`)).status, 200);
});
