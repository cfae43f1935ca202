import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  buildProxyV1,
  buildProxyV2,
  PP2,
  PP2_SSL,
  PROXY_ERRORS,
  type ProxyEndpoint,
  type ProxyHeader,
  parseProxyHeader,
  sslTlv,
} from '../../src/net/proxy-protocol.ts';
import { crc32c } from '../../src/util/crc32c.ts';
import { formatIpv4, formatIpv6 } from '../../src/util/ip.ts';

const REST = Buffer.from('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
const SIGNATURE = '\r\n\r\n\0\r\nQUIT\n';
const A4 = '\x01\x02\x03\x04\x05\x06\x07\x08\x03\xe8\x07\xd0';
const A6 = `${String.fromCharCode(...Array(32).keys())}\x03\xe8\x07\xd0`;
const PLAIN = { noNullPrototype: true } as const;
const latin1 = (text: string) => Buffer.from(text, 'latin1');
const v2 = (command: number, family: number, body: string) =>
  latin1(SIGNATURE + String.fromCharCode(command, family, body.length >> 8, body.length & 0xff) + body);
const tlv = (type: number, value: string) => String.fromCharCode(type, value.length >> 8, value.length & 0xff) + value;

/** What a header says, on one line; errors by their name. */
function told(bytes: Uint8Array): string {
  const result = parseProxyHeader(bytes);
  if (typeof result === 'string') return result;
  const { source, destination, tlvs } = result;
  const end = (at: ProxyEndpoint | null) => (at === null ? '-' : `${at.host} ${at.port}`);
  const values = tlvs.map(
    ({ type, value }) => ` ${type}=${value.length > 20 ? value.length : Buffer.from(value).toString('latin1')}`,
  );
  return `${end(source)} ${end(destination)}${values.join('')}`;
}

describe('a header of version 1', () => {
  /** Headers with what HAProxy 2.6 made of them. */
  const AS_HAPROXY: readonly (readonly [string, string])[] = [
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\r\n', '1.2.3.4 1000 5.6.7.8 2000'],
    ['PROXY TCP6 ::1 2001:db8::5 1000 2000\r\n', '::1 1000 2001:db8::5 2000'],
    ['PROXY TCP6 ::ffff:1.2.3.4 ::2 1 2\r\n', '::ffff:1.2.3.4 1 ::2 2'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 0 0\r\n', '1.2.3.4 0 5.6.7.8 0'],
    ['PROXY UNKNOWN\r\n', '- -'],
    ['PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n', 'bad-protocol'],
    ['PROXY UNKNOWN \r\n', 'bad-protocol'],
    ['PROXY UNKNOWNX\r\n', 'bad-protocol'],
    ['PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n', 'bad-protocol'],
    ['PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n', 'bad-protocol'],
    ['PROXY \r\n', 'bad-protocol'],
    [`PROXY UNKNOWN ${'x'.repeat(120)}`, 'bad-protocol'],
    ['proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n', 'not-header'],
    ['GET / HTTP/1.1\r\n', 'not-header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000\n', 'bad-header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r \n', 'bad-header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1000\r\n', 'bad-header'],
    ['PROXY TCP4  1.2.3.4 5.6.7.8 1000 2000\r\n', 'bad-header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 1000 2000 \r\n', 'bad-header'],
    ['PROXY TCP4 1.2.3.4.5 5.6.7.8 1 2\r\n', 'bad-header'],
    ['PROXY TCP4 +1.2.3.4 5.6.7.8 1 2\r\n', 'bad-header'],
    ['PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n', 'bad-header'],
    ['PROXY TCP4 ::1 ::2 1 2\r\n', 'bad-header'],
    ['PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n', 'bad-header'],
    ['PROXY TCP6 fe80::1%eth0 ::2 1 2\r\n', 'bad-header'],
  ];
  for (const [line, expected] of AS_HAPROXY) {
    it(`${JSON.stringify(line)} is ${expected}, as for HAProxy`, () => {
      assert.equal(told(Buffer.concat([latin1(line), REST])), expected);
    });
  }

  it('is refused where HAProxy reads another address or port than is written', () => {
    for (const rest of [
      '1.2.3.4 5.6.7.8 70000 2',
      '1.2.3.4 5.6.7.8  1',
      '1.2.3.04 5.6.7.8 1 2',
      '1.2.3 5.6.7.8 1 2',
      '1.2.3.256 5.6.7.8 1 2',
    ]) {
      assert.equal(told(latin1(`PROXY TCP4 ${rest}\r\n`)), 'bad-header', rest);
    }
    assert.equal(told(latin1('PROXY TCP6 ::1 ::2 1 2 3\r\n')), 'bad-header');
  });

  it('is not waited for beyond its longest form', () => {
    assert.equal(told(latin1('PROXY TCP4 '.padEnd(106, 'x'))), 'more');
    assert.equal(told(latin1('PROXY TCP4 '.padEnd(107, 'x'))), 'bad-header');
  });
});

describe('a header of version 2', () => {
  const crc = (command: number, family: number, body: string) => {
    const header = v2(command, family, body + tlv(PP2.crc32c, '\0\0\0\0'));
    header.writeUInt32BE(crc32c(header), header.length - 4);
    return header;
  };
  /** Headers with what HAProxy 2.6 made of them. */
  const AS_HAPROXY: readonly (readonly [string, Buffer, string])[] = [
    ['TCP over IPv4', v2(0x21, 0x11, A4), '1.2.3.4 1000 5.6.7.8 2000'],
    [
      'TCP over IPv6',
      v2(0x21, 0x21, A6),
      '1:203:405:607:809:a0b:c0d:e0f 1000 1011:1213:1415:1617:1819:1a1b:1c1d:1e1f 2000',
    ],
    ['LOCAL', v2(0x20, 0, ''), '- -'],
    ['LOCAL with addresses', v2(0x20, 0x11, A4), '- -'],
    ['LOCAL with rubbish', v2(0x20, 0, 'x'), '- -'],
    ['a command of its own', v2(0x22, 0x11, A4), 'bad-header'],
    ['version 1 in binary', v2(0x11, 0x11, A4), 'not-header'],
    ['version 3', v2(0x31, 0x11, A4), 'not-header'],
    ['no family', v2(0x21, 0, ''), 'bad-header'],
    ['UDP', v2(0x21, 0x12, A4), 'bad-header'],
    ['a unix socket', v2(0x21, 0x31, '\0'.repeat(216)), 'bad-header'],
    ['an unknown family', v2(0x21, 0x41, A4), 'bad-header'],
    ['IPv4 cut short', v2(0x21, 0x11, A4.slice(1)), 'bad-header'],
    ['IPv6 cut short', v2(0x21, 0x21, A6.slice(1)), 'bad-header'],
    ['a TLV', v2(0x21, 0x11, A4 + tlv(4, 'abc')), '1.2.3.4 1000 5.6.7.8 2000 4=abc'],
    ['a TLV without length', v2(0x21, 0x11, `${A4}\x04`), 'bad-header'],
    ['a TLV with half a length', v2(0x21, 0x11, `${A4}\x04\0`), 'bad-header'],
    ['a TLV cut short', v2(0x21, 0x11, `${A4}\x04\0\x03ab`), 'bad-header'],
    [
      'authority and unique id',
      v2(0x21, 0x11, A4 + tlv(2, 'example.org') + tlv(5, 'id-1')),
      '1.2.3.4 1000 5.6.7.8 2000 2=example.org 5=id-1',
    ],
    ['a long authority', v2(0x21, 0x11, A4 + tlv(2, 'x'.repeat(255))), '1.2.3.4 1000 5.6.7.8 2000 2=255'],
    ['a too long authority', v2(0x21, 0x11, A4 + tlv(2, 'x'.repeat(256))), 'bad-header'],
    ['a long unique id', v2(0x21, 0x11, A4 + tlv(5, 'x'.repeat(128))), '1.2.3.4 1000 5.6.7.8 2000 5=128'],
    ['a too long unique id', v2(0x21, 0x11, A4 + tlv(5, 'x'.repeat(129))), 'bad-header'],
    ['a wrong checksum', v2(0x21, 0x11, A4 + tlv(3, '\x01\x02\x03\x04')), 'bad-header'],
    ['half a checksum', v2(0x21, 0x11, A4 + tlv(3, '\x01\x02\x03')), 'bad-header'],
    ['LOCAL with a wrong checksum', v2(0x20, 0x11, A4 + tlv(3, '\x01\x02\x03\x04')), '- -'],
    ['20 kB of TLV', v2(0x21, 0x11, A4 + tlv(4, 'x'.repeat(20_000))), 'too-long'],
  ];
  for (const [name, header, expected] of AS_HAPROXY) {
    it(`with ${name} is ${expected}, as for HAProxy`, () => {
      assert.equal(told(Buffer.concat([header, REST])), expected);
    });
  }

  it('with the checksum that HAProxy takes is taken', () => {
    assert.equal(told(crc(0x21, 0x11, A4)).slice(0, 25), '1.2.3.4 1000 5.6.7.8 2000');
    assert.equal(crc(0x21, 0x11, A4).toString('latin1').slice(-4), '\xf2\xac\x94\xce');
    assert.equal(told(crc(0x21, 0x11, A4 + tlv(4, 'x'))).slice(0, 29), '1.2.3.4 1000 5.6.7.8 2000 4=x');
  });
});

describe('a built header', () => {
  const v4a = { host: '127.0.0.1', port: 0xdfd4 };
  const v4b = { host: '127.0.0.1', port: 21702 };
  const v6a = { host: '2001:db8::1', port: 57290 };

  it('of version 1 is the line that HAProxy sends', () => {
    assert.equal(buildProxyV1(v4a, v4b), 'PROXY TCP4 127.0.0.1 127.0.0.1 57300 21702\r\n');
    assert.equal(buildProxyV1(v6a, v4b), 'PROXY TCP6 2001:db8::1 ::ffff:127.0.0.1 57290 21702\r\n');
    assert.equal(buildProxyV1(v4a, v6a), 'PROXY TCP6 ::ffff:127.0.0.1 2001:db8::1 57300 57290\r\n');
    assert.equal(buildProxyV1({ host: '/run/f.sock', port: 0 }, v4b), 'PROXY UNKNOWN\r\n');
    assert.equal(buildProxyV1(null, null), 'PROXY UNKNOWN\r\n');
  });

  it('of version 2 is what HAProxy sends', () => {
    const text = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
    assert.equal(text(buildProxyV2(v4a, v4b)), `${SIGNATURE}!\x11\0\x0c\x7f\0\0\x01\x7f\0\0\x01\xdf\xd4T\xc6`);
    assert.equal(text(buildProxyV2(null, null)), `${SIGNATURE} \0\0\0`);
    const id = { type: PP2.uniqueId, value: latin1('id-[req.hdr(x)]-10') };
    assert.equal(
      text(buildProxyV2({ ...v4a, port: 0xe008 }, v4b, [id], true)),
      `${SIGNATURE}!\x11\0(\x7f\0\0\x01\x7f\0\0\x01\xe0\x08T\xc6\x03\0\x04\x9dN\x95\xd4\x05\0\x12id-[req.hdr(x)]-10`,
    );
    const other = { type: PP2.uniqueId, value: latin1('id-[req.hdr(x)]-16') };
    assert.equal(
      text(buildProxyV2(null, null, [other, sslTlv(null)], true)),
      `${SIGNATURE} \0\0$\x03\0\x04\x04K\x9aI\x05\0\x12id-[req.hdr(x)]-16 \0\x05\0\0\0\0\0`,
    );
  });

  it('tells of TLS as section 2.2.6 of the specification has it', () => {
    const { value } = sslTlv({
      certConnection: true,
      certSession: false,
      verifyResult: 20,
      details: [[PP2_SSL.version, 'TLSv1.3']],
    });
    assert.equal(Buffer.from(value).toString('latin1'), '\x03\0\0\0\x14\x21\0\x07TLSv1.3');
  });

  it('is never longer than its length field can say', () => {
    const large = { type: 0xe0, value: new Uint8Array(40_000) };
    assert.throws(() => buildProxyV2(v4a, v4b, [large, large]), RangeError);
    assert.throws(() => buildProxyV2(v4a, v4b, [{ type: 0xe0, value: new Uint8Array(70_000) }]), RangeError);
  });
});

describe('any header', () => {
  const port = fc.integer({ min: 0, max: 65_535 });
  const end = (length: number) =>
    fc.record(
      {
        host: fc
          .uint8Array({ minLength: length, maxLength: length })
          .map((ip) => (length === 4 ? formatIpv4(ip) : formatIpv6(ip))),
        port,
      },
      PLAIN,
    );
  const ends = fc.oneof(fc.tuple(end(4), end(4)), fc.tuple(end(16), end(16)));
  const tlvs = fc.array(
    fc.record({ type: fc.constantFrom(1, 2, 4, 5, 0x20, 0x30, 0xe0), value: fc.uint8Array({ maxLength: 100 }) }, PLAIN),
    { maxLength: 5 },
  );
  const built = fc.oneof(
    ends.map(([source, destination]) => latin1(buildProxyV1(source, destination))),
    fc
      .tuple(ends, tlvs, fc.boolean())
      .map(([[source, destination], values, sum]) => Buffer.from(buildProxyV2(source, destination, values, sum))),
  );

  it('is read as it was built, whatever follows', () => {
    fc.assert(
      fc.property(ends, tlvs, fc.boolean(), fc.uint8Array(), ([source, destination], values, sum, rest) => {
        const line = latin1(buildProxyV1(source, destination));
        assert.deepEqual(parseProxyHeader(Buffer.concat([line, rest])), {
          version: 1,
          source,
          destination,
          tlvs: [],
          length: line.length,
        });
        const binary = buildProxyV2(source, destination, values, sum);
        const header = parseProxyHeader(Buffer.concat([binary, rest])) as ProxyHeader;
        assert.deepEqual(
          { ...header, tlvs: null },
          { version: 2, source, destination, tlvs: null, length: binary.length },
        );
        assert.deepEqual(header.tlvs.slice(sum ? 1 : 0), values);
      }),
    );
  });

  it('is waited for until it is whole', () => {
    fc.assert(
      fc.property(built, fc.nat(), (header, cut) => {
        assert.equal(parseProxyHeader(header.subarray(0, cut % header.length)), 'more');
      }),
    );
  });

  it('with any bit of a checked one changed is refused, unless it turns into LOCAL', () => {
    fc.assert(
      fc.property(ends, tlvs, fc.nat(), fc.integer({ min: 0, max: 7 }), ([source, destination], values, at, bit) => {
        const header = buildProxyV2(source, destination, values, true);
        const where = at % header.length;
        header[where]! ^= 1 << bit;
        const result = parseProxyHeader(header);
        if (where === 12 && bit === 0) assert.equal((result as ProxyHeader).source, null);
        // A larger length waits for more; a changed type may leave the header without its checksum.
        else if (typeof result !== 'string') assert.ok(!result.tlvs.some(({ type }) => type === PP2.crc32c));
      }),
    );
  });

  it('and any other bytes are read without a throw, to the same verdict whether they come at once or not', () => {
    const start = fc.constantFrom('', 'PROXY ', 'PROXY TCP4 ', SIGNATURE, `${SIGNATURE}!\x11\0\x20`);
    fc.assert(
      fc.property(start, fc.uint8Array({ maxLength: 200 }), (prefix, rest) => {
        const bytes = Buffer.concat([latin1(prefix), rest]);
        const atOnce = parseProxyHeader(bytes);
        if (typeof atOnce === 'string') assert.ok(atOnce === 'more' || atOnce in PROXY_ERRORS);
        for (let length = 0; length <= bytes.length; length++) {
          const result = parseProxyHeader(bytes.subarray(0, length));
          if (result === 'more') continue;
          assert.deepEqual(result, atOnce);
          return;
        }
        assert.equal(atOnce, 'more');
      }),
    );
  });
});

describe('CRC-32C', () => {
  it('has the values of RFC 3720 appendix B.4, also in pieces', () => {
    assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
    assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
    assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e);
    assert.equal(crc32c(new Uint8Array(16), crc32c(new Uint8Array(16))), 0x8a9136aa);
  });
});
