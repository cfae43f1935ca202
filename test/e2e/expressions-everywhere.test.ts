import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { runToEnd, start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const keys = generateKeyPairSync('rsa', { modulusLength: 2048 });
const head = ['{"alg":"RS256"}', '{"sub":"x"}'].map((text) => Buffer.from(text).toString('base64url')).join('.');
const token = `${head}.${sign('sha256', Buffer.from(head), keys.privateKey).toString('base64url')}`;

const run = await start(
  { after },
  `
global
    log 127.0.0.1:{port:log} format raw local0
defaults
    mode http
    log global
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    option dontlognull
    http-error status 503 content-type text/plain lf-string "%[path] %[req.hdr(host)] %[src,table_gpc0(clients)]"
    http-request set-var(txn.token) req.hdr(x-token)
    http-request track-sc0 src table clients
    http-request sc-inc-gpc0(0)
    log-format "valid=%[var(txn.token),jwt_verify(RS256,{dir}/key.pem)]"
    default_backend none
backend none
backend clients
    stick-table type ip size 100 store gpc0
`,
  {
    ports: { log: log.port },
    files: { 'key.pem': keys.publicKey.export({ type: 'spki', format: 'pem' }) as string },
  },
);

test('texts of http-error lines look into requests, log-formats into files', async () => {
  const answer = await get(run.port('web'), '/path', `X-Token: ${token}`);
  assert.deepEqual([answer.status, answer.text], [503, '/path sluice.test 1']);
  await log.waitFor(/^valid=1$/);
  await get(run.port('web'), '/path', `X-Token: ${token}x`);
  await log.waitFor(/^valid=0$/);
});

for (const expression of ['src,table_gpc0(clients)', 'http_auth_group(users)', 'src,map_ip(names.map)']) {
  test(`the name that a server is asked for may be ${expression}`, async () => {
    const exit = await runToEnd(
      `global\n default-path config\nuserlist users\n user a insecure-password b\nbackend clients\n stick-table type ip size 100 store gpc0
frontend f\n mode http\n timeout client 1s\n bind {addr:a}\nbackend b\n mode http\n timeout connect 1s\n timeout server 1s\n server s 127.0.0.1:1 ssl verify none sni ${expression}\n`,
      { argv: ['-c', '-f', '{config}'], files: { 'names.map': '192.0.2.1 a' } },
    );
    assert.equal(exit.code, 0, exit.stderr);
  });
}
