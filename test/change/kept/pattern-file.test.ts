import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../src/change/change.ts';
import { editPatternFile } from '../../../src/change/kept/pattern-file.ts';
import { readPatterns } from '../../../src/model/patterns/read-patterns.ts';

const key = fc.constantFrom('a', 'b', 'c');
const value = fc.constantFrom('1', '2', 'two words');
const map = fc.constant('m');
const line = fc.oneof(
  fc.tuple(key, value).map(([k, v]) => `${k}  ${v}`),
  fc.constantFrom('# comment', '', '  # b 1', ' c\t1 '),
);
const change = fc.oneof(
  fc.record({ kind: fc.constant('map.set'), map, key, value }),
  fc.record({ kind: fc.constant('map.replace'), map, entries: fc.array(fc.tuple(key, value), { maxLength: 4 }) }),
  fc.record({ kind: fc.constant('map.clear'), map }),
) as fc.Arbitrary<Change>;

/** Entries as they are read. */
function entries(text: string): string[] {
  return [...readPatterns({ source: Buffer.from(text), keyed: true })].map((one) => `${one.key} ${one.value}`);
}

test('a file says what the Changes made, and has its comments and ends of lines', () => {
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), change, fc.constantFrom('\n', '\r\n'), (lines, one, end) => {
      const text = lines.map((each) => each + end).join('');
      const now = editPatternFile(text, [one])!;
      const before = entries(text);
      const wanted =
        one.kind === 'map.set'
          ? before.map((each) => (each.startsWith(`${one.key} `) ? `${one.key} ${one.value}` : each))
          : one.kind === 'map.replace' && 'length' in one.entries
            ? one.entries.map(([k, v]) => `${k} ${v}`)
            : [];
      assert.deepEqual(entries(now).toSorted(), wanted.toSorted());
      const comments = (all: string) => all.split(end).filter((each) => each === '# comment');
      assert.deepEqual(comments(now), comments(text));
      assert.equal(editPatternFile(now, [one]), now, 'a second time changes nothing');
    }),
  );
});

test('entries that are kept elsewhere, and letters that files may hold otherwise, are left to people', () => {
  assert.equal(editPatternFile('', [{ kind: 'map.replace', map: 'm', entries: { kept: 'x' } }]), null);
  assert.equal(editPatternFile('', [{ kind: 'map.add', map: 'm', key: 'ä', value: '1' }]), null);
});
