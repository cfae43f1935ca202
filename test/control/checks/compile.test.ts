import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { HealthCheckConfig, ProxyConfig } from '../../../src/config/types.ts';
import { compileHealthCheck } from '../../../src/control/checks/compile.ts';
import { plainCheck, proxyConfig } from '../fixture.ts';

function backend(
  kind: HealthCheckConfig['kind'],
  lines: readonly string[] = [],
  args: readonly string[] = [],
): ProxyConfig {
  const rules = lines.map((line, i) => ({ words: line.split(' '), at: { file: 'a.cfg', line: i + 10 } }));
  return proxyConfig('be', 2, { healthCheck: { ...plainCheck, kind, args, rules } });
}

function errors(kind: HealthCheckConfig['kind'], lines: readonly string[], args: readonly string[] = []): string[] {
  const compiled = compileHealthCheck(backend(kind, lines, args), () => null);
  return 'diagnostics' in compiled ? compiled.diagnostics.map((found) => `${found.at?.line}: ${found.text}`) : [];
}

test('mistakes in rules are told with their lines, all at once, in HAProxy’s words', () => {
  assert.deepEqual(
    errors('tcp-check', [
      'tcp-check connect port 70000',
      'tcp-check connect foo',
      'tcp-check send-binary 0',
      'tcp-check send-binary 0g',
      'tcp-check expect status 200',
      'tcp-check expect string a string b',
      'tcp-check expect min-recv x string a',
      'tcp-check expect ok-status L7STS string a',
      'tcp-check expect comment',
      'tcp-check expect rstring (?<=a)b',
      'tcp-check connect ssl proto h3',
      'tcp-check set-var(txn.x) int(1)',
    ]),
    [
      "10: 'tcp-check connect' : expects a valid TCP port (from range 1 to 65535) or a sample expression, got 70000.",
      "11: 'tcp-check connect' : expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', 'linger', 'default' but got 'foo' as argument.",
      "12: 'tcp-check send-binary' : 'send-binary' invalid binary string (an even number of hex digit is expected).",
      "13: 'tcp-check send-binary' : 'send-binary' invalid binary string (an hex digit is expected (found 'g')).",
      "14: 'tcp-check expect' : 'only supports min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf' or comment but got 'status' as argument.",
      "15: 'tcp-check expect' : only on pattern expected.",
      "16: 'tcp-check expect' : 'min-recv' expects -1 or an integer from 0 to INT_MAX.",
      "17: 'tcp-check expect' : 'ok-status' only supports 'L4OK', 'L6OK', 'L7OK' or 'L7OKC' status (got 'L7STS').",
      "18: 'tcp-check expect' : 'comment' expects a string as argument.",
      ...errors('tcp-check', ['tcp-check expect rstring (?<=a)b']).map((text) => text.replace('10:', '19:')),
      "20: 'tcp-check connect' : 'proto' : unknown MUX protocol 'h3'.",
      "21: 'tcp-check set-var(txn.x)' : invalid variable 'set-var(txn.x)', the scope must be 'check' or 'proc'.",
    ],
  );
});

test('HTTP rules that are out of order are refused', () => {
  const send = 'http-check send meth GET uri /';
  assert.deepEqual(errors('http', [send, 'http-check expect status 200', send]), [
    "12: 'http-check send' : unable to add http-check send rule at step 3 (missing connect rule).",
  ]);
  assert.deepEqual(errors('http', [send, 'http-check connect']), [
    "11: 'http-check connect' : unable to add http-check connect rule at step 2 (missing expect rule).",
  ]);
  assert.deepEqual(errors('http', ['http-check expect status 2x0']), [
    "10: 'http-check expect' : invalid character 'x' in the list of status codes.",
  ]);
  assert.deepEqual(errors('http', ['http-check expect status 300-200']), [
    "10: 'http-check expect' : invalid range of status codes '300-200'.",
  ]);
  assert.deepEqual(errors('http', ['http-check expect hdr foo']), [
    "10: 'http-check expect' : 'hdr' expects at the name keyword as first argument followed by a pattern.",
  ]);
  assert.deepEqual(
    errors('http', ['http-check connect', send, 'http-check expect status 200', 'http-check connect', send]),
    [],
  );
});

test('protocols that cannot be checked are refused by name', () => {
  assert.match(errors('spop', [])[0]!, /'option spop-check' : not supported/);
  assert.match(errors('pgsql', [])[0]!, /'option pgsql-check' : expects 'user <username>' as argument\./);
});

test('words in any order make a program or a diagnostic, never an exception', () => {
  const word = fc.constantFrom(
    'http-check',
    'tcp-check',
    'connect',
    'send',
    'send-lf',
    'send-binary',
    'expect',
    'comment',
    '!',
    'string',
    'rstring',
    'status',
    'hdr',
    'name',
    'value',
    '-m',
    'reg',
    'min-recv',
    '5',
    'port',
    'addr',
    '127.0.0.1',
    'meth',
    'uri-lf',
    '%[srv_name]',
    '%[',
    'body',
    'on-success',
    'status-code',
    'int(1)',
    'set-var(check.a)',
    'unset-var(check.a)',
    '(',
    '',
  );
  fc.assert(
    fc.property(
      fc.constantFrom('http', 'tcp-check', 'smtp', 'mysql', 'redis' as const),
      fc.array(fc.array(word, { maxLength: 8 }), { maxLength: 5 }),
      fc.array(word, { maxLength: 3 }),
      (kind, rules, args) => {
        const healthCheck = {
          ...plainCheck,
          kind: kind as HealthCheckConfig['kind'],
          args,
          rules: rules.map((words) => ({ words, at: { file: 'a', line: 1 } })),
        };
        const compiled = compileHealthCheck(proxyConfig('be', 2, { healthCheck }), () => null);
        if ('diagnostics' in compiled)
          assert.ok(compiled.diagnostics.every((found) => found.severity === 'alert' && found.text.endsWith('.')));
        else assert.ok(compiled.ok!.steps.some((step) => step.kind === 'connect'));
      },
    ),
    { numRuns: 500 },
  );
});
