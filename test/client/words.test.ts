/** What is written is what HAProxy splits back. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { commandBytes, commandLine, hasEmptyLine } from '../../src/client/words.ts';
import { splitLine, splitWords } from '../../src/runtime/line.ts';

const unit = fc.oneof(
  fc.constantFrom(' ', '\t', ';', '\\', '<', '"', "'", '#', '@', '*', 'a', 'é'),
  fc.string({ minLength: 1, maxLength: 1 }),
);
const word = fc.string({ unit, minLength: 1, maxLength: 12 }).filter((text) => !/[\n\r\0]/.test(text));

describe('a command line', () => {
  it('splits back into its words, as one command without a payload', () => {
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 8 }), (words) => {
        const parts = splitLine(commandLine(words));
        assert.equal(parts.length, 1);
        assert.equal(parts[0]!.pattern, null);
        assert.deepEqual(splitWords(parts[0]!.text), words);
      }),
    );
  });

  it('announces a payload that ends where it is meant to', () => {
    const line = fc.string({ unit: fc.constantFrom('a', ' ', 'E', '0', '<', '\\', ';'), maxLength: 4 });
    fc.assert(
      fc.property(fc.array(line, { minLength: 1, maxLength: 12 }), (lines) => {
        const payload = lines.join('\n');
        const [first, ...rest] = commandBytes(['add', 'map', 'm'], payload).toString().split('\n');
        const [part] = splitLine(first!);
        assert.deepEqual(splitWords(part!.text), ['add', 'map', 'm']);
        const body = rest.slice(0, rest.indexOf(part!.pattern!));
        assert.equal(body.join('\n'), payload.replace(/\n+$/, ''));
        assert.deepEqual(rest.slice(rest.indexOf(part!.pattern!)), [part!.pattern, '']);
        assert.equal(part!.pattern === '', !hasEmptyLine(payload));
        assert.ok(part!.pattern!.length <= 7);
      }),
    );
  });
});
