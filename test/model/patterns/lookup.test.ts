import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { newHasher } from '../../../src/model/patterns/hash.ts';
import { INDEX_KINDS } from '../../../src/model/patterns/keys.ts';
import { indexesFor, PatternLookup, type TextMatch } from '../../../src/model/patterns/lookup.ts';
import { PatternMemory, WritablePatternMemory } from '../../../src/model/patterns/memory.ts';
import { PatternStore } from '../../../src/model/patterns/store.ts';

/** A store with all indexes, a reader of it, and the same patterns as a list. */
async function world() {
  const memory = new WritablePatternMemory(async () => {});
  const hasher = newHasher();
  await memory.reserve(200_000);
  const store = new PatternStore(
    memory,
    hasher,
    INDEX_KINDS.map((_, i) => i),
  );
  const reader = new PatternMemory(memory.chunks);
  const lookup = new PatternLookup(reader, hasher, { header: store.header, indexes: store.indexes });
  return { memory, store, lookup };
}

/** What a look-up should find among patterns in order. */
type Model = (patterns: readonly string[], value: string) => string | undefined;

const words = (text: string, delimiters: string): string[] => {
  const found: string[] = [];
  for (let from = 0; from <= text.length; from++) {
    if (from > 0 && !delimiters.includes(text[from - 1]!)) continue;
    for (let to = from + 1; to <= text.length; to++)
      if (to === text.length || delimiters.includes(text[to]!)) found.push(text.slice(from, to));
  }
  return found;
};
const trim = (text: string, delimiters: string) => {
  const escaped = delimiters.replace(/[?.]/g, '\\$&');
  return text.replace(new RegExp(`^[${escaped}]+|[${escaped}]+$`, 'g'), '');
};

const models: Readonly<Record<TextMatch, Model>> = {
  str: (patterns, value) => patterns.find((pattern) => pattern === value),
  beg: (patterns, value) =>
    patterns
      .filter((pattern) => value.startsWith(pattern))
      .reduce<string | undefined>(
        (best, one) => (best === undefined || one.length > best.length ? one : best),
        undefined,
      ),
  end: (patterns, value) => patterns.find((pattern) => value.endsWith(pattern)),
  sub: (patterns, value) => patterns.find((pattern) => value.includes(pattern)),
  dir: (patterns, value) => patterns.find((pattern) => words(value, '/?').includes(trim(pattern, '/?'))),
  dom: (patterns, value) => patterns.find((pattern) => words(value, '/?.:').includes(trim(pattern, '/?.:'))),
};

const alphabet = fc.constantFrom('a', 'b', 'A', '/', '.', '?');
const text = fc.array(alphabet, { maxLength: 6 }).map((chars) => chars.join(''));

for (const match of Object.keys(models) as TextMatch[]) {
  for (const ignoreCase of [false, true]) {
    test(`'${match}'${ignoreCase ? ' -i' : ''} finds what a look at each pattern finds`, async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            text.filter((one) => one !== ''),
            { maxLength: 30 },
          ),
          fc.array(text, { maxLength: 20 }),
          async (patterns, values) => {
            const { store, lookup } = await world();
            for (const pattern of patterns) store.add(store.current, pattern, '');
            const find = lookup.text(match, ignoreCase);
            const fold = (one: string) => (ignoreCase ? one.toLowerCase() : one);
            // Without case it is a list in HAProxy: the first, not the longest.
            const model =
              match === 'beg' && ignoreCase
                ? (all: readonly string[], value: string) => all.find((one) => value.startsWith(one))
                : models[match];
            for (const value of values) {
              const entry = find(value);
              const expected = model(patterns.map(fold), fold(value));
              assert.equal(
                entry === 0 ? undefined : fold(lookup.key(entry)),
                expected,
                `${value} in ${patterns.join(' ')}`,
              );
            }
          },
        ),
        { numRuns: 60 },
      );
    });
  }
}

