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
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Document, parseDocument } from '../../../src/config/document.ts';
import { applyEdits } from '../../../src/config/edit/apply-edits.ts';
import { filesOfCase, type GoldenCase, goldenCases } from '../golden.ts';
import { outcomeText } from './outcome.ts';
import { editsOf } from './script.ts';

const haproxy = spawnSync('/usr/sbin/haproxy', ['-v']).status === 0;

describe('golden cases of edits', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-edits-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What HAProxy says of a configuration; empty when it accepts it. */
  function refusal(documents: readonly Document[], golden: GoldenCase): string {
    const files = documents.map((document) => join(folder, document.name));
    for (const [i, document] of documents.entries()) writeFileSync(files[i]!, document.print());
    const env = golden.part('env').split('\n').filter(Boolean);
    const result = spawnSync('/usr/sbin/haproxy', ['-c', '-L', 'here', ...files.flatMap((file) => ['-f', file])], {
      encoding: 'utf8',
      env: { ...process.env, ...Object.fromEntries(env.map((line) => line.split(/=(.*)/s).slice(0, 2))) },
    });
    return result.status === 0 ? '' : result.stderr;
  }

  for (const golden of goldenCases(import.meta.dirname)) {
    const files = filesOfCase(golden);
    it(`${golden.name}: ${golden.title}`, { skip: files === null ? 'a file is not here' : false }, (t) => {
      const documents = files!.map(({ name, text }) => parseDocument(name, text));
      const edited = applyEdits(documents, editsOf(golden.part('edits')));
      assert.equal(outcomeText(documents, edited), golden.part('outcome'));
      if ('problems' in edited) return;
      if (!haproxy) return t.diagnostic('no haproxy here');
      if (refusal(documents, golden) === '') assert.equal(refusal(edited.documents, golden), '');
      else t.diagnostic('HAProxy does not accept the file before the edits either');
    });
  }
});
