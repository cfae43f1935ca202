import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Document, parseDocument } from '../../../src/config/document.ts';
import { applyEdits } from '../../../src/config/edit/apply-edits.ts';
import type { Edit } from '../../../src/config/edit/edit.ts';
import { loadConfig } from '../../../src/config/load.ts';
import type { ServerConfig } from '../../../src/config/types.ts';

/** A `server` line as people write it, with and without what the edits are about. */
const line = fc
  .tuple(
    fc.constantFrom('  ', '\t', '    '),
    fc.constantFrom(' ', '  ', '\t'),
    fc.uniqueArray(
      fc.constantFrom(
        'weight 10',
        'weight "20"',
        'check',
        'no-check',
        'backup',
        'disabled',
        'enabled',
        'maxconn 5',
        "cookie 'a b'",
      ),
      { maxLength: 5 },
    ),
    fc.constantFrom('', ' # note', '\t#server z 10.0.0.9:80'),
  )
  .map(
    ([indent, gap, words, comment]) =>
      (name: string) =>
        `${indent}server${gap}${[name, '127.0.0.1:80', ...words].join(gap)}${comment}`,
  );

const file = fc
  .tuple(
    fc.array(line, { minLength: 1, maxLength: 4 }),
    fc.constantFrom(
      '',
      '  default-server check\n',
      '  default-server weight 30 backup disabled\n',
      '\tdefault-server no-check maxconn 7\n',
    ),
    fc.constantFrom('', '# about the next\n', '\n'),
    fc.constantFrom('\n', '\r\n'),
  )
  .map(([lines, defaults, between, end]) => {
    const servers = lines.map((write, i) => `${between}${write(`s${i}`)}\n`).join('');
    const text = `defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n${defaults}\nbackend app # the app\n${servers}\n# last\nbackend other\n  server s0 127.0.0.1:81\n`;
    return { text: text.replaceAll('\n', end), count: lines.length };
  });

const target = { backend: 'app', server: 's0' };
const edit: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({
    op: fc.constant('server.set' as const),
    backend: fc.constant('app'),
    server: fc.constant('s0'),
    keyword: fc.constantFrom('weight', 'maxconn'),
    value: fc.integer({ min: 1, max: 256 }).map(String),
  }),
  fc.record({
    op: fc.constant('server.set' as const),
    backend: fc.constant('app'),
    server: fc.constant('s0'),
    keyword: fc.constantFrom('cookie'),
    value: fc.string({ unit: 'grapheme-ascii', minLength: 1, maxLength: 12 }),
  }),
  fc.record({
    op: fc.constant('server.flag' as const),
    backend: fc.constant('app'),
    server: fc.constant('s0'),
    keyword: fc.constantFrom('check', 'backup', 'disabled'),
    on: fc.boolean(),
  }),
);

function edited(document: Document, ...edits: Edit[]): Document {
  const result = applyEdits([document], edits);
  if ('problems' in result) assert.fail(result.problems.map(({ text }) => text).join('\n'));
  return result.documents[0]!;
}

function serverOf(document: Document, name = 's0'): ServerConfig {
  const { config, diagnostics } = loadConfig({ texts: [{ name: 'x', text: document.print() }], env: {} });
  assert.ok(config, diagnostics.map(({ text }) => text).join('\n'));
  return config.proxies.find((proxy) => proxy.name === 'app')!.servers.find((server) => server.name === name)!;
}

/** What the configuration says of what an edit is about. */
function valueOf(server: ServerConfig, { keyword }: { readonly keyword: string }): unknown {
  if (keyword === 'check') return server.check !== null;
  return server[keyword as 'weight' | 'maxconn' | 'cookie' | 'backup' | 'disabled'];
}

function wanted(change: Edit): unknown {
  if (change.op === 'server.flag') return change.on;
  if (change.op !== 'server.set') throw new Error('no such edit here');
  return change.keyword === 'cookie' ? change.value : Number(change.value);
}

