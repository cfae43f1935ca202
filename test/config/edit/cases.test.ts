/**
 * Golden cases of edits: `*.case`. A title, then
 *
 *     === NAME.cfg [crlf] [from FILE]     a file before the edits (several are one configuration)
 *     === env                             NAME=value lines, for HAProxy
 *     === edits                           an edit a line (script.ts)
 *     === outcome                         the lines that differ after them, or why they cannot be made
 *
 * `node scripts/record-cases.ts` writes the outcomes; read what it wrote.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDocument } from '../../../src/config/document.ts';
import { applyEdits } from '../../../src/config/edit/apply-edits.ts';
import { filesOfCase, goldenCases } from '../golden.ts';
import { haproxyRefusal, haveHaproxy } from '../haproxy-check.ts';
import { outcomeText } from './outcome.ts';
import { editsOf } from './script.ts';

describe('golden cases of edits', () => {
  for (const golden of goldenCases(import.meta.dirname)) {
    const files = filesOfCase(golden);
    it(`${golden.name}: ${golden.title}`, { skip: files === null ? 'a file is not here' : false }, (t) => {
      const documents = files!.map(({ name, text }) => parseDocument(name, text));
      const edited = applyEdits(documents, editsOf(golden.part('edits')));
      assert.equal(outcomeText(documents, edited), golden.part('outcome'));
      if ('problems' in edited) return;
      if (!haveHaproxy) return t.diagnostic('no haproxy here');
      const env = golden.part('env');
      if (haproxyRefusal(documents, env) === '') assert.equal(haproxyRefusal(edited.documents, env), '');
      else t.diagnostic('HAProxy does not accept the file before the edits either');
    });
  }
});
