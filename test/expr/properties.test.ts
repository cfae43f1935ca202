import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compileAclTerm } from '../../src/expr/acl/acl.ts';
import { compileAcls, compileCondition } from '../../src/expr/acl/condition.ts';
import { NetworkSet } from '../../src/expr/acl/networks.ts';
import { type ArgKind, parseGrammar } from '../../src/expr/args.ts';
import { compileExpression } from '../../src/expr/compile.ts';
import { CONVERTERS } from '../../src/expr/converters/index.ts';
import { FETCHES } from '../../src/expr/fetches/index.ts';
import { formatIpv4, formatIpv6, parseIpv4, parseIpv6 } from '../../src/expr/ip.ts';
import { ALIASES } from '../../src/expr/log/aliases.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import { compileRegex } from '../../src/expr/regex.ts';
import { place } from '../../src/expr/row.ts';
import { isError, readSint, SINT_MAX, SINT_MIN, saturate, sintToBytes } from '../../src/expr/sample.ts';
import { asciiLower, asciiUpper } from '../../src/expr/text.ts';
import { context } from './context.ts';

const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
const env = { places: place.frontendHttpRequest | place.backendHttpRequest, proxy: 'be' };

const noAcls = compileAcls([], env).acls;

const argument = fc.oneof(
  fc.constantFrom(
    '1',
    '0',
    '-1',
    '99',
    'txn.a',
    'be',
    'be/s1',
    'abc',
    '24',
    '"q,)"',
    "'x'",
    '0102',
    '$.a',
    '(a|b)+',
    'connect',
  ),
  fc.string({ maxLength: 6 }),
);
/** Arguments that a grammar takes, mostly. */
const ARGUMENTS: Partial<Record<ArgKind, fc.Arbitrary<string>>> = {
  integer: fc.constantFrom('0', '1', '2', '-1', '224', '9999999999'),
  'IPv4 address': fc.constant('10.1.2.3'),
  'IPv6 address': fc.constant('2001:db8::1'),
  'IPv4 mask': fc.constantFrom('0', '24', '255.0.255.0'),
  'IPv6 mask': fc.constantFrom('0', '48', 'ffff::'),
  server: fc.constant('be/s1'),
  backend: fc.constantFrom('be', ''),
  frontend: fc.constant('fe'),
  'Protocol buffers field number': fc.constantFrom('1', '2.1'),
  string: fc.oneof(
    fc.constantFrom(
      '1',
      'txn.a',
      'abc',
      'sha256',
      'utf8s',
      'ms',
      'int',
      'for',
      'query',
      'connect',
      'username',
      '0102',
      'true',
    ),
    fc.string({ maxLength: 6 }).map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`),
  ),
};

function call(row: { readonly name: string; readonly args: string }): fc.Arbitrary<string> {
  const { kinds, required } = parseGrammar(row.args);
  const given = fc.tuple(...kinds.map((kind) => ARGUMENTS[kind] ?? argument));
  return fc
    .tuple(given, fc.integer({ min: required, max: kinds.length }))
    .map(([args, count]) => (count === 0 ? row.name : `${row.name}(${args.slice(0, count).join(',')})`));
}

const wild = fc
  .tuple(fc.constantFrom('str', 'hdr', 'upper', 'bogus', ''), fc.array(argument, { maxLength: 4 }))
  .map(([called, args]) => `${called}(${args.join(',')})`);
const anyFetch = fc.oneof(...FETCHES.map(call), call({ name: 'req.hdr', args: '[string]' }), wild);
const anyConverter = fc.oneof(...CONVERTERS.map(call), wild);
const expression = fc
  .tuple(anyFetch, fc.array(anyConverter, { maxLength: 3 }))
  .map(([fetch, converters]) => [fetch, ...converters].join(','));
const request = fc.record({
  uri: fc.oneof(
    bytes,
    fc.webUrl(),
    bytes.map((text) => `/${text}?${text}`),
  ),
  headers: fc.array(
    fc
      .tuple(fc.constantFrom('host', 'cookie', 'authorization', 'x', 'accept-language'), bytes)
      .map((pair) => [...pair]),
  ),
  requestPayload: bytes,
});

describe('any input', () => {
  test('is compiled or refused as an expression, and evaluates without throwing', () => {
    let compiled = 0;
    fc.assert(
      fc.property(expression, request, (text, parts) => {
        const parsed = compileExpression([text], env);
        if (isError(parsed)) {
          assert.equal(typeof parsed.error, 'string');
          return;
        }
        compiled++;
        const ctx = context(parts);
        const value = parsed.compiled.evaluate(ctx);
        if (value !== undefined) parsed.compiled.typeOf(value);
        parsed.compiled.scan?.(ctx, () => false);
      }),
      { numRuns: 3000 },
    );
    assert.ok(compiled > 900, `only ${compiled} were compiled`);
  });

  test('goes through each converter without throwing', () => {
    const chains = CONVERTERS.flatMap(({ name: converter, args }) => {
      const tries = args === '' ? [''] : ['(1)', '(1,1)', '(a,b)', '(1,a)', '(txn.a)', '(connect,username)', '(24,32)'];
      return tries.flatMap((given) => {
        const parsed = compileExpression([`req.hdr(x),${converter}${given}`], env);
        const direct = isError(parsed) ? compileExpression([`req.body,${converter}${given}`], env) : parsed;
        return isError(direct) ? [] : [direct.compiled];
      });
    });
    fc.assert(
      fc.property(bytes, (value) => {
        const ctx = context({ headers: [['x', value]], requestPayload: value });
        for (const { evaluate } of chains) evaluate(ctx);
      }),
      { numRuns: 200 },
    );
  });

  test('is compiled or refused as a log-format', () => {
    const piece = fc.oneof(
      fc.constantFrom('%', '%%', ' ', '%[', ']', '%{+Q}', '%{+X,-Q}', '%(a)', '%o', '\\'),
      fc.constantFrom(...ALIASES.map((row) => `%${row.name}`)),
      expression.map((text) => `%[${text}]`),
      bytes,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), request, fc.boolean(), (pieces, parts, line) => {
        const format = compileLogFormat(pieces.join(''), { places: place.logs }, { line });
        if (!isError(format)) assert.equal(typeof format.format(context(parts)), 'string');
      }),
      { numRuns: 2000 },
    );
  });

  test('is compiled or refused as a condition', () => {
    const word = fc.oneof(
      fc.constantFrom('{', '}', '!', 'or', '||', '-i', '-m', 'beg', 'int', 'reg', '-f', '--', 'gt', '5', '1:2', 'TRUE'),
      expression,
      fc.string({ maxLength: 5 }),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 10 }), request, (words, parts) => {
        const condition = compileCondition(['if', ...words], noAcls, env);
        if (!isError(condition)) assert.equal(typeof condition.test(context(parts)), 'boolean');
        compileAclTerm(words, env);
      }),
      { numRuns: 2000 },
    );
  });

  test('is compiled or refused as a regular expression', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '(',
        ')',
        '[',
        ']',
        '[^',
        '[[:alpha:]]',
        '\\',
        '\\d',
        '\\b',
        '\\Q',
        '\\E',
        '\\1',
        '*',
        '+?',
        '{2,3}',
        '|',
      ),
      fc.constantFrom('(?i)', '(?:', '(?=', '(?<n>', '(?>', '^', '$', '.', 'a-z', '\\x41', '{'),
      bytes,
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.boolean(), bytes, (pieces, ignoreCase, text) => {
        const regex = compileRegex(pieces.join(''), ignoreCase);
        if (regex instanceof RegExp) regex.test(text);
      }),
      { numRuns: 3000 },
    );
  });
});

describe('regular expressions', () => {
  test('ignore the case of ASCII letters only where told to', () => {
    const letters = fc.string({ unit: fc.constantFrom(...'abzAZ09_ -\xe4\xc4'), maxLength: 8 });
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const quoted = pattern.replace(/[^A-Za-z0-9]/g, '\\$&').replaceAll('\\_', '_');
        const exact = compileRegex(`^${quoted}$`, false) as RegExp;
        const loose = compileRegex(`^${quoted}$`, true) as RegExp;
        const fold = (s: string) => s.replace(/[A-Z]/g, (c) => c.toLowerCase());
        assert.equal(exact.test(text), pattern === text);
        assert.equal(loose.test(text), fold(pattern) === fold(text));
      }),
    );
  });
});

describe('addresses', () => {
  test('survive being printed and parsed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (address) => {
        assert.equal(parseIpv4(formatIpv4(address)), address);
      }),
    );
    const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        assert.deepEqual(parseIpv6(formatIpv6(groups)), groups);
      }),
    );
  });

  test('are found in a list exactly when one of its networks holds them', () => {
    const network = fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }));
    fc.assert(
      fc.property(
        fc.array(network, { maxLength: 20 }),
        fc.integer({ min: 0, max: 0xffffffff }),
        (networks, address) => {
          const set = new NetworkSet();
          for (const [base, bits] of networks) assert.ok(set.add(`${formatIpv4(base)}/${bits}`));
          set.seal();
          const near = networks.map(([base, bits]) => (bits === 0 ? base : (base ^ (1 << (32 - bits))) >>> 0));
          for (const candidate of [address, ...networks.map(([base]) => base), ...near]) {
            const expected = networks.some(([base, bits]) => {
              const mask = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
              return (candidate & mask) >>> 0 === (base & mask) >>> 0;
            });
            assert.equal(set.has(formatIpv4(candidate)), expected);
            assert.equal(set.has(`::ffff:${formatIpv4(candidate)}`), expected);
          }
        },
      ),
    );
  });
});

describe('integers', () => {
  test('are read exactly over 64 bits, and stop at the limits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: SINT_MIN * 3n, max: SINT_MAX * 3n }), (value) => {
        const expected = value > SINT_MAX ? SINT_MAX : value < SINT_MIN ? SINT_MIN : value;
        const read = readSint(`${value}xyz`);
        assert.equal(BigInt(read), expected);
        assert.equal(
          typeof read === 'number',
          Number.isSafeInteger(Number(expected)) && BigInt(Number(expected)) === expected,
        );
        assert.equal(saturate(value), read);
        assert.equal(Buffer.from(sintToBytes(read), 'latin1').readBigInt64BE(), expected);
      }),
    );
  });

  test('add, multiply and divide as 64-bit integers that saturate', () => {
    const sint = fc.oneof(fc.bigInt({ min: SINT_MIN, max: SINT_MAX }), fc.integer().map(BigInt));
    const clamp = (value: bigint) => (value > SINT_MAX ? SINT_MAX : value < SINT_MIN ? SINT_MIN : value);
    fc.assert(
      fc.property(sint, sint, (a, b) => {
        const of = (converter: string) => {
          const parsed = compileExpression([`int(${a}),${converter}(${b})`], env);
          assert.ok(!isError(parsed));
          return BigInt(parsed.compiled.evaluate(context()) as number | bigint);
        };
        assert.equal(of('add'), clamp(a + b));
        assert.equal(of('sub'), clamp(a - b));
        assert.equal(of('mul'), clamp(a * b));
        assert.equal(of('and'), BigInt.asIntN(64, a & b));
        assert.equal(of('xor'), BigInt.asIntN(64, a ^ b));
        if (b !== 0n) {
          assert.equal(of('div'), clamp(a / b));
          assert.equal(of('mod'), a % b);
        }
      }),
    );
  });
});

test('only ASCII letters have a case', () => {
  fc.assert(
    fc.property(bytes, (text) => {
      assert.equal(asciiLower(text), [...text].map((c) => (/[A-Z]/.test(c) ? c.toLowerCase() : c)).join(''));
      assert.equal(asciiUpper(text), [...text].map((c) => (/[a-z]/.test(c) ? c.toUpperCase() : c)).join(''));
    }),
  );
});

test('converters that make their input longer stop in the end: there is no value then', () => {
  const chain = compileExpression([`str(x)${',base64'.repeat(80)}`], env);
  assert.ok(!isError(chain));
  assert.equal(chain.compiled.evaluate(context()), undefined);
});

test('field numbers that no protobuf message can have are refused', () => {
  for (const path of ['9'.repeat(400), '0', '-1', '1.536870912', 'x']) {
    const compiled = compileExpression([`req.body,protobuf(${path})`], env);
    assert.ok(isError(compiled), path);
  }
});
