import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FAIL, MISS, PASS } from '../../src/expr/acl/acl.ts';
import { compileAcls, compileCondition } from '../../src/expr/acl/condition.ts';
import { PREDEFINED_ACLS } from '../../src/expr/acl/predefined.ts';
import { compileWhole } from '../../src/expr/compile.ts';
import type { PatternSource } from '../../src/expr/patterns.ts';
import { type CompileEnv, place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import { type ContextParts, context } from './context.ts';

const at = { file: 'haproxy.cfg', line: 7 };
const files: Readonly<Record<string, readonly string[]>> = {
  '/ips': ['10.0.0.0/8', '192.0.2.7'],
  '/paths': ['/a', '/b'],
};
const env: CompileEnv = {
  places: place.frontendHttpRequest,
  proxy: 'fe',
  patterns: ({ name, patterns }) => {
    const list = name === null ? patterns : files[name];
    return list === undefined ? { error: `failed to open pattern file <${name}>` } : listSource(list);
  },
};

function listSource(list: readonly string[]): PatternSource {
  return {
    edits: () => 0,
    count: () => list.length,
    entries: () => list.map((_, i) => i + 1),
    key: (entry) => list[entry - 1]!,
    value: () => '',
    index: () => null,
  };
}

const noAcls = compileAcls([], env).acls;

function acls(lines: readonly string[], where = env) {
  return compileAcls(
    lines.map((line) => ({ words: line.split(' '), at })),
    where,
  );
}

function holds(condition: string, lines: readonly string[] = [], parts: ContextParts = {}): boolean {
  const { acls: known, problems } = acls(lines);
  assert.deepEqual(problems, []);
  const compiled = compileCondition(condition.split(' '), known, env);
  assert.ok(!isError(compiled), JSON.stringify(compiled));
  return compiled.test(context(parts));
}

describe('a condition', () => {
  const lines = ['yes always_true', 'no always_false', 'either always_false', 'either always_true'];
  for (const [condition, expected] of [
    ['if yes', true],
    ['unless yes', false],
    ['if no', false],
    ['unless no', true],
    ['if !no', true],
    ['if ! no', true],
    ['if !!no', false],
    ['if yes no', false],
    ['if yes !no', true],
    ['if no or yes', true],
    ['if no || yes', true],
    ['if no yes or yes yes', true],
    ['if yes or no no', true],
    ['if no or no yes', false],
    ['unless no or yes', false],
    ['if either', true],
    ['if !either', false],
    ['if { src 192.0.2.0/24 } yes', true],
    ['if !{ src 192.0.2.0/24 }', false],
    ['if { acl(yes,!no) }', true],
    ['if { acl(yes,no) }', false],
    ['if', false],
    ['unless', true],
    ['if TRUE !FALSE', true],
  ] as const) {
    test(`${condition} ${expected ? 'holds' : 'does not hold'}`, () => {
      assert.equal(holds(condition, lines), expected);
    });
  }

  test('needs if or unless', () => {
    const bogus = compileCondition(['when', 'TRUE'], noAcls, env);
    assert.deepEqual(bogus, { error: "expects either 'if' or 'unless' followed by a condition but found 'when'" });
  });

  test('prefers declared ACLs to predefined ones', () => {
    assert.equal(holds('if TRUE', ['TRUE always_false']), false);
  });

  test('misses while data may still come, and decides at the end', () => {
    const l4 = { ...env, places: place.frontendTcpRequest };
    const waiting = { more: { final: false, requestHead: null } };
    const over = { more: { requestHead: null } };
    for (const [condition, during, after] of [
      ['if { req.len gt 5 }', MISS, FAIL],
      ['unless { req.len gt 5 }', MISS, PASS],
      ['if { req.len gt 5 } FALSE', FAIL, FAIL],
      ['if TRUE { req.len gt 5 }', MISS, FAIL],
      ['if { req.len gt 5 } or TRUE', PASS, PASS],
      ['if WAIT_END', MISS, PASS],
      ['if HTTP', MISS, FAIL],
      ['if !HTTP', MISS, PASS],
      ['if { path_beg / }', MISS, FAIL],
      ['if { req.ssl_sni a }', MISS, FAIL],
      ['if { src 192.0.2.7 }', PASS, PASS],
      ['if { src 192.0.2.8 }', FAIL, FAIL],
    ] as const) {
      const compiled = compileCondition(condition.split(' '), noAcls, l4);
      assert.ok(!isError(compiled), condition);
      assert.equal(compiled.decide(context(waiting)), during, `${condition} during`);
      assert.equal(compiled.decide(context(over)), after, `${condition} after`);
      assert.equal(compiled.test(context(over)), after === PASS);
    }
  });

  test('do not wait for what the bytes that are there cannot become', () => {
    const l4 = { ...env, places: place.frontendTcpRequest };
    const hello = '\x16\x03\x01\x00\xff\x01\x00\x00\xfb\x03\x03';
    for (const [condition, payload, during] of [
      ['if { req.ssl_hello_type 1 }', 'SSH-2.0-x', FAIL],
      ['if { req.ssl_sni -m found }', 'GET / HTTP/1.0', FAIL],
      ['if { req.ssl_sni -m found }', hello, MISS],
      ['if { req.ssl_alpn h2 }', '\x16\x02\x01', FAIL],
      ['if { req.ssl_ver 3.0:3.4 }', 'a', FAIL],
      ['if { req.rdp_cookie(mstshash) -m found }', 'SSH-2.0-OpenSSH_9.2\r\n', FAIL],
      ['if { req.rdp_cookie_cnt gt 0 }', '\x03\x00\x00\x2a\x25\xe0', MISS],
      ['if { req.payload_lv(0,2) -m found }', '\x7f\xffabc', FAIL],
      ['if { req.payload_lv(0,2) -m found }', '\x00\x00abc', FAIL],
      ['if { req.payload_lv(0,2) -m found }', '\x00\x09abc', MISS],
      ['if { req.payload(0,0),mqtt_is_valid }', 'hello there', FAIL],
      ['if { req.payload(0,0),mqtt_is_valid }', '\x10\x1b\x00\x04MQTT', MISS],
      ['if { req.payload(0,0),fix_is_valid }', '8=FIX.4.4\x019=5', MISS],
      ['if { req.payload(0,0) -m sub x }', 'abc', MISS],
    ] as const) {
      const compiled = compileCondition(condition.split(' '), noAcls, l4);
      assert.ok(!isError(compiled), condition);
      const more = { final: false, requestHead: null, notHttp: true, requestPayload: () => payload };
      assert.equal(compiled.decide(context({ more })), during, `${condition} on ${JSON.stringify(payload)}`);
    }
  });

  test('warns of what can never match where it stands', () => {
    const { acls: known } = acls(['res res.hdr(a) -m found', 'mixed res.hdr(a) -m found', 'mixed src 1.2.3.4']);
    const warnings = (text: string) => {
      const compiled = compileCondition(text.split(' '), known, env);
      assert.ok(!isError(compiled));
      return compiled.warnings;
    };
    const where = "incompatible with 'frontend http-request header rule'";
    assert.deepEqual(warnings('if { res.hdr(a) -m found }'), [
      `anonymous acl will never match because it uses keyword 'res.hdr' which is ${where}`,
    ]);
    assert.deepEqual(warnings('if res'), [
      `acl 'res' will never match because it only involves keywords that are ${where}`,
    ]);
    assert.deepEqual(warnings('if mixed'), [`acl 'mixed' involves keyword 'res.hdr' which is ${where}`]);
    assert.deepEqual(warnings('if { path / }'), []);
  });
});

describe('acl lines', () => {
  test('take patterns from files', () => {
    assert.equal(holds('if ips', ['ips src -f /ips']), true);
    assert.equal(holds('if ips', ['ips src -f /ips 1.2.3.4'], { source: { host: '1.2.3.4', port: 1 } }), true);
    assert.equal(holds('if ips', ['ips src -f /ips'], { source: { host: '1.2.3.4', port: 1 } }), false);
    assert.equal(holds('if paths', ['paths path -i -f /paths'], { uri: '/B' }), true);
    assert.equal(holds('if paths', ['paths path -M -f /paths -i -f /paths /C'], { uri: '/B' }), true);
    assert.equal(holds('if paths', ['paths path -f /paths -i /C'], { uri: '/B' }), false);
    const { problems } = acls(['x path -f /none']);
    assert.deepEqual(
      problems.map(({ text }) => text),
      ["error detected while parsing ACL 'x' : failed to open pattern file </none>."],
    );
  });

  test('without patterns earn a warning unless that is meant', () => {
    assert.match(acls(['x path']).problems[0]!.text, /^parsing acl keyword 'path' :\n {2}no pattern to match/);
    assert.deepEqual(acls(['x path --', 'y path -m found', 'z always_true']).problems, []);
  });

  test('go on after a wrong one', () => {
    const { acls: known, problems } = acls(['x bogus', 'y always_true']);
    assert.equal(problems.length, 1);
    assert.ok(known.find('y', env));
    assert.equal(known.find('x', env), null);
  });

  test('look many patterns up as they look up few', () => {
    const many = Array.from({ length: 300 }, (_, i) => `/p${i}x`);
    const uri = { uri: '/p217x/y' };
    assert.equal(holds('if x', [`x path_beg ${many.join(' ')}`], uri), true);
    assert.equal(holds('if x', [`x path_beg ${many.join(' ')}`], { uri: '/p999' }), false);
    assert.equal(holds('if x', [`x path_end ${many.join(' ')}`], { uri: '/z/p217x' }), true);
    assert.equal(holds('if x', [`x path_end ${many.join(' ')}`], uri), false);
    assert.equal(holds('if x', [`x path ${many.join(' ')}`], { uri: '/p0x' }), true);
    const networks = Array.from({ length: 300 }, (_, i) => `10.${i % 256}.0.0/16`);
    assert.equal(holds('if x', [`x src ${networks.join(' ')} 192.0.2.7`]), true);
    assert.equal(holds('if x', [`x src ${networks.join(' ')}`]), false);
  });
});

describe('predefined ACLs', () => {
  test('all compile', () => {
    for (const name of Object.keys(PREDEFINED_ACLS)) {
      const found = noAcls.find(name, env);
      assert.ok(found !== null && !('error' in found), `${name}: ${JSON.stringify(found)}`);
    }
  });

  for (const [name, parts, expected] of [
    ['LOCALHOST', { source: { host: '127.3.2.1', port: 1 } }, true],
    ['LOCALHOST', { source: { host: '::1', port: 1 } }, true],
    ['LOCALHOST', {}, false],
    ['HTTP', {}, true],
    ['HTTP_1.1', {}, true],
    ['HTTP_1.0', { version: 10 }, true],
    ['HTTP_2.0', { version: 20 }, true],
    ['METH_GET', { method: 'HEAD' }, true],
    ['METH_POST', {}, false],
    ['HTTP_URL_ABS', { uri: 'http://a/b' }, true],
    ['HTTP_URL_ABS', { uri: '/http://a/b' }, false],
    ['HTTP_URL_SLASH', {}, true],
    ['HTTP_URL_STAR', { uri: '*' }, true],
    ['HTTP_CONTENT', { headers: [['content-length', '5']] }, true],
    ['HTTP_CONTENT', { headers: [['content-length', '0']] }, false],
    ['REQ_CONTENT', { requestPayload: 'x' }, true],
    ['WAIT_END', {}, true],
    ['RDP_COOKIE', { requestPayload: '\x03'.repeat(11) + 'Cookie: a=b\r\n' }, true],
  ] as const) {
    test(`${name} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(parts)}`, () => {
      assert.equal(holds(`if ${name}`, [], parts as ContextParts), expected);
    });
  }
});

test('names that nothing is called are told while compiling', () => {
  const checked: CompileEnv = {
    ...env,
    hasProxy: (name, side) => (side === 'backend' ? name === 'be' : name === 'fe'),
    hasServer: (backend, server) => backend === 'be' && server === 's1',
  };
  for (const [text, error] of [
    ['nbsrv(no)', "unable to find backend 'no' referenced in arg 1 of sample fetch keyword 'nbsrv' in proxy 'fe'"],
    [
      'nbsrv',
      "proxy 'fe', referenced in arg 1 of sample fetch keyword 'nbsrv' in proxy 'fe', has not backend capability",
    ],
    ['fe_conn(no)', "unable to find frontend 'no' referenced in arg 1 of sample fetch keyword 'fe_conn' in proxy 'fe'"],
    [
      'srv_is_up(be/no)',
      "unable to find server 'no' in proxy 'be', referenced in arg 1 of sample fetch keyword 'srv_is_up' in proxy 'fe'",
    ],
    [
      'srv_is_up(no/s1)',
      "unable to find proxy 'no' referenced in arg 1 of sample fetch keyword 'srv_is_up' in proxy 'fe'",
    ],
    ['srv_is_up', "missing server name in arg 1 of sample fetch keyword 'srv_is_up' in proxy 'fe'"],
  ] as const) {
    assert.deepEqual(compileWhole(text, checked), { error });
  }
  assert.ok(!isError(compileWhole('srv_is_up(be/s1)', checked)));
  assert.ok(!isError(compileWhole('fe_conn', checked)));
});
