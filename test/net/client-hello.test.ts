import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { suite, test } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { ClientHello, readClientHello } from '../../src/net/client-hello.ts';
import { within } from '../support/wait.ts';

/** The first bytes that a client of Node's own TLS sends. */
async function helloOf(options: object): Promise<Buffer> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  client.on('error', () => {});
  const [socket] = await within(once(server, 'connection'), 'a connection');
  const [bytes] = await within(once(socket, 'data'), 'a hello');
  socket.destroy();
  server.close();
  return bytes;
}

/** `message` in records of `size` bytes. */
function records(message: Buffer, size: number): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < message.length; at += size) {
    const content = message.subarray(at, at + size);
    parts.push(Buffer.from([22, 3, 1, content.length >> 8, content.length & 255]), content);
  }
  return Buffer.concat(parts);
}

suite('the hello of a TLS client', () => {
  test('tells name, protocols, versions and what the client can verify', async () => {
    const bytes = await helloOf({ servername: 'WWW.Site.Test', ALPNProtocols: ['h2', 'http/1.1'], requestOCSP: true });
    const hello = readClientHello(bytes);
    assert.ok(hello instanceof ClientHello);
    assert.equal(hello.serverName, 'WWW.Site.Test');
    assert.ok(hello.offersAlpn('h2') && hello.offersAlpn('http/1.1') && !hello.offersAlpn('http/1.0'));
    assert.ok(hello.wantsOcsp);
    assert.equal(hello.newestVersion, 0x0304);
    assert.equal(hello.legacyVersion, 0x0303);
    assert.equal(hello.random.length, 32);
    assert.ok(hello.extensions.includes(0) && hello.extensions.includes(16));
    assert.ok(hello.signatureAlgorithms!.length > 2 && hello.ciphers.length > 2);
  });

  test('of a client without extensions of TLS 1.3 tells the version it has', async () => {
    const hello = readClientHello(await helloOf({ maxVersion: 'TLSv1.2' }));
    assert.ok(hello instanceof ClientHello);
    assert.equal(hello.newestVersion, 0x0303);
    assert.equal(hello.serverName, '');
    assert.equal(hello.alpn, null);
    assert.ok(hello.takesTickets);
  });

  test('is waited for until it is whole, however it is cut', async () => {
    const bytes = await helloOf({ servername: 'a.test' });
    for (let length = 0; length < bytes.length; length++)
      assert.equal(readClientHello(bytes.subarray(0, length)), 'more', String(length));
    const message = bytes.subarray(5);
    for (const size of [1, 7, 100]) {
      const cut = records(message, size);
      assert.equal(readClientHello(cut.subarray(0, -1)), 'more');
      const hello = readClientHello(cut);
      assert.ok(hello instanceof ClientHello);
      assert.equal(hello.serverName, 'a.test');
    }
  });

  test('is told from what is none at the first byte that differs', () => {
    for (const text of [
      'GET / HTTP/1.1\r\n\r\n',
      'PROXY TCP4',
      '\x80\x2e\x01\x03\x01',
      '\x16\x02',
      '\x16\x03\x01\x00\x05\x02',
    ])
      assert.equal(readClientHello(Buffer.from(text, 'latin1')), 'other', text);
    assert.equal(readClientHello(Buffer.from('\x16\x03\x01\x00\x05\x01\xff\xff\xff', 'latin1')), 'other');
  });

  test('that is damaged never ends in more than a refusal', async () => {
    const bytes = await helloOf({ servername: 'a.test', ALPNProtocols: ['h2'] });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const damaged = Buffer.from(bytes);
          for (const [at, value] of changes) damaged[at] = value;
          const hello = readClientHello(damaged);
          if (typeof hello === 'string') return;
          hello.offersAlpn('h2');
          assert.ok(hello.newestVersion <= 0xffff);
        },
      ),
      { numRuns: 2000 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        readClientHello(Buffer.concat([Buffer.from([22, 3, 1]), noise]));
      }),
    );
  });
});
