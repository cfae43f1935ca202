import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { Body, badChunk } from '../../../src/traffic/h1/body.ts';
import { Framing } from '../../../src/traffic/h1/head.ts';

const payload = fc.string({ unit: fc.constantFrom('x', '\r', '\n', '0', ';', '\xff'), maxLength: 24 });
const extension = fc.constantFrom('', '', '', ';a', ';a=b', ' ;a="b c"', '\t; x', ' ', ' '.repeat(9));
const chunk = fc
  .tuple(
    payload.filter((text) => text !== ''),
    extension,
    fc.constantFrom('', '0', '00'),
    fc.boolean(),
  )
  .map(([text, ext, zeros, upper]) => ({
    text,
    ext,
    size: zeros + (upper ? text.length.toString(16).toUpperCase() : text.length.toString(16)),
  }));
const trailer = fc.constantFrom('A: b\r\n', 'x-Checksum:1\r\n', 'c:\r\n');

/** A chunked body: as it comes, as it is to be passed on, what it carries. */
const chunkedBody = fc
  .tuple(fc.array(chunk, { maxLength: 6 }), extension, fc.array(trailer, { maxLength: 3 }))
  .map(([chunks, ext, trailers]) => ({
    wire: `${chunks.map((c) => `${c.size}${c.ext}\r\n${c.text}\r\n`).join('')}0${ext}\r\n${trailers.join('')}\r\n`,
    passed: `${chunks.map((c) => `${c.size}\r\n${c.text}\r\n`).join('')}0\r\n${trailers.map(lowerName).join('')}\r\n`,
    data: chunks.map((c) => c.text).join(''),
    trailers: trailers.map((line) => lowerName(line).replace('\r', '')).join(''),
  }));

function lowerName(line: string): string {
  return line.replace(/^[^:]*/, (name) => name.toLowerCase());
}

interface Outcome {
  readonly out: string;
  readonly taken: number;
  readonly done: boolean;
  readonly failed: boolean;
  readonly counted: number;
  readonly trailers: string;
}

/** Feeds `wire` in pieces that end at `cuts`. */
function run(
  framing: number,
  length: number,
  wire: string,
  cuts: readonly number[],
  how: 'feed' | 'feedData',
): Outcome {
  const body = new Body();
  body.begin(framing, length);
  body.keepsTrailers = true;
  const bytes = Buffer.from(wire, 'latin1');
  let out = '';
  let taken = 0;
  const ends = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  for (const end of [...ends, bytes.length]) {
    let pos = taken;
    let stuck = 0;
    while (pos < end && !body.done && !body.failed) {
      if (how === 'feed') {
        const upto = body.feed(bytes, pos, end);
        out += bytes.latin1Slice(pos, upto);
        pos = body.skip(bytes, upto, end);
      } else {
        const next = body.feedData(bytes, pos, end);
        out += bytes.latin1Slice(body.dataStart, body.dataEnd);
        // Only the end of an extension is seen without taking a byte.
        stuck = next > pos ? 0 : stuck + 1;
        assert.ok(stuck < 2 || body.failed, 'no progress');
        pos = next;
      }
    }
    taken = pos;
    if (body.done || body.failed) break;
  }
  return { out, taken, done: body.done, failed: body.failed, counted: body.counted, trailers: body.trailers };
}

/** What HAProxy counts of trailer lines: names and values. */
function trailersCount(lines: string): number {
  let count = 0;
  for (const line of lines.split('\n').slice(0, -1)) {
    const colon = line.indexOf(':');
    count += colon + line.slice(colon + 1).replace(/^[ \t]+/, '').length;
  }
  return count;
}

const cuts = fc.array(fc.nat(400), { maxLength: 12 });
const all = (wire: string) => Array.from({ length: wire.length }, (_, i) => i);

