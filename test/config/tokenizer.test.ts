import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { tokenize } from '../../src/config/tokenizer.ts';

const nothing = () => undefined;
const words = (line: string, env: Record<string, string> = {}) => tokenize(line, (name) => env[name]).words;

/** A word written so that it reads back as itself. */
function quoted(word: string, style: 'double' | 'single' | 'bare'): string {
  if (style === 'single' && !word.includes("'")) return `'${word}'`;
  if (style === 'bare' && word !== '') return word.replace(/[ \t\\#'"]/g, (c) => (c === '\t' ? '\\t' : `\\${c}`));
  return `"${word.replace(/[\\"$]/g, (c) => `\\${c}`)}"`;
}

const wordText = fc.string({
  unit: fc.constantFrom(...'abz019 \t\\#\'"$%{}[]()-_./é☃'.split('')),
  minLength: 1,
  maxLength: 12,
});
const style = fc.constantFrom('double' as const, 'single' as const, 'bare' as const);

describe('the tokenizer', () => {
  it('reads back every word however it is quoted', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wordText, style), { minLength: 1, maxLength: 20 }), (items) => {
        const line = items.map(([word, how]) => quoted(word, how)).join(' ');
        const { words: found, error } = tokenize(line, nothing);
        assert.equal(error, null);
        assert.deepEqual(
          found,
          items.map(([word]) => word),
        );
      }),
    );
  });

  it('tells where each word stands', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(wordText, style), { minLength: 1, maxLength: 8 }), (items) => {
        const line = `  ${items.map(([word, how]) => quoted(word, how)).join('   ')} # comment`;
        const { words: found, starts, ends, comment } = tokenize(line, nothing);
        for (const [i, word] of found.entries()) {
          assert.deepEqual(tokenize(line.slice(starts[i], ends[i]), nothing).words, [word]);
        }
        assert.equal(line.slice(comment), '# comment');
      }),
    );
  });

  it('never throws and never makes more words than the limit, whatever the line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (line) => {
        const { words: found, starts, ends } = tokenize(line, () => 'a b');
        assert.ok(found.length <= 64 && found.length === starts.length && found.length === ends.length);
      }),
    );
  });

  it('writes bytes given in hexadecimal', () => {
    assert.deepEqual(words('\\x41\\x20b "\\xc3\\xa9" \\xff'), ['A b', 'é', '\udcff']);
    assert.deepEqual(words('"💀\\xc3\\xa9"'), ['💀é']);
  });

  it('expands a list into words and drops it when it is empty', () => {
    const list = '"$' + '{LIST[*]}"';
    assert.deepEqual(words(`a ${list} z`, { LIST: 'b c  d' }), ['a', 'b', 'c', 'd', 'z']);
    assert.deepEqual(words(`a x${list}y z`, { LIST: 'b c' }), ['a', 'xb', 'cy', 'z']);
    assert.deepEqual(words(`a ${list} z`), ['a', 'z']);
  });

  it('refuses a line of more than 64 words, and one that variables blow up', () => {
    const many = Array.from({ length: 65 }, (_, i) => `w${i}`).join(' ');
    assert.equal(tokenize(many, nothing).error?.text, 'too many words, truncating after word 64, position 246: <w63>.');
    const big = 'x'.repeat(100_000);
    const bomb = tokenize(`"${'$A'.repeat(1000)}"`, () => big);
    assert.equal(bomb.error?.reason, 'length');
  });
});
