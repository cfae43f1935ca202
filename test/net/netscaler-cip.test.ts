import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCipHeader } from '../../src/net/netscaler-cip.ts';
import { formatIpv4, formatIpv6 } from '../../src/util/ip.ts';

const MAGIC = 0xa1b2c3d4;

/** The header of a connection: IP and TCP headers of the given lengths, in one of the two forms. */
function header(
  form: 'legacy' | 'standard',
  ends: { source: Buffer; destination: Buffer; ports: [number, number] },
  ihl = 5,
): Buffer {
  const v4 = ends.source.length === 4;
  const ip = Buffer.alloc(v4 ? ihl * 4 : 40);
  ip[0] = v4 ? 0x40 | ihl : 0x60;
  ip[v4 ? 9 : 6] = 6;
  ends.source.copy(ip, v4 ? 12 : 8);
  ends.destination.copy(ip, v4 ? 16 : 24);
  const tcp = Buffer.alloc(20);
  tcp.writeUInt16BE(ends.ports[0], 0);
  tcp.writeUInt16BE(ends.ports[1], 2);
  const packet = Buffer.concat([ip, tcp]);
  const head = Buffer.alloc(form === 'legacy' ? 8 : 12);
  head.writeUInt32BE(MAGIC, 0);
  if (form === 'legacy') head.writeUInt32BE(packet.length, 4);
  else {
    head.writeUInt32BE(packet.length + 12, 4);
    head.writeUInt16BE(1, 8);
    head.writeUInt16BE(packet.length, 10);
  }
  return Buffer.concat([head, packet]);
}

const address = (length: number) =>
  fc.uint8Array({ minLength: length, maxLength: length }).map((bytes) => Buffer.from(bytes));
const port = fc.integer({ min: 0, max: 65_535 });
const ends = fc.constantFrom(4, 16).chain((length) =>
  fc.record({
    source: address(length),
    destination: address(length),
    ports: fc.tuple(port, port),
  }),
);

test('what is written is read, in both forms; no less of it is enough', () => {
  fc.assert(
    fc.property(ends, fc.constantFrom('legacy', 'standard'), fc.integer({ min: 5, max: 15 }), (given, form, ihl) => {
      const bytes = header(form, given, ihl);
      const format = given.source.length === 4 ? formatIpv4 : formatIpv6;
      assert.deepEqual(parseCipHeader(Buffer.concat([bytes, Buffer.from('GET /')]), MAGIC), {
        source: { host: format(given.source, 0), port: given.ports[0] },
        destination: { host: format(given.destination, 0), port: given.ports[1] },
        length: bytes.length,
      });
      for (let length = 0; length < bytes.length; length++)
        assert.equal(parseCipHeader(bytes.subarray(0, length), MAGIC), 'more');
    }),
  );
});

test('any bytes are a header, the beginning of one, or none', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      const head = Buffer.alloc(4);
      head.writeUInt32BE(MAGIC);
      const read = parseCipHeader(Buffer.concat([head, bytes]), MAGIC);
      if (typeof read === 'object') assert.ok(read.length <= bytes.length + 4);
      else assert.ok(['more', 'bad-protocol', 'truncated'].includes(read));
    }),
    { numRuns: 2000 },
  );
});

test('what is no header is told', () => {
  const good = header('standard', { source: Buffer.alloc(4), destination: Buffer.alloc(4), ports: [1, 2] });
  const changed = (at: number, value: number) => {
    const bytes = Buffer.from(good);
    bytes[at] = value;
    return parseCipHeader(bytes, MAGIC);
  };
  assert.equal(parseCipHeader(good, 7), 'bad-magic');
  assert.equal(parseCipHeader(Buffer.from('GET / HTTP/1.1\r\n'), MAGIC), 'bad-magic');
  assert.equal(changed(8, 0x20), 'bad-protocol');
  // Neither IPv4 nor IPv6; a header of less than 20 bytes; UDP.
  assert.equal(changed(12, 0x50), 'bad-protocol');
  assert.equal(changed(12, 0x44), 'bad-protocol');
  assert.equal(changed(21, 17), 'bad-protocol');
  assert.equal(
    parseCipHeader(
      header('legacy', { source: Buffer.alloc(4), destination: Buffer.alloc(4), ports: [1, 2] }),
      MAGIC,
      40,
    ),
    'truncated',
  );
});
