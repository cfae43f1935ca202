import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PeersProtocolError, putVarint, varintLength, WireReader } from '../../../../src/control/peers/codec/varint.ts';

function encoded(value: number): string {
  const bytes = Buffer.alloc(12);
  return bytes.subarray(0, putVarint(bytes, 0, value)).toString('hex');
}

const read = (hex: string) => new WireReader(Buffer.from(hex, 'hex'));

describe('an encoded integer', () => {
  it('has the bytes that HAProxy sends', () => {
    // From captures of HAProxy 2.6, and the example of doc/peers.txt.
    const CASES: readonly [number, string][] = [
      [0, '00'],
      [239, 'ef'],
      [240, 'f000'],
      [2287, 'ff7f'],
      [2288, 'f08000'],
      [0x1234, 'f49401'],
      [300_000, 'f0af9100'],
      [600_000, 'f0eda301'],
      [5_000_000_000, 'f091bd809400'],
    ];
    for (const [value, hex] of CASES) {
      assert.equal(encoded(value), hex, String(value));
      assert.equal(read(hex).unsigned(), value, hex);
    }
  });

  it('is read as it was written, and takes as many bytes as are told', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), (value) => {
        const hex = encoded(value);
        assert.equal(hex.length, varintLength(value) * 2);
        const reader = read(`${hex}ff`);
        assert.equal(reader.unsigned(), value);
        assert.equal(reader.left, 1);
      }),
    );
  });

  it('is 64 bits in two’s complement when it is negative', () => {
    fc.assert(
      fc.property(fc.integer({ min: -(2 ** 31), max: -1 }), (value) => {
        assert.equal(read(encoded(value)).int32(), value);
      }),
    );
    assert.equal(encoded(2 ** 64), encoded(-1), 'what is too large is the largest');
  });

  it('is refused when it is cut off or too long', () => {
    for (const hex of ['', 'f0', 'f080', 'ff'.repeat(20)])
      assert.throws(() => read(hex).unsigned(), PeersProtocolError);
  });
});