describe('an edit of a server', () => {
  it('is what the configuration says when it is read again, and of no other server', () => {
    fc.assert(
      fc.property(file, edit, ({ text, count }, change) => {
        const document = parseDocument('x', text);
        const after = edited(document, change);
        assert.deepEqual(valueOf(serverOf(after), change as { keyword: string }), wanted(change));
        for (let i = 1; i < count; i++) assert.deepEqual(serverOf(after, `s${i}`), serverOf(document, `s${i}`));
      }),
    );
  });

  it('changes its own line only', () => {
    fc.assert(
      fc.property(file, edit, ({ text }, change) => {
        const document = parseDocument('x', text);
        const after = edited(document, change);
        const index = document.lines.findIndex(({ words }) => words[0] === 'server');
        assert.equal(after.lines.length, document.lines.length);
        for (const [i, own] of document.lines.entries()) if (i !== index) assert.deepEqual(after.lines[i], own);
        const [a, b] = [document.lines[index]!, after.lines[index]!];
        assert.deepEqual([b.indent, b.comment, b.end], [a.indent, a.comment, a.end]);
      }),
    );
  });

  it('made twice changes nothing the second time', () => {
    fc.assert(
      fc.property(file, edit, ({ text }, change) => {
        const once = edited(parseDocument('x', text), change);
        assert.equal(edited(once, change).print(), once.print());
      }),
    );
  });

  it('that set what was not there is undone by taking it away', () => {
    const plain = fc.constantFrom<[string, string]>(
      ['weight', '3'],
      ['maxconn', '9'],
      ['cookie', 'x y'],
      ['port', '7'],
    );
    fc.assert(
      fc.property(file, plain, ({ text }, [keyword, value]) => {
        const document = parseDocument('x', text);
        const own = document.lines.find(({ words }) => words[0] === 'server')!;
        fc.pre(!own.words.includes(keyword));
        const set = edited(document, { op: 'server.set', ...target, keyword, value });
        assert.equal(edited(set, { op: 'server.unset', ...target, keyword }).print(), text);
      }),
    );
  });

  it('that changed a value is undone by setting the old one, quotes and all', () => {
    fc.assert(
      fc.property(file, fc.constantFrom('10.0.0.7', 'fd00::7', 'app.example.com'), ({ text }, host) => {
        const document = parseDocument('x', text);
        const there = edited(document, { op: 'server.address', ...target, host, port: '8080' });
        assert.notEqual(there.print(), text);
        assert.equal(edited(there, { op: 'server.address', ...target, host: '127.0.0.1', port: '80' }).print(), text);
      }),
    );
  });

  it('that adds a line is undone by removing it', () => {
    fc.assert(
      fc.property(file, fc.array(fc.constantFrom('check', 'backup', 'weight 5')), ({ text }, words) => {
        const document = parseDocument('x', text);
        const more: Edit = {
          op: 'server.append',
          backend: 'app',
          server: 'new',
          address: '127.0.0.1:99',
          words: words.flatMap((word) => word.split(' ')),
        };
        const longer = edited(document, more);
        assert.equal(longer.lines.length, document.lines.length + 1);
        assert.deepEqual(serverOf(longer, 'new').address, { ...serverOf(document).address, port: 99, portEnd: 99 });
        assert.equal(edited(longer, { op: 'server.remove', backend: 'app', server: 'new' }).print(), text);
      }),
    );
  });
});

describe('an edit of a statement', () => {
  const section = { kind: 'backend', name: 'app' };

  it('is undone by taking away what was not there', () => {
    fc.assert(
      fc.property(file, fc.integer({ min: 1, max: 9999 }), ({ text }, value) => {
        const set = edited(parseDocument('x', text), {
          op: 'statement.set',
          section,
          keyword: 'fullconn',
          values: [`${value}`],
        });
        const [added] = set.lines.filter(({ words }) => words[0] === 'fullconn');
        assert.deepEqual(added!.words, ['fullconn', `${value}`]);
        assert.equal(edited(set, { op: 'statement.unset', section, keyword: 'fullconn' }).print(), text);
      }),
    );
  });

  it('that disables a section is undone by enabling it', () => {
    fc.assert(
      fc.property(file, ({ text }) => {
        const off = edited(parseDocument('x', text), { op: 'section.disabled', section, on: true });
        assert.equal(off.lines.filter(({ words }) => words[0] === 'disabled').length, 1);
        assert.equal(edited(off, { op: 'section.disabled', section, on: false }).print(), text);
      }),
    );
  });
});

describe('edits of any text', () => {
  it('never throw', () => {
    const piece = fc.constantFrom(
      'backend app\n',
      'server',
      ' s0',
      ' 1.1.1.1:80',
      '\n',
      '\r\n',
      ' weight',
      ' "',
      "'",
      ' $X',
      ` "\${X[*]}"`,
      '\\\n',
      ' #',
      ' 5',
      '.if x\n',
      '.else\n',
      '.endif\n',
      'default-server',
      'global\n',
      ' maxconn',
      '\0',
      'é',
    );
    const any: fc.Arbitrary<Edit> = fc.oneof(
      edit,
      fc.constantFrom<Edit>(
        { op: 'server.append', backend: 'app', server: 'n', address: '1.1.1.1:1', words: [] },
        { op: 'server.remove', ...target },
        { op: 'server.unset', ...target, keyword: 'weight' },
        { op: 'server.address', ...target, host: '10.0.0.1', port: '1' },
        { op: 'server.rename', ...target, name: 'z' },
        { op: 'statement.set', section: { kind: 'global', name: '' }, keyword: 'maxconn', values: ['7'] },
        { op: 'section.remove', section: { kind: 'backend', name: 'app' } },
        { op: 'section.disabled', section: { kind: 'backend', name: 'app' }, on: true },
        { op: 'section.append', title: ['backend', 'new'], statements: [['mode', 'tcp']] },
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(any, { maxLength: 4 }), (pieces, edits) => {
        const document = parseDocument('x', pieces.join(''));
        const result = applyEdits([document], edits);
        if ('problems' in result) return assert.ok(result.problems.every(({ text }) => text !== ''));
        const [after] = result.documents;
        const again = parseDocument('x', after!.print());
        assert.equal(again.print(), after!.print());
        return assert.deepEqual(
          again.lines.map(({ words }) => words),
          after!.lines.map(({ words }) => words),
        );
      }),
      { numRuns: 2000 },
    );
  });
});
