import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DATA_TYPES } from '../../../src/config/tables/data-types.ts';
import {
  BLOCK_PREFIX,
  BlockWriter,
  blockSize,
  checkBlock,
  decodeBlock,
  decodeHead,
  encodeHead,
  StateDamage,
  type StateEntry,
  type StateHead,
} from '../../../src/model/tables/state-codec.ts';

const uint = fc.nat({ max: 0xffffffff });

const column = fc.constantFrom(...DATA_TYPES).chain((row) =>
  fc.record({
    id: fc.constant(row.id),
    kind: fc.constant(row.kind),
    length: row.array ? fc.integer({ min: 1, max: 5 }) : fc.constant(1),
    period: row.kind === 'rate' ? fc.integer({ min: 1, max: 2 ** 31 - 1 }) : fc.constant(0),
  }),
);

const anyHead: fc.Arbitrary<StateHead> = fc.record({
  table: fc.string(),
  type: fc.constantFrom('ip', 'ipv6', 'integer', 'string', 'binary'),
  keyLength: fc.integer({ min: 1, max: 40 }),
  savedAt: fc.nat(),
  writer: fc.string(),
  columns: fc.uniqueArray(column, { selector: ({ id }) => id, maxLength: 8 }),
});

function entryOf({ type, keyLength, columns }: StateHead): fc.Arbitrary<StateEntry> {
  const values = columns.flatMap(({ kind, length }) =>
    Array.from({ length: length * (kind === 'rate' ? 3 : 1) }, (): fc.Arbitrary<number> => {
      if (kind === 'ull') return fc.maxSafeNat();
      if (kind === 'sint') return fc.integer();
      return kind === 'dict' ? fc.constant(0) : uint;
    }),
  );
  const keeps = columns.some(({ kind }) => kind === 'dict');
  return fc.record({
    key: fc.uint8Array({ minLength: type === 'string' ? 0 : keyLength, maxLength: keyLength }),
    idle: uint,
    values: fc.tuple(...values).map((list) => [...list]),
    text: keeps
      ? fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), maxLength: 255 })
      : fc.constant(''),
  });
}

const anyState = anyHead.chain((head) =>
  fc.record({ head: fc.constant(head), entries: fc.array(entryOf(head), { maxLength: 30 }) }),
);

function encode(head: StateHead, entries: readonly StateEntry[]): Buffer {
  const blocks = new BlockWriter(head);
  const parts: Buffer[] = [encodeHead(head)];
  for (const entry of entries) if (blocks.add(entry)) parts.push(Buffer.from(blocks.take()!));
  const last = blocks.take();
  if (last !== null) parts.push(Buffer.from(last));
  return Buffer.concat([...parts, blocks.end()]);
}

/** Reads a whole file as bytes; throws StateDamage. */
function decode(bytes: Buffer): { head: StateHead; entries: StateEntry[] } {
  const { head, end } = decodeHead(bytes);
  const entries: StateEntry[] = [];
  const into: StateEntry = { key: new Uint8Array(0), idle: 0, values: [], text: '' };
  for (let at = end; ; ) {
    if (bytes.length < at + BLOCK_PREFIX) throw new StateDamage('short');
    const prefix = bytes.subarray(at, at + BLOCK_PREFIX);
    const size = blockSize(prefix);
    const block = bytes.subarray(at, at + BLOCK_PREFIX + size.bytes);
    if (block.length < BLOCK_PREFIX + size.bytes) throw new StateDamage('short');
    checkBlock(block);
    if (size.bytes === 0) {
      assert.equal(at + BLOCK_PREFIX, bytes.length);
      if (size.count !== entries.length) throw new StateDamage('count');
      return { head, entries };
    }
    decodeBlock(block, head, into, () =>
      entries.push({ ...into, key: Uint8Array.from(into.key), values: [...into.values] }),
    );
    at += block.length;
  }
}

describe('state files of stick tables', () => {
  it('are read as they were written', () => {
    fc.assert(
      fc.property(anyState, ({ head, entries }) => {
        assert.deepEqual(decode(encode(head, entries)), structuredClone({ head, entries }));
      }),
    );
  });

  it('are read over many blocks', () => {
    const head: StateHead = {
      ...{ table: 't', type: 'string', keyLength: 1000, savedAt: 1, writer: 'w' },
      columns: [{ id: 2, kind: 'uint', length: 1, period: 0 }],
    };
    const entries = Array.from({ length: 2000 }, (_, i) => ({
      ...{ key: new Uint8Array(1000).fill(i), idle: i, values: [i], text: '' },
    }));
    assert.deepEqual(decode(encode(head, entries)).entries, entries);
  });

  it('are never taken for whole when a byte of them is another one, or when they are cut off', () => {
    fc.assert(
      fc.property(anyState, fc.nat(), fc.integer({ min: 1, max: 255 }), ({ head, entries }, where, flip) => {
        const bytes = encode(head, entries);
        const damaged = Buffer.from(bytes);
        damaged[where % bytes.length]! ^= flip;
        assert.throws(() => decode(damaged), StateDamage);
        assert.throws(() => decode(bytes.subarray(0, where % bytes.length)), StateDamage);
      }),
    );
  });
});
