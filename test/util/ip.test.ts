import assert from 'node:assert/strict';
import { isIPv4, isIPv6, SocketAddress } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIpv4, formatIpv6, parseIp, parseIpv4, parseIpv6 } from '../../src/util/ip.ts';

const formatIp = (ip: Uint8Array) => (ip.length === 4 ? formatIpv4(ip) : formatIpv6(ip));
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
/** Many zero groups, so that runs of them are met. */
const sparse = fc
  .array(fc.constantFrom(0, 0, 0, 1, 0xff), { minLength: 16, maxLength: 16 })
  .map((b) => Uint8Array.from(b));

describe('an IP address', () => {
  it('survives formatting and parsing', () => {
    fc.assert(fc.property(fc.oneof(bytes(4), bytes(16), sparse), (ip) => assert.deepEqual(parseIp(formatIp(ip)), ip)));
  });

  it('is formatted as the system formats it', () => {
    fc.assert(
      fc.property(fc.oneof(bytes(16), sparse), (ip) => {
        const text = formatIp(ip);
        // IPv4-compatible addresses (::192.0.2.1) are deprecated: RFC 4291 section 2.5.5.1.
        if (ip.subarray(0, 12).every((byte) => byte === 0)) return;
        assert.equal(text, new SocketAddress({ address: text, family: 'ipv6' }).address);
      }),
    );
  });

  it('is accepted exactly when Node accepts it', () => {
    const piece = fc.constantFrom(
      '::',
      ':',
      '.',
      '0',
      '1',
      '01',
      'ff',
      'fffff',
      '256',
      '255.1.2.3',
      '1.2.3.4',
      '%',
      ' ',
      'g',
      'A',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        assert.equal(parseIpv4(text) !== null, isIPv4(text), text);
        assert.equal(parseIpv6(text) !== null, isIPv6(text) && !text.includes('%'), text);
      }),
      { numRuns: 5000 },
    );
  });

  it('that is mapped from IPv4 shows it', () => {
    assert.equal(formatIp(parseIp('::ffff:c000:201')!), '::ffff:192.0.2.1');
    assert.equal(formatIp(parseIp('1:0:0:2:0:0:0:3')!), '1:0:0:2::3');
    assert.equal(formatIp(parseIp('::')!), '::');
  });
});
