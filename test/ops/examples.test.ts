/** What the page of each operation shows is what happens: its example is played on Sluice and on HAProxy. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it, test } from 'node:test';
import { OPERATIONS } from '../../src/ops/registry.ts';
import { type Played, type Product, play, UNTOLD, withoutNumbers } from './examples/play.ts';

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'examples/told.json'), 'utf8')) as Readonly<
  Record<Product, Played>
>;

/** Lines in any order: moments of a second have none. */
function comparable(output: string): string[] {
  return withoutNumbers(output).split('\n').sort();
}

for (const product of ['sluice', 'haproxy'] as const) {
  const skip = product === 'haproxy' && !existsSync('/usr/sbin/haproxy') ? 'haproxy is not installed' : false;
  describe(`examples on ${product}`, { skip }, () => {
    const ends: (() => unknown)[] = [];
    let played: Played;
    before(async () => {
      played = await play({ after: (end) => ends.push(end) }, product);
    });
    after(async () => {
      for (const end of ends.toReversed()) await end();
    });

    for (const [name, told] of Object.entries(recorded[product]))
      it(`${name} does what its page shows`, () => {
        assert.deepEqual(
          played[name]?.map(({ command }) => command),
          told.map(({ command }) => command),
          'run scripts/record-operations.ts',
        );
        for (const [i, { command, output }] of told.entries())
          assert.deepEqual(comparable(played[name]![i]!.output), comparable(output), command);
      });
  });
}

test('every operation has an example that is played, or one that is played elsewhere', () => {
  const without = OPERATIONS.map(({ name }) => name).filter((name) => !(name in recorded.sluice) && !(name in UNTOLD));
  assert.deepEqual(without, []);
  for (const file of Object.values(UNTOLD)) assert.ok(existsSync(join(import.meta.dirname, '../..', file)), file);
});
