import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { connect } from '../support/connection.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs an installed HAProxy to compare with' : false;

/** Maps of each kind, with keys and look-ups of few letters, so that many of them meet. */
const path = fc.string({ unit: fc.constantFrom('a', 'b', 'A', '/', '.', '?'), minLength: 1, maxLength: 6 });
const octet = fc.constantFrom(0, 1, 10, 127, 255);
const address = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const network = fc.oneof(
  address,
  fc.tuple(address, fc.constantFrom(0, 1, 8, 15, 24, 31, 32)).map(([one, bits]) => `${one}/${bits}`),
  fc.constantFrom('::1', '2001:db8::/32', '2001:db8:1::/48', '::ffff:10.0.0.0/104'),
);
const number = fc.integer({ min: -20, max: 20 });
const range = fc.oneof(
  fc.nat(20).map(String),
  // HAProxy 2.6 does not read a sign in a pattern as one.
  fc.tuple(fc.nat(20), fc.nat(20)).map(([a, b]) => `${Math.min(a, b)}:${Math.max(a, b)}`),
  number.map((a) => `${Math.abs(a)}:`),
);
const regex = fc.constantFrom('^a', 'b$', 'a+b', '(a|b)/', '[^a]b', '^/?$', 'a.b', '(.)(.)');

const TEXTS = ['str', 'beg', 'end', 'sub', 'dir', 'dom'] as const;
const KINDS = { ...Object.fromEntries(TEXTS.map((kind) => [kind, path])), ip: network, int: range, reg: regex };

const samples = <T>(arbitrary: fc.Arbitrary<T>, count: number, seed: number): T[] =>
  fc.sample(arbitrary, { numRuns: count, seed });

function files(seed: number): Record<string, string> {
  return Object.fromEntries(
    Object.entries(KINDS).flatMap(([kind, arbitrary], i) => {
      const keys = samples(arbitrary as fc.Arbitrary<string>, 40, seed + i).filter((key) => !key.startsWith('#'));
      const lines = keys.map((key, n) => `${key} ${kind}-${n}-\\\\1\n`);
      return [
        [`${kind}.map`, lines.join('')],
        [
          `${kind}.acl`,
          keys
            .map((key) => `${key}\n`)
            .slice(0, 18)
            .join(''),
        ],
      ];
    }),
  );
}

const expressions = [
  ...TEXTS.map((kind) => `%[req.hdr(x-text),map_${kind}({dir}/${kind}.map,-)]`),
  '%[req.hdr(x-text),map_reg({dir}/reg.map,-)]',
  '%[req.hdr(x-text),map_regm({dir}/reg.map,-)]',
  '%[req.hdr(x-ip),map_ip({dir}/ip.map,-)]',
  '%[req.hdr(x-int),map_int({dir}/int.map,-)]',
];
const criteria = [
  ...[...TEXTS, 'reg'].flatMap((kind) => [
    `req.hdr(x-text) -m ${kind} -f {dir}/${kind}.acl`,
    `req.hdr(x-text) -m ${kind} -i -f {dir}/${kind}.acl`,
  ]),
  'req.hdr(x-ip) -m ip -f {dir}/ip.acl',
  'req.hdr(x-int) -m int -f {dir}/int.acl',
];

const CONFIG = `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
${expressions.map((expression, i) => `    http-request set-var-fmt(txn.m${i}) ${expression}`).join('\n')}
${criteria.map((criterion, i) => `    http-request set-var(txn.a${i}) str(y) if { ${criterion} }`).join('\n')}
    http-request return status 200 content-type text/plain lf-string "${[
      ...expressions.map((_, i) => `%[var(txn.m${i})]`),
      ...criteria.map((_, i) => `%[var(txn.a${i})]`),
    ].join(' ')}"
`;

