import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { NORMALIZERS } from '../../../src/traffic/rules/normalize-uri.ts';

/* normalized.json: what HAProxy 2.6 made of each target (record.ts). */

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'normalized.json'), 'utf8')) as Record<
  string,
  Record<string, string | null>
>;

function normalize(rule: string, target: string): string | null {
  const [name, option] = rule.split(' ');
  const row = NORMALIZERS.find((one) => one.name === name)!;
  const scheme = target.startsWith('/') ? -1 : target.indexOf('://');
  const start = scheme < 0 ? 0 : target.indexOf('/', scheme + 3);
  if (target[start] !== '/') return target;
  const mark = target.indexOf('?', start);
  const end = row.part === 'pathq' || mark < 0 ? target.length : mark;
  const normal = row.make(option !== undefined)(target.slice(start, end));
  return normal === null ? null : target.slice(0, start) + normal + target.slice(end);
}

for (const [rule, targets] of Object.entries(recorded)) {
  test(`${rule} makes of targets what HAProxy makes of them`, () => {
    for (const [target, expected] of Object.entries(targets)) assert.equal(normalize(rule, target), expected, target);
  });
}

test('what is normal stays as it is', () => {
  const target = fc
    .array(fc.constantFrom('/', '..', '.', 'a', '%41', '%2f', '?', '&', 'b=1', '#'), { maxLength: 12 })
    .map((parts) => `/${parts.join('')}`);
  // Decoding once may leave an escape that was not one before.
  const rules = Object.keys(recorded).filter((rule) => !rule.startsWith('percent-decode'));
  fc.assert(
    fc.property(fc.constantFrom(...rules), target, (rule, text) => {
      const once = normalize(rule, text);
      assert.equal(once === null ? null : normalize(rule, once), once);
    }),
  );
});
