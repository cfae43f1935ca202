import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keyFromText, keyText, keyWord } from '../../../src/model/tables/keys.ts';

const form = (type: 'ip' | 'ipv6' | 'integer' | 'string' | 'binary', keyLength = 16) => ({ type, keyLength });
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

describe('keys of stick tables', () => {
  it('are read as they are written', () => {
    const CASES = [
      [form('ip'), bytes(4)],
      [form('integer'), bytes(4)],
      [form('binary', 8), bytes(8)],
      [form('ipv6'), bytes(16)],
    ] as const;
    const texts = fc.uint8Array({ maxLength: 16 }).filter((key) => !key.includes(0));
    fc.assert(
      fc.property(texts, (wanted) =>
        assert.deepEqual([...keyFromText(form('string'), keyText(form('string'), wanted))!], [...wanted]),
      ),
    );
    for (const [type, key] of CASES)
      fc.assert(
        fc.property(key, (wanted) => {
          const text = keyText(type, wanted);
          assert.deepEqual([...keyFromText(type, text)!], [...wanted], text);
          assert.equal(keyWord(type, wanted), text);
        }),
      );
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const key = keyFromText(form('string', 1000), text);
        if (key !== null) assert.equal(keyText(form('string', 1000), key), text);
      }),
    );
  });

  it('are one word of visible characters in listings', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (key) =>
        assert.match(keyWord(form('string'), key), /^([!-<>-[\]-~]|\\[ =\\tnrex])*$/),
      ),
    );
    assert.equal(keyWord(form('string'), Buffer.from('a b=c\\d\te\xff\n', 'latin1')), 'a\\ b\\=c\\\\d\\te\\xFF\\n');
  });

  it('are what HAProxy makes of a text', () => {
    const CASES = [
      [form('integer'), 'abc', '00000000'],
      [form('integer'), '5000000000', '2a05f200'],
      [form('integer'), '12x', '0000000c'],
      [form('ipv6'), '192.0.2.1', '00000000000000000000ffffc0000201'],
      [form('string', 3), 'abcdef', '616263'],
      [form('binary', 4), 'ab', 'ab000000'],
      [form('binary', 4), 'xy', null],
      [form('ip'), '1.2.3', null],
      [form('ip'), '::1', null],
    ] as const;
    for (const [type, text, hex] of CASES) {
      const key = keyFromText(type, text);
      assert.equal(key === null ? null : Buffer.from(key).toString('hex'), hex, `${type.type} ${text}`);
    }
  });
});
