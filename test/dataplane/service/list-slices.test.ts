import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { isLongList, listSlices } from '../../../src/dataplane/service/list-slices.ts';

async function whole(text: string): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const part of listSlices(Buffer.from(text))) all.push(...part);
  return all;
}

suite('long lists in JSON', () => {
  test('are what the parser makes of them, whatever is in their texts', async () => {
    const filler = Array.from({ length: 3000 }, (_, i) => ({ key: `h${i}"],[{\\`, value: '\\"' }));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue()), fc.constantFrom(0, 1), async (values, indent) => {
        const list = [...values, ...filler, ...values];
        assert.deepEqual(await whole(JSON.stringify(list, null, indent)), JSON.parse(JSON.stringify(list)));
      }),
      { numRuns: 30 },
    );
  });

  test('come in parts, so that others have their turn', async () => {
    const bytes = Buffer.from(JSON.stringify(Array.from({ length: 20_000 }, (_, i) => `entry ${i} of a list`)));
    assert.ok(isLongList(bytes));
    let parts = 0;
    for await (const part of listSlices(bytes)) parts += part.length > 0 ? 1 : 0;
    assert.ok(parts >= 4, String(parts));
  });

  test('are refused where they are none', async () => {
    for (const text of ['[1, 2', '[1] x', '[1, "x]', '[}', '[1,,2]', '[1 2]', '["a\\x"]'])
      await assert.rejects(whole(text), SyntaxError, text);
    assert.ok(!isLongList(Buffer.from('{"a": 1}')));
  });
});
