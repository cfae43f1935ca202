import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { parseDocument } from '../../../src/config/document.ts';
import { writtenLine } from '../../../src/config/edit/words.ts';
import { CHILDREN } from '../../../src/dataplane/kinds/children.ts';
import { SECTIONS } from '../../../src/dataplane/kinds/sections.ts';
import type { Form } from '../../../src/dataplane/lines/form.ts';
import { match } from '../../../src/dataplane/lines/match.ts';
import { rewritten, statementOf } from '../../../src/dataplane/lines/write.ts';
import { fieldsOf, word } from './samples.ts';

const forms = [
  ...CHILDREN.flatMap(({ variants }) => variants.map(({ form }) => form)),
  ...SECTIONS.flatMap(({ rows }) => rows.map(({ form }) => form)),
];
/** Each once, but for those that are not written. */
const unique = [
  ...new Map(
    forms.filter(({ source }) => source !== '').map((form) => [`${form.source} ${form.fields.length}`, form]),
  ).values(),
];

function line(raw: string) {
  return parseDocument('x.cfg', `${raw}\n`).lines[0]!;
}

function written(form: Form, fields: Record<string, unknown>): string {
  const statement = statementOf(form, fields);
  if (typeof statement === 'object') assert.fail(`${form.source}: ${statement.field} ${statement.text}`);
  return statement;
}

suite('resources and lines', () => {
  test('what every form writes it reads back', () => {
    for (const form of unique)
      fc.assert(
        fc.property(fieldsOf(form), (fields) => {
          const statement = written(form, fields);
          assert.deepEqual({ ...match(form, writtenLine(line(statement)))?.fields }, fields, statement);
        }),
        { numRuns: 15 },
      );
  });

  test('a line that is written with its own fields stays byte for byte', () => {
    for (const form of unique)
      fc.assert(
        fc.property(fieldsOf(form), fc.constantFrom('', ' # why', '\t#x'), (fields, comment) => {
          const raw = `\t${written(form, fields).replaceAll(/ (?=\S+$)/g, '  ')}${comment}`;
          const own = match(form, writtenLine(line(raw)));
          if (own !== null) assert.equal(rewritten(form, line(raw), own.fields), raw);
        }),
        { numRuns: 10 },
      );
  });

  test('a line that is given other fields says these, and keeps its comment and what it has besides', () => {
    for (const form of unique) {
      const last = form.elements.at(-1);
      const open = last?.kind === 'options';
      fc.assert(
        fc.property(fieldsOf(form), fieldsOf(form), fc.stringMatching(/^zz[a-z]{3}$/), (before, after, unknown) => {
          const raw = `  ${written(form, before)}${open ? ` ${unknown}` : ''} # kept`;
          if (match(form, writtenLine(line(raw))) === null) return;
          const now = rewritten(form, line(raw), after);
          assert.ok(typeof now === 'string' && now.startsWith('  ') && now.endsWith(' # kept'), String(now));
          assert.ok(!open || now.includes(unknown), now);
          const again = match(form, writtenLine(line(now)));
          assert.deepEqual({ ...again?.fields }, after, `${raw}\n${now}`);
        }),
        { numRuns: 15 },
      );
    }
  });

  test('no text of a client puts another statement or a comment into a line', () => {
    const [server] = CHILDREN.find(({ path }) => path === 'servers')!.variants;
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, cookie) => {
        const statement = statementOf(server!.form, { name, address: '10.0.0.1', cookie, check: 'enabled' });
        if (typeof statement === 'object') return;
        assert.doesNotMatch(statement, /[\r\n]/);
        const { lines } = parseDocument('x.cfg', `${statement}\n`);
        assert.equal(lines.length, 1);
        assert.equal(lines[0]!.comment, '');
        assert.equal(match(server!.form, writtenLine(lines[0]!))?.fields['check'], 'enabled', statement);
      }),
    );
  });

  test('no word of a client begins a condition that he has not asked for', () => {
    const form = unique.find(({ source }) => source.includes('set-src-port <expr...>'))!;
    assert.equal(statementOf(form, { type: 'connection', expr: 'iffy' }), 'tcp-request connection set-src-port iffy');
    for (const [expr, word] of [
      ['if', 'if'],
      ['int(1) unless x', 'unless'],
      ['"if" x', 'if'],
    ] as const)
      assert.deepEqual(statementOf(form, { type: 'connection', expr }), {
        field: 'expr',
        text: `cannot have the word '${word}', which begins the condition`,
      });
  });

  test('words are generated in the forms that clients write', () => {
    assert.ok(fc.sample(word, 20).some((text) => text.startsWith('"')));
  });
});