const int = fc.oneof(fc.integer({ min: -20, max: 20 }), fc.constantFrom(0, 2 ** 31, -(2 ** 31), 2 ** 32, 2 ** 53 - 1));
const range = fc.oneof(
  int.map(String),
  fc.tuple(int, int).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`),
  int.map((a) => `${a}:`),
  int.map((a) => `:${a}`),
);

test('integers are found in the first range in order that has them', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(range, { maxLength: 12 }), fc.array(int), async (patterns, values) => {
      const { store, lookup } = await world();
      for (const pattern of patterns) store.add(store.current, pattern, '');
      const find = lookup.int();
      for (const value of values) {
        const expected = patterns.find((pattern) => {
          const [from, to = from] = pattern.split(':');
          return (from === '' || value >= Number(from)) && (to === '' || value <= Number(to));
        });
        const entry = find(value);
        assert.equal(entry === 0 ? undefined : lookup.key(entry), expected, String(value));
      }
    }),
    { numRuns: 100 },
  );
});

test('integers of 64 bits are found at both ends', async () => {
  const { store, lookup } = await world();
  for (const pattern of ['9223372036854775807', '-9223372036854775807', '9007199254740993:9007199254740995'])
    store.add(store.current, pattern, '');
  const find = lookup.int();
  const key = (value: number | bigint) => (find(value) === 0 ? null : lookup.key(find(value)));
  assert.equal(key(2n ** 63n - 1n), '9223372036854775807');
  // HAProxy takes no pattern for the least of them.
  assert.equal(key(-(2n ** 63n)), null);
  assert.equal(key(1n - 2n ** 63n), '-9223372036854775807');
  assert.equal(key(9007199254740994n), '9007199254740993:9007199254740995');
  assert.equal(key(0), null);
});

test('addresses are found in the most specific network', async () => {
  const { store, lookup } = await world();
  const networks = [
    '10.0.0.0/8',
    '10.1.0.0/16',
    '10.1.2.3',
    '0.0.0.0/0',
    '192.168.0.0/255.255.0.255',
    '2001:db8::/32',
    '2001:db8::1',
    '::ffff:172.16.0.0/108',
  ];
  for (const network of networks) store.add(store.current, network, '');
  const find = lookup.address();
  const key = (value: string) => (find(value) === 0 ? null : lookup.key(find(value)));
  assert.equal(key('10.1.2.3'), '10.1.2.3');
  assert.equal(key('10.1.2.4'), '10.1.0.0/16');
  assert.equal(key('10.2.2.4'), '10.0.0.0/8');
  assert.equal(key('192.168.77.0'), '192.168.0.0/255.255.0.255');
  assert.equal(key('192.168.77.1'), '0.0.0.0/0');
  assert.equal(key('2001:db8::1'), '2001:db8::1');
  assert.equal(key('2001:db8::2'), '2001:db8::/32');
  assert.equal(key('2001:db9::2'), null);
  assert.equal(key('::ffff:10.1.9.9'), '10.1.0.0/16');
  assert.equal(key('::ffff:172.16.0.1'), '::ffff:172.16.0.0/108');
});

test('bytes are found by their hexadecimal form', async () => {
  const { store, lookup } = await world();
  store.add(store.current, '00ff80', 'x');
  assert.equal(lookup.value(lookup.bytes()('\x00\xff\x80')), 'x');
  assert.equal(lookup.bytes()('\x00\xff'), 0);
});

test('a kind of matching says which indexes it needs', () => {
  const names = (...args: Parameters<typeof indexesFor>) => indexesFor(...args).map((at) => INDEX_KINDS[at]!.name);
  assert.deepEqual(names('beg', false), ['text']);
  assert.deepEqual(names('sub', true), ['text -i']);
  assert.deepEqual(names('dom', true), ['dom -i']);
  assert.deepEqual(names('ip', false), ['ipv4', 'ipv6']);
  assert.deepEqual(names('len', false), ['int']);
});
