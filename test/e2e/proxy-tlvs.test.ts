import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { ConnectionOptions } from 'node:tls';
import { buildProxyV2, parseProxyHeader } from '../../src/net/proxy-protocol.ts';
import { connect, get } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { issue } from '../support/pki.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { connectTls } from '../support/tls.ts';

/** Bytes of the last header that a server got, in hex, up to the request. */
let seen = '';
const raw = await tcpOrigin({ after }, async (c) => {
  const bytes = await c.through('GET ');
  seen = Buffer.from(bytes, 'latin1').subarray(0, -4).toString('hex');
  await c.through('\r\n\r\n');
  c.send('HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  c.end();
});
const cases = {
  'send-proxy-v2-ssl': '2000050000000000',
  'send-proxy-v2-ssl-cn': '2000050000000000',
  'send-proxy-v2-ssl send-proxy': '2000050000000000',
  'send-proxy-v2 proxy-v2-options cert-key': '2000050000000000',
  'send-proxy-v2 proxy-v2-options ssl,unique-id': '05000269642000050000000000',
  'send-proxy-v2 proxy-v2-options authority': '',
  'proxy-v2-options ssl': null,
} as const;
const run = await start(
  { after },
  `
${httpDefaults('timeout client 2s')}
frontend sends
    bind {addr:sends}
    unique-id-format id
    use_backend %[path,word(1,/)]
${Object.keys(cases)
  .map((options, i) => `backend b${i}\n    server s {addr:raw} ${options}`)
  .join('\n')}
`,
  { ports: { raw } },
);

const authority = issue({ name: 'authority', ca: true });
const known = issue({ name: 'known', issuer: authority });
const own = issue({ name: 'own.test', dns: ['own.test'], type: 'rsa' });
const all = 'proxy-v2-options ssl,cert-cn,cert-key,cert-sig,ssl-cipher,authority,crc32c,unique-id';
const secure = await start(
  { after },
  `
${httpDefaults('timeout client 2s')}
frontend tls
    bind {addr:tls} ssl crt {dir}/own.pem ca-file {dir}/ca.pem verify optional alpn http/1.1
    unique-id-format id
    use_backend %[path,word(1,/)]
backend all
    server s {addr:raw} send-proxy-v2 ${all}
backend none
    server s {addr:raw} send-proxy-v2
backend ssl
    server s {addr:raw} send-proxy-v2-ssl-cn
`,
  { ports: { raw }, files: { 'own.pem': own.pem, 'ca.pem': authority.certificate } },
);

/** The fixed part of version 2 and the addresses of an IPv4 client. */
const BEFORE_TLVS = 2 * (16 + 12);

for (const [i, [options, tlvs]] of Object.entries(cases).entries()) {
  test(`${options} on a clear connection ${tlvs === null ? 'sends version 1' : `sends the TLVs '${tlvs}'`}`, async () => {
    assert.equal((await get(run.port('sends'), `/b${i}`)).status, 200);
    if (tlvs === null)
      assert.match(Buffer.from(seen, 'hex').toString('latin1'), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
    else assert.equal(seen.slice(BEFORE_TLVS), tlvs);
  });
}

/** The TLVs that a server got for a request of a client with TLS: type, and value in hexadecimal. */
async function overTls(path: string, client: ConnectionOptions, port = secure.port('tls')): Promise<string[]> {
  const cleanUps: (() => unknown)[] = [];
  const scope = { after: (cleanUp: () => unknown) => cleanUps.push(cleanUp) };
  const { connection } = await connectTls(scope, port, {
    servername: 'own.test',
    ALPNProtocols: ['http/1.1'],
    ...client,
  });
  const answer = await connection.exchange(`GET /${path} HTTP/1.1\nHost: own.test\nConnection: close\n\n`);
  assert.equal(answer.status, 200);
  for (const cleanUp of cleanUps) cleanUp();
  const header = parseProxyHeader(Buffer.from(seen, 'hex'));
  assert.ok(typeof header === 'object', `a header: ${seen}`);
  return header.tlvs.map(({ type, value }) => `${type.toString(16)} ${Buffer.from(value).toString('latin1')}`);
}

const inner = (type: number, text: string) => String.fromCharCode(type, 0, text.length) + text;
const tls13 = { minVersion: 'TLSv1.3' } as const;
const version = inner(0x21, 'TLSv1.3');

test('a server is told of the TLS of the client, without a certificate', async () => {
  const details = version + inner(0x25, 'RSA2048') + inner(0x24, 'RSA-SHA256') + inner(0x23, 'TLS_AES_256_GCM_SHA384');
  const [checksum, ...rest] = await overTls('all', tls13);
  assert.match(checksum!, /^3 .{4}$/s);
  assert.deepEqual(rest, ['1 http/1.1', '2 own.test', '5 id', `20 \x01\0\0\0\0${details}`]);
});

test('a server is told of the certificate of the client', async () => {
  const client = { ...tls13, cert: known.certificate, key: known.key };
  assert.deepEqual(await overTls('ssl', client), ['1 http/1.1', `20 \x07\0\0\0\0${version}${inner(0x22, 'known')}`]);
});

test('a server is told of ALPN whatever it is to be told of', async () => {
  assert.deepEqual(await overTls('none', tls13), ['1 http/1.1']);
});

test('a server is told what log-formats say', unlessHaproxy26('it has no set-proxy-v2-tlv-fmt'), async (t) => {
  const run = await start(
    t,
    `
${httpDefaults('timeout client 2s')}
frontend tells
    bind {addr:tells} accept-proxy
    default_backend told
backend told
    default-server send-proxy-v2 set-proxy-v2-tlv-fmt(0xE1) %[fc_pp_authority] set-proxy-v2-tlv-fmt(226) first
    server s {addr:raw} set-proxy-v2-tlv-fmt(226) "%HM, %[fc_pp_tlv(0xE3)]"
`,
    { ports: { raw } },
  );
  const client = await connect(t, run.port('tells'));
  const address = { host: '192.0.2.1', port: 1 };
  const tlvs = [
    { type: 2, value: Buffer.from('a.test') },
    { type: 0xe3, value: Buffer.from('TLV') },
  ];
  client.send(buildProxyV2(address, address, tlvs));
  assert.equal((await client.exchange('GET / HTTP/1.1\nHost: a\n\n')).status, 200);
  const header = parseProxyHeader(Buffer.from(seen, 'hex'));
  assert.ok(typeof header === 'object');
  const told = header.tlvs.map(({ type, value }) => [type, Buffer.from(value).toString('latin1')]);
  assert.deepEqual(told, [
    [0xe1, 'a.test'],
    [226, 'GET, TLV'],
  ]);
});

test('a unique ID that there is not is sent as an empty one', async () => {
  const bare = await start(
    { after },
    `
${httpDefaults('timeout client 2s')}
listen bare
    bind {addr:bare}
    server s {addr:raw} send-proxy-v2 proxy-v2-options unique-id
`,
    { ports: { raw } },
  );
  seen = '';
  await get(bare.port('bare'), '/');
  assert.equal(seen.slice(BEFORE_TLVS, BEFORE_TLVS + 6), '050000');
});

test('a kept connection is for requests with the unique ID that its server was told of', async (t) => {
  const ids: string[] = [];
  const server = await tcpOrigin({ after }, async (c) => {
    const header = parseProxyHeader(Buffer.from(await c.through('GET '), 'latin1'));
    assert.ok(typeof header === 'object');
    for (;;) {
      await c.through('\r\n\r\n');
      ids.push(Buffer.from(header.tlvs[0]!.value).toString('latin1'));
      c.send('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
    }
  });
  const named = await start(
    t,
    `
${httpDefaults('timeout client 5s')}
listen web
    bind {addr:web}
    unique-id-format %[path]
    server s {addr:server} send-proxy-v2 proxy-v2-options unique-id
`,
    { ports: { server } },
  );
  const client = await connect(t, named.port('web'));
  for (const path of ['/a', '/a', '/b']) await client.exchange(`GET ${path} HTTP/1.1\nhost: a\n\n`);
  assert.deepEqual(ids, ['/a', '/a', '/b']);
});
