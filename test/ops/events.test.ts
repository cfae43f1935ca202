import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { EVENTS } from '../../src/ops/events.ts';
import { folder, runCase } from './run-case.ts';

/** The events of all cases, told as JSON. */
async function events(): Promise<Readonly<Record<string, unknown>>[]> {
  const found: Record<string, unknown>[] = [];
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.case'))) {
    // What is read or refused as a word brings no events.
    if (!/^--- target$/m.test(readFileSync(join(folder, file), 'utf8'))) continue;
    const { got } = await runCase(file, ['--json']);
    for (const line of got.stdout.split('\n'))
      if (line !== '') found.push(JSON.parse(line.replace(/":N(?=[,}])/g, '":0')));
  }
  return found;
}

test('every event has the fields that the reference names, and the last one is the end', async () => {
  const all = await events();
  const seen = new Set<string>();
  for (const { event, ...fields } of all) {
    const row = EVENTS[event as keyof typeof EVENTS];
    assert.ok(row, String(event));
    assert.deepEqual(Object.keys(fields).sort(), [...row.fields].sort(), String(event));
    seen.add(String(event));
  }
  // Without anything that is done beside Changes in the cases, an act is not told; nor what is told of several load balancers.
  assert.deepEqual(
    [...seen].sort(),
    Object.keys(EVENTS)
      .filter((name) => !['act', 'fleet', 'wave', 'result'].includes(name))
      .sort(),
  );
});
