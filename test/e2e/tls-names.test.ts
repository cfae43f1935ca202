import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createServer } from 'node:tls';
import { issue } from '../support/pki.ts';
import { isHaproxy, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { syslog } from '../support/syslog.ts';
import { connectTls } from '../support/tls.ts';

// Which name the certificate of a server has to have, and what is told of names, as on HAProxy.

const authority = issue({ name: 'Authority', ca: true });
const own = issue({ name: 'app.example', dns: ['app.example'], issuer: authority });
const asked: unknown[] = [];
const app = createServer({ cert: own.certificate, key: own.key }, (socket) => {
  asked.push((socket as { servername?: unknown }).servername);
  socket.on('error', () => {});
  socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok'));
});
await new Promise<void>((resolve) => app.listen(0, '127.0.0.1', resolve));
after(() => app.close());
const log = await syslog({ after });
const secured = '{addr:app} ssl verify required ca-file {dir}/authority.pem';
const run = await start(
  { after },
  `
global
    log {addr:log} local0
${httpDefaults('log global', 'retries 0')}
frontend web
    bind {addr:web} ssl crt {dir}/site.pem strict-sni alpn http/1.1
    log-format "line %HU %ST %[bc_err] %[ssl_fc_sni]"
    error-log-format "error %ST %[fc_err]"
    http-request deny if { path /denied }
    use_backend %[path,field(2,/)]
backend asked
    server app ${secured} sni str(app.example) verifyhost other.example
backend other
    server app ${secured} sni str(other.example) verifyhost app.example
backend plain
    server app ${secured} sni str(app.example) ssl-max-ver TLSv1.2 ciphers ECDHE-RSA-AES128-GCM-SHA256
backend passed
    server app {addr:app} ssl verify none sni ssl_fc_sni
`,
  {
    ports: { app: (app.address() as { port: number }).port, log: log.port },
    files: { 'authority.pem': authority.certificate, 'site.pem': issue({ name: 'www.site', dns: ['www.site'] }).pem },
  },
);

async function ask(path: string): Promise<string> {
  const { connection } = await connectTls({ after }, run.port('web'), { servername: 'WWW.Site' });
  connection.send(`GET /${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`);
  return (await connection.rest()).toString().slice(9, 12);
}

const CASES = [
  {
    path: 'asked',
    status: '200',
    error: '0',
    why: 'the name that was asked for is in the certificate, that of verifyhost does not matter',
  },
  { path: 'other', status: '503', error: '33', why: 'the name that was asked for is not in the certificate' },
  { path: 'plain', status: '503', error: '34', why: 'nothing is agreed on' },
  { path: 'denied', status: '403', error: '-', why: 'no server is tried' },
];
for (const { path, status, error, why } of CASES)
  test(`${why}: bc_err is ${error}`, async () => {
    assert.equal(await ask(path), status);
    await log.waitFor(new RegExp(`line /${path} ${status} ${error} WWW.Site$`));
  });

test('a name goes on in the letters in which it came', async () => {
  assert.equal(await ask('passed'), '200');
  assert.equal(asked.at(-1), 'WWW.Site');
});

test('a connection that fails has the status 0', async () => {
  await assert.rejects(connectTls({ after }, run.port('web'), { servername: 'unknown.site' }));
  await log.waitFor(isHaproxy ? /error 0 \d+$/ : /error 0 34$/);
});
