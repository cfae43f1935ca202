import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const app = await origin({ after }, 'app');
const run = await start(
  { after },
  `
global
    log {addr:log} local0
defaults
    mode http
    log global
    option httplog
    option forwardfor
    timeout connect 5s
    timeout client 2s
    timeout server 5s
    default_backend app
frontend cip
    bind {addr:cip} accept-netscaler-cip 305419896
frontend both
    bind {addr:both} accept-netscaler-cip 305419896 accept-proxy
frontend rules
    bind {addr:rules}
    tcp-request connection expect-netscaler-cip layer4 if { src 127.0.0.0/8 }
frontend proxy
    bind {addr:proxy}
    tcp-request connection expect-proxy layer4 if { src 127.0.0.0/8 }
frontend others
    bind {addr:others}
    tcp-request connection expect-proxy layer4 if !{ src 127.0.0.0/8 }
backend app
    server s {addr:app}
`,
  { ports: { log, app } },
);

const ask = Buffer.from('GET / HTTP/1.1\r\nConnection: close\r\nHost: x\r\n\r\n');
const PACKET = '4500002800000000400600000102030405060708' + '04d20050' + '00'.repeat(16);
const standard = (magic: string) => Buffer.from(`${magic}000000340001${'0028'}${PACKET}`, 'hex');
const legacy = (magic: string) => Buffer.from(`${magic}00000028${PACKET}`, 'hex');

async function sourceThrough(t: Parameters<typeof connect>[0], name: string, first: Buffer | string): Promise<string> {
  const client = await connect(t, run.port(name));
  client.send(Buffer.concat([Buffer.from(first), ask]));
  assert.equal((await client.response('GET')).text, 'app');
  return app.requests.at(-1)!.get('x-forwarded-for')!;
}

test('accept-netscaler-cip: both forms of the header tell the source', async (t) => {
  assert.equal(await sourceThrough(t, 'cip', standard('12345678')), '1.2.3.4');
  assert.match(await log.waitFor(/ cip /), /\]: 1\.2\.3\.4:1234 \[/);
  assert.equal(await sourceThrough(t, 'cip', legacy('12345678')), '1.2.3.4');
});

test('accept-netscaler-cip before accept-proxy: the last one counts', async (t) => {
  const first = Buffer.concat([standard('12345678'), Buffer.from('PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\n')]);
  assert.equal(await sourceThrough(t, 'both', first), '198.51.100.7');
});

test('another magic number is refused and logged', async (t) => {
  const client = await connect(t, run.port('cip'));
  client.send(standard('12345679'));
  assert.equal(await client.rest().catch(() => ''), '');
  assert.match(await log.waitFor(/magic/), / cip\/1: Received an invalid NetScaler Client IP magic number/);
});

test('tcp-request connection expect-proxy layer4: for those that the condition is for', async (t) => {
  const line = 'PROXY TCP4 198.51.100.7 192.0.2.1 4321 80\r\n';
  assert.equal(await sourceThrough(t, 'proxy', line), '198.51.100.7');
  assert.equal(await sourceThrough(t, 'others', ''), '127.0.0.1');
  const client = await connect(t, run.port('proxy'));
  client.send(ask);
  assert.equal(await client.rest().catch(() => ''), '');
  await log.waitFor(/does not look like a PROXY protocol header/);
});

test('tcp-request connection expect-netscaler-cip layer4: the magic number is that of the bind line, 0 without one', async (t) => {
  assert.equal(await sourceThrough(t, 'rules', standard('00000000')), '1.2.3.4');
});