test('maps and ACLs of all kinds find what HAProxy finds', { skip, timeout: 60_000 }, async (t) => {
  for (const seed of [1, 2, 3]) {
    const given = { files: files(100 * seed) };
    const runs = [await start(t, CONFIG, given), await start(t, CONFIG, { ...given, program: HAPROXY })];
    const connections = await Promise.all(runs.map((run) => connect(t, run.port('web'))));
    const texts = samples(path, 120, seed);
    const ips = samples(
      fc.oneof(address, fc.constantFrom('::1', '2001:db8::5', '2001:db8:1::5', '::ffff:10.1.1.1')),
      120,
      seed,
    );
    const ints = samples(number, 120, seed);
    for (const [i, text] of texts.entries()) {
      const request = `GET / HTTP/1.1\r\nHost: x\r\nX-Text: ${text}\r\nX-Ip: ${ips[i]}\r\nX-Int: ${ints[i]}\r\n\r\n`;
      const [ours, theirs] = await Promise.all(connections.map(async (one) => (await one.exchange(request)).text));
      assert.equal(ours, theirs, `${text} ${ips[i]} ${ints[i]}`);
    }
  }
});

/** Payloads of `add map`, and what the map has after each: in HAProxy, and here where that is other. */
const PAYLOADS: readonly (readonly [payload: string, theirs: readonly string[], ours?: readonly string[]])[] = [
  ['a b', ['a=b']],
  ['a  b  c  ', ['a=b  c  ']],
  ['a\tb', ['a=b']],
  ['a \t b', ['a=b']],
  ['a\\ b c', ['a\\=b c']],
  ['"a b" c', ['"a=b" c']],
  ['#a b', ['#a=b']],
  ['a b\\', ['a=b\\']],
  ['a b\nc d\na e', ['a=b', 'c=d', 'a=e']],
  ['a', []],
  ['a b\nc', ['a=b']],
  [' a b', ['=a b'], ['a=b']],
  ['\ta b', ['=a b'], ['a=b']],
  ['a b\n  c d\ne f', ['a=b', '=c d', 'e=f'], ['a=b', 'c=d', 'e=f']],
  ['  ', ['='], []],
  [' a', ['=a'], []],
  ['a ', ['a='], []],
  ['a b\r', ['a=b']],
  ['a b\nc\ne f', ['a=b', 'c\ne=f'], ['a=b']],
];

test('lines of payloads are read as in HAProxy, but those without a key or a value', { skip }, async (t) => {
  const text = `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout client 5s
frontend web
    bind {addr:web}
    http-request return status 200 hdr x-told %[path,map({dir}/p.map)]
`;
  const given = { files: { 'p.map': '' } };
  const ours = await start(t, text, given);
  const theirs = await start(t, text, { ...given, program: HAPROXY });
  const after = async (run: Run, payload: string): Promise<string[]> => {
    const map = `${run.dir}/p.map`;
    await run.cli(`clear map ${map}`);
    await run.cli(`add map ${map} <<\n${payload}\n\n`);
    const shown = await run.cli(`show map ${map}`);
    return [...`${shown}\n`.matchAll(/^0x[0-9a-f]+ ([^ ]*) ([^\n]*)\n/gm)].map(([, key, value]) => `${key}=${value}`);
  };
  for (const [payload, there, here = there] of PAYLOADS) {
    assert.deepEqual(await after(theirs, payload), there, `HAProxy after ${JSON.stringify(payload)}`);
    assert.deepEqual(await after(ours, payload), here, `Sluice after ${JSON.stringify(payload)}`);
  }
});

test('a version that is no number is no version, and clear leaves those that wait', { skip: isHaproxy }, async (t) => {
  const run = await start(
    t,
    `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout client 5s
frontend web
    bind {addr:web}
    http-request return status 200 hdr x-told %[path,map({dir}/v.map)]
`,
    { files: { 'v.map': 'a 1\n' } },
  );
  const map = `${run.dir}/v.map`;
  const refused = 'Version number out of range.';
  for (const version of ['@x', '@', '@-1', '@1x', '@4294967296'])
    for (const command of ['show', 'clear', 'commit'])
      assert.equal((await run.cli(`${command} map ${version} ${map}`)).trim(), refused, `${command} ${version}`);
  assert.match(await run.cli(`show map ${map}`), / a 1$/);
  await run.cli(`prepare map ${map}`);
  await run.cli(`add map @1 ${map} b 2`);
  assert.equal((await run.cli(`clear map @1 ${map}`)).trim(), '');
  assert.match(await run.cli(`show map @1 ${map}`), / b 2$/);
  assert.equal((await run.cli(`show map @7 ${map}`)).trim(), '');
});
