import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from '../../src/config/document.ts';

const root = new URL('../../', import.meta.url).pathname;
const examples = [
  ...globSync('examples/**/*.cfg', { cwd: root }).map((file) => root + file),
  ...globSync('test/config/cases/*.case', { cwd: root }).map((file) => root + file),
  ...globSync('/etc/haproxy/haproxy.cfg'),
];

const statement = fc.constantFrom(
  'global',
  'frontend www',
  'backend app',
  'mode http',
  'bind :80',
  'server a 10.0.0.1:80 check # the first',
  'option httplog',
  'log-format "%ci # %ST"',
  "http-request deny if { path '/a b' }",
  'server b 10.0.0.2:80 \\\n     backup',
  'timeout client 1s',
  '.if defined(X)',
  '.endif',
  '',
);
const line = fc.tuple(
  fc.constantFrom('', '  ', '\t', '    '),
  statement,
  fc.constantFrom('', '  ', ' # note', '\t#'),
  fc.constantFrom('\n', '\n', '\r\n'),
);
const file = fc.tuple(fc.array(line, { maxLength: 30 }), fc.boolean()).map(([lines, cut]) => {
  const text = lines.map((parts) => parts.join('')).join('');
  return cut ? text.replace(/\r?\n$/, '') : text;
});

describe('a document', () => {
  for (const path of examples) {
    it(`prints ${path.replace(root, '')} as it was`, () => {
      const text = readFileSync(path, 'utf8');
      assert.equal(parseDocument(path, text).print(), text);
    });
  }

  it('prints generated files as they were', () => {
    fc.assert(fc.property(file, (text) => assert.equal(parseDocument('x', text).print(), text)));
  });

  it('prints any text as it was, and numbers its lines', () => {
    const piece = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom('\n', '\r\n', '\\\n', '\\', '#', '"', "'"),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        const text = pieces.join('');
        const document = parseDocument('x', text);
        assert.equal(document.print(), text);
        let number = 1;
        for (const { raw, number: own } of document.lines) {
          assert.equal(own, number);
          number += 1 + raw.split('\n').length - 1;
        }
      }),
    );
  });

  it('changes only the lines that are replaced', () => {
    const raw = fc.constantFrom('maxconn 7', '\tdaemon # now', '');
    fc.assert(
      fc.property(file, fc.nat(), fc.nat(2), fc.array(raw, { maxLength: 2 }), (text, pick, remove, raws) => {
        const document = parseDocument('x', text);
        const at = pick % (document.lines.length + 1);
        const before = document.lines.map((line) => line.raw);
        const after = document.spliced(at, remove, raws);
        const wanted = before.toSpliced(at, remove, ...raws);
        if (text !== '' && !text.endsWith('\n') && wanted.at(-1) === '') wanted.pop();
        assert.deepEqual(
          after.lines.map((line) => line.raw),
          wanted,
        );
        assert.equal(document.print(), text, 'the document itself stays as it was');
        assert.deepEqual(parseDocument('x', after.print()).lines, after.lines);
      }),
    );
  });

  it('keeps the ends of lines, and whether the last line has one', () => {
    const document = parseDocument('x', 'global\r\n maxconn 1');
    const longer = document.spliced(2, 0, [' daemon']);
    assert.equal(longer.print(), 'global\r\n maxconn 1\r\n daemon');
    assert.equal(longer.spliced(2, 1, []).print(), document.print());
  });

  it('refuses a statement that would become two', () => {
    assert.throws(() => parseDocument('x', 'global\n').spliced(1, 0, ['a\nb']), RangeError);
  });
});
