import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Head } from '../../../src/traffic/h1/head.ts';
import { INVALID, NEED_MORE } from '../../../src/traffic/h1/parse.ts';
import {
  anyBytes,
  describeHead,
  type Kind,
  MAX_HEADERS,
  parsed,
  parseInto,
  requestHead,
  responseHead,
  serialised,
} from './messages.ts';

const kinds: [Kind, fc.Arbitrary<Buffer>][] = [
  ['request', requestHead],
  ['response', responseHead],
];

suite('parser of HTTP/1 heads', () => {
  for (const [kind, arbitrary] of kinds) {
    test(`a ${kind} head that comes in pieces is read as if it came whole`, () => {
      fc.assert(
        fc.property(fc.oneof({ weight: 4, arbitrary }, { weight: 1, arbitrary: anyBytes }), (bytes) => {
          const whole = parsed(kind, bytes);
          const head = new Head();
          const growing = Buffer.from(bytes);
          for (let limit = 0; limit <= bytes.length; limit++) {
            const result = parseInto(head, kind, growing, 0, limit);
            if (result === NEED_MORE) {
              assert.ok(limit === 0 || limit !== whole.result, 'it was complete');
              assert.deepEqual(growing, bytes, 'bytes of an incomplete head stay as they came');
              continue;
            }
            const piece = describeHead(kind, head, growing, result);
            assert.deepEqual({ ...piece, error: piece.error?.[1] }, { ...whole, error: whole.error?.[1] });
            if (result === INVALID) assert.deepEqual(growing, bytes, 'bytes of a refused head stay as they came');
            return;
          }
          assert.equal(whole.result, NEED_MORE);
        }),
        { numRuns: 400 },
      );
    });

    test(`a ${kind} head that was passed on is passed on unchanged by the next hop`, () => {
      let valid = 0;
      fc.assert(
        fc.property(arbitrary, (bytes) => {
          const head = new Head();
          const copy = Buffer.from(bytes);
          if (parseInto(head, kind, copy, 0, copy.length) <= 0) return;
          valid++;
          const once = serialised(head);
          const again = new Head();
          const sent = Buffer.from(once);
          assert.equal(parseInto(again, kind, sent, 0, sent.length), sent.length, once.latin1Slice());
          assert.equal(serialised(again).latin1Slice(), once.latin1Slice());
        }),
        { numRuns: 1000 },
      );
      assert.ok(valid > 50, `only ${valid} heads were right`);
    });

    test(`no bytes make the ${kind} parser throw or look beyond the limit`, () => {
      fc.assert(
        fc.property(fc.oneof(anyBytes, arbitrary), anyBytes, fc.nat(8), (bytes, behind, before) => {
          const alone = parsed(kind, bytes);
          const framed = Buffer.concat([Buffer.alloc(before, 'x'), bytes, behind]);
          const untouched = Buffer.from(framed);
          const head = new Head();
          const result = parseInto(head, kind, framed, before, before + bytes.length);
          assert.equal(result > 0 ? result - before : result, alone.result);
          assert.deepEqual(framed.subarray(0, before), untouched.subarray(0, before));
          assert.deepEqual(framed.subarray(before + bytes.length), untouched.subarray(before + bytes.length));
          if (result === INVALID)
            assert.ok(head.errorAt >= before && head.errorAt <= before + bytes.length, `error at ${head.errorAt}`);
        }),
        { numRuns: 1000 },
      );
    });
  }

  test('what can be read in two ways is refused', () => {
    const start = 'GET / HTTP/1.1\r\nhost: a\r\n';
    const refused: [string, string][] = [
      [`${start}a : b\r\n\r\n`, 'blank before the colon'],
      [`${start}a: b\r\n c\r\n\r\n`, 'folded line'],
      [`${start} a: b\r\n\r\n`, 'line that begins with a blank'],
      [`${start}a: b\rc\r\n\r\n`, 'bare CR in a value'],
      [`${start}a: b\0c\r\n\r\n`, 'NUL in a value'],
      [`${start}: b\r\n\r\n`, 'empty name'],
      [`${start}a\r\n\r\n`, 'no colon'],
      [`${start}content-length: 5\r\ncontent-length: 6\r\n\r\n`, 'two lengths'],
      [`${start}content-length: +5\r\n\r\n`, 'signed length'],
      [`${start}content-length: 0x5\r\n\r\n`, 'hexadecimal length'],
      [`${start}content-length: \r\n\r\n`, 'empty length'],
      [`${start}content-length: 5,\r\n\r\n`, 'list that ends in a comma'],
      [`${start}content-length: 9007199254740993\r\n\r\n`, 'length beyond what can be counted'],
      [`${start}transfer-encoding: chunked, chunked\r\n\r\n`, 'chunked twice'],
      [`${start}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`, 'chunked in two lines'],
      [`${start}transfer-encoding: xchunked\r\n\r\n`, 'an unknown coding'],
      [`${start}transfer-encoding: \x0bchunked\r\n\r\n`, 'control before the coding'],
      [`${start}host: b\r\n\r\n`, 'two hosts'],
      ['GET  / HTTP/1.1\r\n\r\n', 'two blanks'],
      ['GET / HTTP/1.1 \r\n\r\n', 'blank behind the version'],
      ['GET /\x7f HTTP/1.1\r\n\r\n', 'control in the target'],
      ['GET /a#b HTTP/1.1\r\n\r\n', 'fragment'],
      ['GET http://a/ HTTP/1.1\r\nhost: b\r\n\r\n', 'host that differs from the target'],
      ['GET a HTTP/1.1\r\n\r\n', 'target that is no path'],
      ['G(T / HTTP/1.1\r\n\r\n', 'method that is no token'],
      ['GET / HTTP/1.1\n\r\r\n', 'CR before the end of the head'],
      ['POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n', 'chunks in HTTP/1.0'],
      ['\rGET / HTTP/1.1\r\n\r\n', 'bare CR before the request'],
    ];
    for (const [text, why] of refused)
      assert.equal(parsed('request', Buffer.from(text, 'latin1')).result, INVALID, why);
  });

  test('both a length and chunks: the chunks count, and the connection ends', () => {
    const { facts, headers } = parsed(
      'request',
      Buffer.from('POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n'),
    );
    assert.deepEqual([facts?.chunked, facts?.contentLength, facts?.ambiguous], [true, -1, true]);
    assert.deepEqual(headers, [['transfer-encoding', 'chunked']]);
  });

  test('a head has as many lines as allowed, and no more', () => {
    const of = (lines: number) =>
      parsed('request', Buffer.from(`GET / HTTP/1.1\r\n${'a: b\r\n'.repeat(lines)}\r\n`)).result;
    assert.ok(of(MAX_HEADERS - 1) > 0);
    assert.equal(of(MAX_HEADERS), INVALID);
  });
});