suite('body of a message', () => {
  test('a chunked body is found whole however it is cut, without its extensions', () => {
    fc.assert(
      fc.property(chunkedBody, cuts, fc.string({ maxLength: 5 }), (body, at, behind) => {
        for (const pieces of [[], at, all(body.wire)]) {
          const passed = run(Framing.chunked, 0, body.wire + behind, pieces, 'feed');
          assert.deepEqual(passed, {
            out: body.passed,
            taken: body.wire.length,
            done: true,
            failed: false,
            counted: body.data.length + trailersCount(body.trailers) + 1,
            trailers: body.trailers,
          });
          const data = run(Framing.chunked, 0, body.wire + behind, pieces, 'feedData');
          assert.deepEqual(data, { ...passed, out: body.data });
        }
      }),
      { numRuns: 500 },
    );
  });

  test('what is passed on is a chunked body of the same content', () => {
    fc.assert(
      fc.property(chunkedBody, (body) => {
        const again = run(Framing.chunked, 0, body.passed, [], 'feed');
        assert.equal(again.out, body.passed);
        assert.equal(again.counted, body.data.length + trailersCount(body.trailers) + 1);
      }),
    );
  });

  test('a body with a length ends there however it is cut', () => {
    fc.assert(
      fc.property(payload, fc.nat(30), cuts, (text, length, at) => {
        const outcome = run(Framing.length, length, text, at, 'feed');
        assert.equal(outcome.out, text.slice(0, length));
        assert.equal(outcome.taken, Math.min(length, text.length));
        assert.equal(outcome.done, text.length >= length);
        assert.deepEqual(run(Framing.length, length, text, at, 'feedData'), outcome);
      }),
    );
  });

  test('a body up to the close takes everything, none takes nothing', () => {
    assert.deepEqual(
      { ...run(Framing.close, 0, 'abc', [1], 'feed') },
      { out: 'abc', taken: 3, done: false, failed: false, counted: 3, trailers: '' },
    );
    assert.equal(run(Framing.none, 0, 'abc', [], 'feed').taken, 0);
  });

  test('broken bodies fail however they are cut, at no later a byte', () => {
    const mutated = fc.tuple(
      chunkedBody,
      fc.nat(200),
      fc.constantFrom('\n', '\r', 'g', ' ', '\0', '', '1', '\x7f', ':'),
      fc.boolean(),
    );
    fc.assert(
      fc.property(mutated, cuts, ([body, at, by, insert], pieces) => {
        const where = at % body.wire.length;
        const wire = body.wire.slice(0, where) + by + body.wire.slice(where + (insert ? 0 : 1));
        const whole = run(Framing.chunked, 0, wire, [], 'feed');
        const cut = run(Framing.chunked, 0, wire, pieces, 'feed');
        const bytewise = run(Framing.chunked, 0, wire, all(wire), 'feed');
        for (const other of [cut, bytewise]) {
          assert.deepEqual([other.done, other.failed, other.out], [whole.done, whole.failed, whole.out]);
        }
        const data = run(Framing.chunked, 0, wire, pieces, 'feedData');
        assert.deepEqual([data.done, data.failed, data.counted], [whole.done, whole.failed, whole.counted]);
        assert.equal(badChunk(Buffer.from(wire, 'latin1'), 0, wire.length) >= 0, whole.failed);
      }),
      { numRuns: 1000 },
    );
  });

  test('random bytes never throw and are never passed over', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), cuts, (bytes, at) => {
        const wire = Buffer.from(bytes).latin1Slice();
        const outcome = run(Framing.chunked, 0, wire, at, 'feed');
        assert.ok(outcome.taken <= wire.length);
        if (!outcome.failed && !outcome.done) assert.equal(outcome.taken, wire.length);
      }),
      { numRuns: 1000 },
    );
  });

  test('sizes, extensions and trailers have limits', () => {
    const fails = (wire: string) => run(Framing.chunked, 0, wire, [], 'feed').failed;
    assert.equal(fails('fffffffffffff\r\n'), false);
    assert.equal(fails('10000000000000\r\n'), true);
    assert.equal(fails(`1;${'x'.repeat(8000)}\r\na\r\n0\r\n\r\n`), false);
    assert.equal(fails(`1;${'x'.repeat(8200)}`), true);
    assert.equal(fails('1;x=yyyyyy\r\na\r\n'.repeat(1100)), true, 'extensions of many chunks count together');
    assert.equal(fails(`0\r\n${'a: b\r\n'.repeat(100)}\r\n`), false);
    assert.equal(fails(`0\r\n${'a: b\r\n'.repeat(101)}\r\n`), true);
    assert.equal(fails(`0\r\na: ${'x'.repeat(9000)}`), true);
  });

  test('a size may be followed by blanks only before an extension', () => {
    const fails = (wire: string) => run(Framing.chunked, 0, wire, [], 'feed').failed;
    for (const right of ['1\r\na\r\n', '1 ;x\r\na\r\n', '1;x\r\na\r\n', '01\r\na\r\n'])
      assert.equal(fails(right), false, right);
    for (const wrong of [
      '1 2\r\n',
      '1\na\r\n',
      ' 1\r\n',
      '-1\r\n',
      '0x1\r\n',
      '1\r\nab',
      '1\r\na\n',
      '\r\n',
      '1;\x01\r\n',
      '1\r\r\n',
    ]) {
      assert.equal(fails(wrong), true, JSON.stringify(wrong));
    }
  });
});
