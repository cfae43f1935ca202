/** Who gets in, and what the policy lets them do. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest, type RequestOptions } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { parseSettings } from '../../src/dataplane/service/settings.ts';
import { startApi } from '../../src/dataplane/start.ts';
import { issue } from '../support/certificates.ts';
import { freePort } from '../support/ports.ts';
import { start } from '../support/program.ts';
import { type Scope, until } from '../support/wait.ts';
import { CONFIG, SLUICE } from './support/processes.ts';
import { fakeBalancer } from './support/service.ts';

/** The service with these settings, on a file of its own. */
async function serve(scope: Scope, settings: (folder: string) => string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-access-'));
  writeFileSync(join(folder, 'haproxy.cfg'), 'backend a\n');
  const yaml = `${settings(folder)}\nhaproxy: { config_file: ${folder}/haproxy.cfg }\n`;
  const running = await startApi(parseSettings(yaml, 'test.yaml').settings, fakeBalancer());
  scope.after(async () => {
    await running.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** Status of an answer, or the error that there was instead of one. */
function statusOf(send: typeof httpRequest | typeof httpsRequest, options: RequestOptions): Promise<number | string> {
  return new Promise((resolve) => {
    const asked = send({ path: '/v3/info', agent: false, ...options }, (answer) => {
      answer.resume();
      resolve(answer.statusCode!);
    });
    asked.on('error', ({ code, message }: NodeJS.ErrnoException) => resolve(code ?? message));
    asked.end();
  });
}

suite('access to the API', () => {
  test('over TLS a certificate of the authority takes the place of the password', async (t) => {
    const ca = issue(['CA'], { ca: true });
    const [own, client, stranger] = [
      issue(['localhost'], { by: ca }),
      issue(['pipeline'], { by: ca }),
      issue(['pipeline']),
    ];
    const port = await freePort();
    await serve(t, (folder) => {
      writeFileSync(join(folder, 'ca.pem'), ca.cert);
      writeFileSync(join(folder, 'own.pem'), own.cert);
      writeFileSync(join(folder, 'own.key'), own.key);
      const files = `tls_certificate: ${folder}/own.pem, tls_key: ${folder}/own.key, tls_ca: ${folder}/ca.pem`;
      return `dataplaneapi: { tls: { tls_port: ${port}, ${files} }, transaction: { transaction_dir: ${folder}/t } }`;
    });
    const to = { host: '127.0.0.1', port, servername: 'localhost', ca: ca.cert };
    assert.equal(await statusOf(httpsRequest, { ...to, cert: client.cert, key: client.key }), 200);
    assert.equal(typeof (await statusOf(httpsRequest, to)), 'string');
    assert.equal(typeof (await statusOf(httpsRequest, { ...to, cert: stranger.cert, key: stranger.key })), 'string');
  });

  test('over a unix socket, which only owner and group may use', async (t) => {
    const folder = await serve(
      t,
      (dir) => `dataplaneapi:
  socket_path: ${dir}/api.sock
  user: [{ name: admin, password: secret, insecure: true }]
  transaction: { transaction_dir: ${dir}/t }`,
    );
    const socketPath = join(folder, 'api.sock');
    assert.equal(await statusOf(httpRequest, { socketPath, auth: 'admin:secret' }), 200);
    assert.equal(await statusOf(httpRequest, { socketPath, auth: 'admin:other' }), 401);
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
  });

  test('the policy decides before anything is written, and the journal names the user', async (t) => {
    const port = await freePort();
    const users = ['ops', 'guest'].map((name) => `    user ${name} insecure-password secret\n`).join('');
    const policy = `version: 1
rules:
  - allow: ["*"]
    who: ["user:admin"]
  - allow: [weight]
    who: ["user:ops"]
    on: [app/*]
`;
    const run = await start(t, CONFIG.replace('password secret\n', `password secret\n${users}`), {
      program: SLUICE,
      args: ['--api', `127.0.0.1:${port}`, '--policy', '{dir}/policy.yaml'],
      files: { 'policy.yaml': policy },
    });
    const ask = async (user: string, method: string, path: string, body?: object) => {
      const url = path.startsWith('/') ? path : `/v3/services/haproxy/${path}`;
      const answer = await fetch(`http://127.0.0.1:${port}${url}`, {
        method,
        headers: { authorization: `Basic ${btoa(`${user}:secret`)}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: answer.status, text: await answer.text() };
    };
    await until(
      'the API',
      async () => (await ask('guest', 'GET', 'configuration/version').catch(() => null))?.status === 200,
    );
    const original = readFileSync(run.file, 'utf8');
    const server = (weight: number) => ({ name: 'a1', address: '127.0.0.1', port: run.port('a1'), weight });
    const path = 'configuration/backends/app/servers/a1?version=';
    for (const [user, method, to, body] of [
      ['guest', 'PUT', `${path}1`, server(5)],
      ['guest', 'PUT', 'runtime/backends/app/servers/a1', { weight: 5 }],
      ['ops', 'PUT', `${path}1`, { ...server(5), maxconn: 3 }],
      ['ops', 'POST', 'configuration/backends?version=1', { name: 'x' }],
      ['ops', 'PUT', 'runtime/backends/app/servers/a1', { admin_state: 'maint' }],
    ] as const) {
      const { status, text } = await ask(user, method, to, body);
      assert.equal(status, 403, `${user} ${to}: ${text}`);
      assert.match(text, /Not allowed/);
    }
    assert.equal(readFileSync(run.file, 'utf8'), original);
    assert.equal((await ask('ops', 'PUT', `${path}1`, server(7))).status, 200);
    assert.equal((await ask('ops', 'PUT', 'runtime/backends/app/servers/a1', { weight: 8 })).status, 200);
    assert.equal((await ask('admin', 'POST', 'configuration/backends?version=2', { name: 'x' })).status, 201);
    const history = await ask('admin', 'GET', '/v3/sluice/history');
    assert.match(history.text, /"surface":"commit"[^}]*"name":"ops"/);
    assert.match(readFileSync(run.file, 'utf8'), /weight 7 # first[\s\S]*backend x\n$/);
  });
});
