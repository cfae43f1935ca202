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

  it('changes only the edited lines', () => {
    fc.assert(
      fc.property(file, fc.nat(), fc.constantFrom('insert', 'replace', 'remove'), (text, pick, edit) => {
        const document = parseDocument('x', text);
        if (document.lines.length === 0) return;
        const index = pick % document.lines.length;
        const before = document.lines.map((line) => line.raw);
        if (edit === 'insert') document.insert(index, 'maxconn 7');
        else if (edit === 'replace') document.replace(index, 'maxconn 7');
        else document.remove(index);
        const after = document.lines.map((line) => line.raw);
        if (edit === 'insert') assert.deepEqual([...after.slice(0, index), ...after.slice(index + 1)], before);
        else if (edit === 'remove') assert.deepEqual(after, [...before.slice(0, index), ...before.slice(index + 1)]);
        else assert.deepEqual(after.toSpliced(index, 1), before.toSpliced(index, 1));
        if (edit !== 'remove') assert.deepEqual(document.lines[index]!.words, ['maxconn', '7']);
        const again = parseDocument('x', document.print());
        if (edit !== 'replace' || before[index]!.trim() !== '')
          assert.deepEqual(
            again.lines.map((line) => line.words),
            document.lines.map((line) => line.words),
          );
      }),
    );
  });

  const text =
    'global\n\tmaxconn 10 # enough\n\nbackend app\n\tserver a 1.1.1.1:80   # first\n\tserver b 1.1.1.2:80\n\n# next\nbackend other\n  mode tcp\n';

  it('keeps indentation and comment of a replaced line', () => {
    const document = parseDocument('x', text);
    const app = document.section('backend', 'app')!;
    document.set(app, ['server', 'a'], 'server a 9.9.9.9:80 check');
    assert.equal(document.print(), text.replace('server a 1.1.1.1:80', 'server a 9.9.9.9:80 check'));
  });

  it('puts a new statement after the last one of its section, with its indentation', () => {
    const document = parseDocument('x', text);
    document.set(document.section('backend', 'app')!, ['balance'], 'balance leastconn');
    assert.equal(document.print(), text.replace('1.1.1.2:80\n', '1.1.1.2:80\n\tbalance leastconn\n'));
    document.set(document.section('backend', 'other')!, ['retries'], 'retries 2');
    assert.match(document.print(), / {2}mode tcp\n {2}retries 2\n$/);
  });

  it('replaces the first of several lines and takes the others away', () => {
    const document = parseDocument('x', text);
    document.set(document.section('backend', 'app')!, ['server'], 'server only 1.1.1.3:80');
    assert.match(document.print(), /backend app\n\tserver only 1\.1\.1\.3:80 {3}# first\n\n# next/);
  });

  it('adds a section, and removes one with all that is in it but not the comment of the next', () => {
    const document = parseDocument('x', text);
    document.addSection('backend third', ['mode http']);
    assert.match(document.print(), /mode tcp\n\nbackend third\n\tmode http\n$/);
    document.removeSection(document.section('backend', 'app')!);
    assert.match(document.print(), /# enough\n\n# next\nbackend other/);
  });

  it('gives a last line without end of line one before something follows', () => {
    const document = parseDocument('x', 'global\r\n maxconn 1');
    document.insert(2, 'daemon');
    assert.equal(document.print(), 'global\r\n maxconn 1\r\n daemon\r\n');
  });

  it('refuses a statement that would become two', () => {
    assert.throws(() => parseDocument('x', text).insert(1, 'a\nb'), RangeError);
  });
});
