/**
 * Golden cases of kept Changes: `*.case`. A title, then
 *
 *     === NAME.cfg [crlf] [from FILE]     a configuration file
 *     === changes                         a Change a line, as JSON
 *     === outcome                         the lines of the files that differ then, and what is not kept there
 *
 * `node scripts/record-cases.ts` writes the outcomes; read what it wrote.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { keepChanges } from '../../../src/change/keep-changes.ts';
import { parseDocument } from '../../../src/config/document.ts';
import { filesOfCase, goldenCases } from '../../config/golden.ts';
import { haproxyRefusal, haveHaproxy } from '../../config/haproxy-check.ts';
import { changesOf, keptText } from './outcome.ts';

describe('golden cases of kept changes', () => {
  for (const golden of goldenCases(import.meta.dirname)) {
    it(`${golden.name}: ${golden.title}`, (t) => {
      const documents = filesOfCase(golden)!.map(({ name, text }) => parseDocument(name, text));
      const kept = keepChanges(changesOf(golden.part('changes')), documents);
      assert.equal(keptText(documents, kept), golden.part('outcome'));
      if (!haveHaproxy) return t.diagnostic('no haproxy here');
      if (/HAProxy 3/.test(golden.title)) return t.diagnostic('newer than the haproxy here');
      assert.equal(haproxyRefusal(documents), '');
      assert.equal(haproxyRefusal(kept.documents), '');
    });
  }
});
