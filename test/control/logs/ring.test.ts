import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { MemoryRing } from '../../../src/control/logs/ring.ts';

const settings = (size: number) => ({ description: 'test', format: 'raw' as const, maxLength: 1024, size });
const stored = (lines: readonly string[]) => lines.reduce((sum, line) => sum + line.length + 2, 0);
const line = fc.integer({ min: 0, max: 60 }).map((length) => 'x'.repeat(length));

describe('a ring', () => {
  it('keeps the last lines that fit', () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 200 }), fc.integer({ min: 62, max: 500 }), (lines, size) => {
        const ring = new MemoryRing('r', settings(size));
        const numbered = lines.map((text, i) => `${i}`.padEnd(Math.max(3, text.length), 'x'));
        for (const text of numbered) ring.write(text);
        const kept = ring.lines();
        assert.deepEqual(kept, numbered.slice(numbered.length - kept.length));
        assert.ok(stored(kept) <= size);
        const next = numbered[numbered.length - kept.length - 1];
        if (next !== undefined) assert.ok(stored(kept) + next.length + 2 > size, 'one more would have fitted');
        assert.equal(ring.dropped, 0);
      }),
    );
  });

  it('keeps as much as HAProxy: 96 of 120 lines in 16384 bytes', () => {
    const ring = new MemoryRing('dead', settings(16_384));
    for (let i = 1; i <= 120; i++) ring.write(`127.0.0.1 "GET /${i} HTTP/1.1" `.padEnd(i < 100 ? 167 : 168, 'x'));
    assert.equal(ring.lines().length, 96);
    assert.match(ring.lines()[0]!, /\/25 /);
  });

  it('drops a line that is larger than itself', () => {
    const ring = new MemoryRing('r', settings(100));
    ring.write('kept');
    ring.write('x'.repeat(99));
    assert.deepEqual(ring.lines(), ['kept']);
    assert.equal(ring.dropped, 1);
    ring.write('next');
    assert.deepEqual(ring.lines(), ['kept', '1 event dropped', 'next']);
  });

  it('tells its followers each new line until they leave', () => {
    const ring = new MemoryRing('r', settings(1000));
    ring.write('before');
    const seen: string[] = [];
    const leave = ring.follow((text) => seen.push(text));
    ring.write('one');
    ring.write('two');
    leave();
    ring.write('three');
    assert.deepEqual(seen, ['one', 'two']);
  });

  it('gives readers every line once, from the oldest on, though it overwrites', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(line, fc.constant(null)), { maxLength: 3000 }), (steps) => {
        const ring = new MemoryRing('r', settings(300));
        const reader = ring.reader();
        let written = 0;
        let last = -1;
        for (const step of steps) {
          if (step !== null) ring.write(`${written++}`);
          else {
            const next = reader.next();
            if (next === null) assert.equal(last, written - 1);
            else {
              assert.ok(Number(next) > last);
              last = Number(next);
            }
          }
        }
        const rest = [];
        for (let next = reader.next(); next !== null; next = reader.next()) rest.push(next);
        assert.deepEqual(rest, ring.lines().slice(ring.lines().length - rest.length));
        if (rest.length > 0) assert.equal(rest.at(-1), String(written - 1));
      }),
    );
  });

  it('drops new lines rather than those that a holding reader has not read, and says how many', () => {
    const ring = new MemoryRing('r', settings(50));
    const reader = ring.reader();
    reader.hold(true);
    for (let i = 0; i < 20; i++) ring.write(`line ${i}`);
    assert.equal(ring.lines().length, 6);
    assert.equal(ring.dropped, 14);
    for (let i = 0; i < 6; i++) assert.equal(reader.next(), `line ${i}`);
    assert.equal(reader.next(), null);
    ring.write('after');
    assert.equal(reader.next(), '14 events dropped');
    assert.equal(reader.next(), 'after');
    reader.close();
    for (let i = 0; i < 20; i++) ring.write(`more ${i}`);
    assert.equal(ring.lines().at(-1), 'more 19');
    assert.equal(ring.dropped, 14);
  });

  it('keeps what fits when its size changes', () => {
    const ring = new MemoryRing('r', settings(1000));
    for (let i = 0; i < 50; i++) ring.write(`line ${i}`);
    ring.configure({ ...settings(30), description: 'smaller' });
    assert.deepEqual(ring.lines(), ['line 47', 'line 48', 'line 49']);
    assert.equal(ring.description, 'smaller');
  });
});
