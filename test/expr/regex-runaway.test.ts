import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import v8 from 'node:v8';
import fc from 'fast-check';
import { compileRegex } from '../../src/expr/regex.ts';

// With this flag of V8, `l` in a regular expression asks for the engine without backtracking: what it cannot take is a SyntaxError.
v8.setFlagsFromString('--enable-experimental-regexp-engine');

/** Whether matching ends in linear time: the engine without backtracking can take over. */
function isLinear({ source, flags }: RegExp): boolean {
  try {
    new RegExp(source, `${flags}l`);
    return true;
  } catch {
    return false;
  }
}

const KNOWN = [
  ...['(a+)+$', '(a|a)*$', '(a|aa)+$', '^(([a-z])+.)+[A-Z]([a-z])+$', '(.*)*x', '(a*)*b', '(x+x+)+y', '(a*?)*?b'],
  ...[
    '(?:.*a){20}',
    '(?:a{1,30}){1,30}$',
    '(?:(?:a{0,10}){0,10}){0,10}b',
    '^(?:a?){50}a{50}$',
    '(?:a{2,}){10,}b',
    '^(.*?,){11}P',
  ],
  ...[
    '([a-zA-Z0-9])(([.-]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+',
    '(\\w+\\s?)+$',
    '(?i)(a+)+$',
    '^(\\d+)*$',
    '(ab?c?)*d',
  ],
  ...[
    '(?:(?:a*)*)*b',
    '(a+)+\\b!',
    '^(?:.?)*$x',
    '(?:.{0,200}z){2}',
    '(\\S+\\s+)*z$',
    '([^,]*,)*[^,]*;',
    '[0-9a-f]{32}',
    '(.*a){20}',
  ],
];

test('patterns that are known to run away are matched in linear time', () => {
  for (const pattern of KNOWN) {
    const regex = compileRegex(pattern, false);
    assert.ok(!('error' in regex), `${pattern}: ${'error' in regex && regex.error}`);
    assert.ok(isLinear(regex), pattern);
  }
});

test('what could not be matched in linear time is refused', () => {
  for (const pattern of [
    '(a{1,30}){1,30}$',
    '(.*a){2,40}',
    '(a)\\1',
    '(?=a)b',
    '(?>a+)b',
    'a++b',
    '(?:a{1000}){1000}',
    '(a){99999}',
  ])
    assert.ok('error' in compileRegex(pattern, false), pattern);
});

const atom = fc.constantFrom('a', 'b', '.', '\\w', '[ab]', '[^b]', '\\d', 'x');
const quantifier = fc.oneof(
  fc.constantFrom('', '', '*', '+', '?', '*?', '+?'),
  fc.tuple(fc.nat(40), fc.nat(40)).map(([least, more]) => `{${least},${least + more}}`),
  fc.nat(40).map((n) => `{${n}}`),
  fc.nat(20).map((n) => `{${n},}`),
);
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4 },
    fc.tuple(atom, quantifier).map((parts) => parts.join('')),
    fc.tuple(fc.constantFrom('(', '(?:'), tie('pattern'), fc.constant(')'), quantifier).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('')),
    fc.tuple(tie('pattern'), tie('pattern')).map((parts) => parts.join('|')),
  ),
}));

test('each pattern is refused, or can be matched in linear time', () => {
  fc.assert(
    fc.property(pattern, fc.boolean(), (source, ignoreCase) => {
      const regex = compileRegex(source, ignoreCase);
      assert.ok('error' in regex || isLinear(regex), `${source} -> ${String(regex).slice(0, 200)}`);
    }),
    { numRuns: 3000 },
  );
});

test('a repetition that is written out matches what it did before', () => {
  const counted = fc.tuple(fc.constantFrom('a', '[ab]', '(?:ab|a)', '(?:a{2}b?)', '(ab?)'), fc.nat(24), fc.nat(6));
  fc.assert(
    fc.property(counted, fc.boolean(), fc.stringMatching(/^[ab]{0,40}$/), ([item, least, more], lazy, text) => {
      const bounds = item.startsWith('(ab') ? `{${least}}` : `{${least},${least + more}}`;
      const source = `^${item}${bounds}${lazy ? '?' : ''}b?`;
      const regex = compileRegex(source, false);
      assert.ok(!('error' in regex), source);
      assert.deepEqual(
        [...(regex.exec(text) ?? [])],
        [...(new RegExp(source).exec(text) ?? [])],
        `${source} on ${text}`,
      );
    }),
    { numRuns: 2000 },
  );
});

test('a match that backtracks without end is over soon', () => {
  // In a process of its own with the flag that Sluice runs with, as flags count from the first match on.
  const code = `
    const { compileRegex } = await import(${JSON.stringify(new URL('../../src/expr/regex.ts', import.meta.url).href)});
    const inputs = ['a'.repeat(4000) + '!', 'ab'.repeat(4000), 'a, '.repeat(2500), '1'.repeat(4000) + 'x', 'a.a-'.repeat(2000) + '@'];
    // Its own time of the processor: others may run meanwhile.
    const spent = () => process.threadCpuUsage().user / 1000;
    let worst = 0;
    for (const pattern of ${JSON.stringify(KNOWN)}) for (const input of inputs) {
      const regex = compileRegex(pattern, false);
      const start = spent();
      regex.test(input);
      worst = Math.max(worst, spent() - start);
    }
    process.stdout.write(String(worst));`;
  const flags = ['--enable-experimental-regexp-engine-on-excessive-backtracks', '--input-type=module', '-e', code];
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', timeout: 60_000 });
  assert.ok(Number(stdout) > 0 && Number(stdout) < 4000, `${stdout} ms ${stderr}`);
});

for (const pattern of ['.*a', 'x*y', '^.*x.*y', 'x*?y', '[a-w]*x+[0-9]', '(.*a){20}']) {
  test(`a text of 16 kB does not hold up ${pattern}, which is tried from each place`, () => {
    const regex = compileRegex(pattern, false);
    assert.ok(regex instanceof RegExp);
    const text = `${'x'.repeat(16_000)}!`;
    // The first time the engine makes itself ready.
    regex.test(text);
    const begin = process.threadCpuUsage().user;
    assert.equal(regex.test(text), false);
    const spent = (process.threadCpuUsage().user - begin) / 1000;
    assert.ok(spent < 150, `${spent} ms`);
  });
}

test('long texts are matched as short ones are, groups, places and replacements too', () => {
  const regex = compileRegex('(a+)(b*)-', false, 'g') as RegExp;
  for (const length of [10, 5000]) {
    const text = `${'c'.repeat(length)}aab-cc ab-a--`;
    assert.equal(text.replace(regex, '<$2$1>').slice(length), '<baa>cc <ba><a>-');
    regex.lastIndex = length + 1;
    const found = regex.exec(text)!;
    assert.deepEqual([found.index, ...found, regex.lastIndex], [length + 1, 'ab-', 'a', 'b', length + 4]);
    regex.lastIndex = 0;
  }
});
