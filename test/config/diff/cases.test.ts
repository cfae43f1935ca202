/**
 * Golden cases of differences: `*.case`. A title, then
 *
 *     === old NAME.cfg [from FILE]     a file of the configuration before (several are one configuration)
 *     === new NAME.cfg [from FILE]     a file of the one after
 *     === edits                        in place of new files: edits of the old ones (test/config/edit/script.ts)
 *     === on haproxy                   for a real HAProxy
 *     === outcome                      the plan
 *
 * `node scripts/record-cases.ts` writes the outcomes; read what it wrote.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { planChanges } from '../../../src/config/diff/plan-changes.ts';
import { planText } from '../../../src/config/diff/text.ts';
import { goldenCases } from '../golden.ts';
import { sidesOfCase } from './sides.ts';

describe('golden cases of differences', () => {
  for (const golden of goldenCases(import.meta.dirname)) {
    it(`${golden.name}: ${golden.title}`, () => {
      assert.equal(planText(planChanges(...sidesOfCase(golden))), golden.part('outcome'));
    });
  }
});
