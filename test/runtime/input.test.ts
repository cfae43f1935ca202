import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Input } from '../../src/runtime/input.ts';

/** Pushes bytes cut at the given places, taking whatever can be taken in between. */
function takeAll(
  bytes: Buffer,
  cuts: readonly number[],
  take: (input: Input) => ReturnType<Input['line']>,
): (string | 'too-long')[] {
  const input = new Input();
  const taken: string[] = [];
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  let start = 0;
  for (const end of ends) {
    input.push(bytes.subarray(start, end));
    start = end;
    for (;;) {
      const next = take(input);
      if (next.kind === 'got') taken.push(next.value);
      else if (next.kind === 'too-long') return [...taken, 'too-long'];
      else break;
    }
  }
  return taken;
}

const lineText = fc.string({ maxLength: 20, unit: fc.constantFrom('a', 'b', ' ', ';', '\\', 'ß') });

describe('input', () => {
  it('gives the same lines however it is cut', () => {
    fc.assert(
      fc.property(fc.array(lineText), fc.array(fc.nat()), fc.constantFrom('\n', '\r\n'), (lines, cuts, end) => {
        const bytes = Buffer.from(lines.map((line) => line + end).join(''));
        assert.deepEqual(
          takeAll(bytes, cuts, (input) => input.line(1000)),
          lines,
        );
      }),
    );
  });

  it('gives the same payload however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(lineText),
        fc.constantFrom('', 'END', '%EOF%'),
        fc.array(fc.nat()),
        fc.constantFrom('\n', '\r\n'),
        (lines, pattern, cuts, end) => {
          fc.pre(!lines.includes(pattern));
          const bytes = Buffer.from([...lines, pattern].map((line) => line + end).join(''));
          assert.deepEqual(
            takeAll(bytes, cuts, (input) => input.payload(pattern, 1000)),
            [lines.join('\n')],
          );
        },
      ),
    );
  });

  it('refuses a line from its limit on, whole or not', () => {
    assert.deepEqual(
      takeAll(Buffer.from('123456789\n'), [], (input) => input.line(10)),
      ['123456789'],
    );
    assert.deepEqual(
      takeAll(Buffer.from('1234567890\n'), [], (input) => input.line(10)),
      ['too-long'],
    );
    assert.deepEqual(
      takeAll(Buffer.from('1234567890'), [], (input) => input.line(10)),
      ['too-long'],
    );
  });

  it('refuses a payload from its limit on', () => {
    assert.deepEqual(
      takeAll(Buffer.from('aaaa\nbbbb\n\n'), [], (input) => input.payload('', 11)),
      ['aaaa\nbbbb'],
    );
    assert.deepEqual(
      takeAll(Buffer.from('aaaa\nbbbb\ncccc\n'), [3, 7], (input) => input.payload('', 11)),
      ['too-long'],
    );
  });

  it('keeps what follows a payload for the next line', () => {
    const input = new Input();
    input.push(Buffer.from('x y\n\nshow info\n'));
    assert.deepEqual(input.payload('', 100), { kind: 'got', value: 'x y' });
    assert.deepEqual(input.line(100), { kind: 'got', value: 'show info' });
    assert.equal(input.length, 0);
  });
});
