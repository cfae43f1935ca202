import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { evaluateCondition, type Facts } from '../../src/config/conditions.ts';

const facts: Facts = {
  version: '3.5.0',
  features: ['THREAD', 'EPOLL'],
  enabled: ['EPOLL'],
  tlsLibrary: 'OpenSSL 3.0.15 3 Sep 2024',
  environment: (name) => ({ HOME: '/root', EMPTY: '' })[name],
};

const holds = (text: string) => evaluateCondition(text, facts);

describe('conditions', () => {
  it('hold or not as HAProxy has it', () => {
    const yes = [
      '1',
      '-1',
      '+1',
      '01',
      '2147483648',
      '1||0',
      '!0',
      '! 0',
      '!!1',
      '(1)',
      '0 || 1 && 1',
      '1 && (0 || 1)',
      'defined(HOME)',
      'defined(EMPTY)',
      'streq("$HOME",/root)',
      'streq(\\"a\\",a)',
      "streq('a',a)",
      'streq(,)',
      'strneq(a,b)',
      'strstr(abc,bc)',
      'feature(THREAD)',
      'enabled(epoll)',
      'version_atleast(3.4)',
      'version_atleast(3.5-dev5)',
      'version_before(3.6-dev0)',
      'version_before(3.5.1)',
      'openssl_version_atleast(1.1.1)',
      'openssl_version_before(3.0.16)',
      'ssllib_name_startswith(OpenSSL)',
    ];
    const no = [
      '',
      '0',
      '!1',
      '0||0',
      '1&&0',
      '0 || 1 && 0',
      'defined(NOPE)',
      'defined()',
      'defined',
      'defined( HOME )',
      'streq(a, a)',
      'streq(a ,a)',
      'streq(a,)',
      'strstr(abc,z)',
      'feature(OPENSSL)',
      'enabled(FOO)',
      'version_atleast(3.5.1)',
      'version_before(3.5.0)',
      'awslc_api_atleast(1)',
      'ssllib_name_startswith(wolf)',
    ];
    for (const text of yes) assert.equal(holds(text), true, text);
    for (const text of no) assert.equal(holds(text), false, text);
  });

  it('say what is wrong with them', () => {
    const mistakes: [string, string][] = [
      ['foo', "unparsable conditional expression 'foo'"],
      ['foo(1)', "unparsable conditional expression 'foo(1)'"],
      ['DEFINED(HOME)', "unparsable conditional expression 'DEFINED(HOME)'"],
      ['(1', "expected ')' after conditional expression '(1'"],
      ['1)', "unexpected character ')' at the end of conditional expression '1)'"],
      ['1 2', "unexpected character '2' at the end of conditional expression '1 2'"],
      ['1x', "unexpected character 'x' at the end of conditional expression '1x'"],
      [
        'streq(a)',
        "missing arguments (got 1/2), type 'string' expected in argument 1 of predicate 'streq' used in conditional expression",
      ],
      ['streq(a,b', "expected ')' in argument 2 of predicate 'streq' used in conditional expression"],
      ['||1', "unparsable conditional expression '||1'"],
      ['constructor(1)', "unparsable conditional expression 'constructor(1)'"],
      ['streq("a,b)', 'unmatched quote at position 7'],
      ['('.repeat(100), 'too many nested expressions'],
    ];
    for (const [text, expected] of mistakes) {
      const result = holds(text);
      assert.equal(typeof result === 'boolean' ? result : result.error, expected, text);
    }
  });

  it('follow the rules of logic', () => {
    const { formula } = fc.letrec<{ formula: [string, boolean] }>((tie) => ({
      formula: fc.oneof(
        { maxDepth: 5 },
        fc.boolean().map((b): [string, boolean] => [b ? '1' : '0', b]),
        tie('formula').map(([text, value]): [string, boolean] => [`!(${text})`, !value]),
        fc
          .tuple(tie('formula'), tie('formula'))
          .map(([a, b]): [string, boolean] => [`(${a[0]}) && ${b[0] === '' ? '0' : `(${b[0]})`}`, a[1] && b[1]]),
        fc
          .tuple(tie('formula'), tie('formula'))
          .map(([a, b]): [string, boolean] => [`(${a[0]})||(${b[0]})`, a[1] || b[1]]),
      ),
    }));
    fc.assert(fc.property(formula, ([text, value]) => assert.equal(holds(text), value)));
  });

  it('end for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'01()!&|,"\'\\ astreqdfind$'.split('')), maxLength: 60 }),
        (text) => {
          const result = holds(text);
          assert.ok(typeof result === 'boolean' || result.error.length > 0);
        },
      ),
    );
  });
});
