import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Change } from '../../../src/change/change.ts';
import { independentGroups } from '../../../src/change/remote/independent.ts';
import { payloads } from '../../../src/change/remote/patterns.ts';

const drain = (backend: string, server: string): Change => ({ kind: 'server.state', backend, server, to: 'drain' });
const set = (map: string, key: string): Change => ({ kind: 'map.set', map, key, value: 'x' });
const clear = (map: string): Change => ({ kind: 'map.clear', map });

function sizes(...changes: Change[]): number[] {
  return independentGroups(changes).map(({ length }) => length);
}

describe('groups of changes', () => {
  it('are about different things', () => {
    assert.deepEqual(sizes(), []);
    assert.deepEqual(sizes(drain('a', '1'), drain('a', '2'), drain('b', '1')), [3]);
    assert.deepEqual(sizes(drain('a', '1'), { kind: 'server.del', backend: 'a', server: '1' }), [1, 1]);
    assert.deepEqual(sizes(set('m', 'a'), set('m', 'b'), clear('m'), set('m', 'a')), [2, 1, 1]);
    assert.deepEqual(sizes({ kind: 'backend.del', backend: 'a' }, drain('a', '1')), [1, 1]);
    assert.deepEqual(sizes({ kind: 'cert.new', path: 'a', pem: null }, { kind: 'cert.del', path: 'b' }), [1, 1]);
  });

  it('have those that are named by number for themselves', () => {
    assert.deepEqual(sizes(drain('a', '1'), drain('a', '#1'), drain('a', '2')), [1, 1, 1]);
    assert.deepEqual(sizes(drain('#3', '1'), drain('a', '1')), [1, 1]);
  });

  it('are the changes in their order', () => {
    const name = fc.constantFrom('a', 'b', '#1');
    const change = fc.oneof(
      fc.tuple(name, name).map(([backend, server]) => drain(backend, server)),
      fc.tuple(name, name).map(([map, key]) => set(map, key)),
      name.map(clear),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const groups = independentGroups(changes);
        assert.deepEqual(groups.flat(), changes);
        for (const group of groups) assert.equal(new Set(group.map((one) => JSON.stringify(one))).size, group.length);
      }),
    );
  });
});

describe('payloads', () => {
  it('hold all lines in their order, and no more bytes than HAProxy takes', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', ' '), minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.array(line), fc.integer({ min: 1, max: 200 }), (lines, most) => {
        const made = [...payloads(lines, most)];
        assert.deepEqual(
          made.flatMap((payload) => payload.split('\n')),
          lines,
        );
        for (const payload of made) assert.ok(Buffer.byteLength(payload) < most || !payload.includes('\n'));
      }),
    );
  });
});
