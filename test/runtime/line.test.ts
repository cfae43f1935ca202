import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { splitLine, splitWords } from '../../src/runtime/line.ts';

/** Writes a word so that it is read back as it is. */
function quote(word: string): string {
  return word.replace(/[\\ \t;]/g, '\\$&');
}

const word = fc.string({
  minLength: 1,
  maxLength: 12,
  unit: fc.constantFrom('a', 'Z', '0', ' ', '\t', ';', '\\', '"', '<', 'é', '/'),
});

describe('words of a command', () => {
  it('are what was quoted, for any words', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (words) =>
        assert.deepEqual(splitWords(words.map(quote).join(' \t')), words),
      ),
    );
  });

  it('lose a backslash at the end', () => {
    assert.deepEqual(splitWords('a b\\'), ['a', 'b']);
  });

  it('can be empty in number', () => {
    assert.deepEqual(splitWords(' \t '), []);
  });
});

describe('commands of a line', () => {
  it('are what was quoted and joined, for any words', () => {
    const command = fc.array(word, { minLength: 1, maxLength: 4 }).filter((words) => !words.at(-1)!.startsWith('<<'));
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 5 }), (commands) => {
        const line = commands.map((words) => words.map(quote).join(' ')).join(';');
        assert.deepEqual(
          splitLine(line).map((part) => splitWords(part.text)),
          commands,
        );
      }),
    );
  });

  it('announce a payload by their last word only', () => {
    const patterns = (line: string) => splitLine(line).map((part) => part.pattern);
    assert.deepEqual(patterns('add map f <<'), ['']);
    assert.deepEqual(patterns('show info;add map f <<END'), [null, 'END']);
    assert.deepEqual(patterns('add map f <<;show info'), [null, null]);
    assert.deepEqual(patterns('add map f<<'), [null]);
    assert.deepEqual(patterns('add map f\\ <<'), [null]);
    assert.deepEqual(patterns('add map f\\\\ <<'), ['']);
    assert.deepEqual(patterns('add map f << x'), [null]);
    assert.deepEqual(patterns(`add map f <<${'E'.repeat(64)}`), ['E'.repeat(64)]);
    assert.deepEqual(patterns(`add map f <<${'E'.repeat(65)}`), [null]);
  });

  it('end at a NUL byte', () => {
    assert.deepEqual(splitLine('show info\0;show stat <<'), [{ text: 'show info', pattern: null }]);
  });
});
