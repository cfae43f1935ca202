import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { HelloReader } from '../../src/net/hello-reader.ts';

const RETRY = createHash('sha256').update('HelloRetryRequest').digest();
const record = (type: number, content: Buffer) =>
  Buffer.concat([Buffer.from([type, 3, 3, content.length >> 8, content.length & 0xff]), content]);
const hello = (type: number, random: Uint8Array, rest = 40) =>
  Buffer.concat([Buffer.from([type, 0, 0, 34 + rest, 3, 3]), random, Buffer.alloc(rest, 7)]);
const random = Buffer.from(Array.from({ length: 32 }, (_, index) => index + 100));

/** Reads what is sent in these pieces. */
function read(...pieces: readonly Uint8Array[]): string {
  const reader = new HelloReader();
  for (const piece of pieces) reader.push(piece);
  return reader.random;
}

test('the random number of a hello is read, whatever pieces and records it comes in', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 2),
      fc.boolean(),
      fc.array(fc.integer({ min: 1, max: 30 })),
      fc.array(fc.integer({ min: 1, max: 30 })),
      (type, again, records, cuts) => {
        const message = Buffer.concat([...(again ? [hello(2, RETRY)] : []), hello(type, random)]);
        const framed: Buffer[] = [];
        let at = 0;
        for (const size of records) {
          if (at < message.length)
            framed.push(record(22, message.subarray(at, at + size)), record(20, Buffer.from([1])));
          at += size;
        }
        if (at < message.length) framed.push(record(22, message.subarray(at)));
        framed.push(record(23, Buffer.alloc(50)));
        const sent = Buffer.concat(framed);
        const pieces: Buffer[] = [];
        at = 0;
        for (const size of cuts) pieces.push(sent.subarray(at, (at += size)));
        pieces.push(sent.subarray(at));
        assert.equal(read(...pieces), random.latin1Slice());
      },
    ),
  );
});

test('nothing is read of what has no hello, and nothing is kept of it', () => {
  assert.equal(read(record(21, Buffer.from([2, 40])), record(22, hello(2, random))), '');
  assert.equal(read(record(22, hello(11, random))), '');
  assert.equal(read(record(22, hello(2, random).subarray(0, 37))), '');
  assert.equal(
    read(...Array.from({ length: 5 }, () => record(20, Buffer.alloc(16_000))), record(22, hello(2, random))),
    '',
  );
});

test('whatever is sent, reading it does not fail', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 100 })), (pieces) => {
      assert.equal(read(Buffer.from([22, 3, 3, 0, 80, 2]), ...pieces).length % 32, 0);
    }),
  );
});
