import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';

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
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
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
