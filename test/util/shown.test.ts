import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { shown, shownJson } from '../../src/util/shown.ts';

for (const [what, text, expected] of [
  ['text as it is', 'bäckend "be" 日本 👍', 'bäckend "be" 日本 👍'],
  ['ends of lines', 'a\nb\r\nc\u0085d\u2028e\u2029', 'a\\nb\\x0d\\nc\\x85d\\u2028e\\u2029'],
  ['what steers a terminal', '\x1b[2J\x9b1m\x07\x7f\t\0', '\\x1b[2J\\x9b1m\\x07\\x7f\\t\\x00'],
  ['what turns the direction of writing', 'a\u202eb\u2066c\u061c', 'a\\u202eb\\u2066c\\u061c'],
  ['what is not seen', 'a\u00ad\u200b\ufeff\u180e\u2065\u206a', 'a\\xad\\u200b\\ufeff\\u180e\\u2065\\u206a'],
  ['letters of tags', 'a\u{e0041}\u{e007f}', 'a\\u{e0041}\\u{e007f}'],
  ['halves of pairs', 'a\ud800b\udc00', 'a\\ud800b\\udc00'],
  ['the backslash, which begins all of these', '\\x1b', '\\\\x1b'],
] as const)
  test(`${what}: shown within a line`, () => assert.equal(shown(text), expected));

const texts = fc.string({ unit: 'binary' });

test('nothing that is shown ends a line, and what was meant can be told', () => {
  fc.assert(
    fc.property(texts, texts, (one, other) => {
      assert.doesNotMatch(shown(one), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      assert.equal(shown(one) === shown(other), one === other);
    }),
  );
});

test('JSON says the same, on one line', () => {
  fc.assert(
    fc.property(texts, (text) => {
      const json = shownJson({ [text]: text });
      assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      assert.deepEqual(JSON.parse(json), { [text]: text });
    }),
  );
  assert.equal(shownJson('\u{e0041}\\n\ufeff'), '"\\udb40\\udc41\\\\n\\ufeff"');
});
