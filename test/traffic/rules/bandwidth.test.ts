import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from '../../../src/control/load.ts';

/** What is said of a frontend with these lines. */
function said(lines: string, table = 'type ip size 10 store bytes_out_rate(1s)'): string[] {
  const text = `defaults
  mode http
  timeout connect 1s
  timeout client 1s
  timeout server 1s
frontend f
  bind 127.0.0.1:80
  ${lines.replaceAll('\n', '\n  ')}
  default_backend b
backend b
  stick-table ${table}
  server s 127.0.0.1:81
`;
  const { diagnostics } = load({ texts: [{ name: 'f.cfg', text }], env: {} });
  return diagnostics.filter(({ at }) => at !== null).map(({ at, text: what }) => `${at!.line}: ${what}`);
}

const OWN = 'filter bwlim-out own default-limit 1k default-period 1s\n';
const SHARED = 'filter bwlim-out shared limit 1k key src table b\n';
const rule = (what: string) =>
  `error detected in frontend 'f' while parsing 'http-request set-bandwidth-limit' rule : ${what}.`;

test('rules set limits in all sets that see requests or responses', () => {
  const lines = [
    'tcp-request content set-bandwidth-limit shared if TRUE',
    'http-request set-bandwidth-limit own',
    'http-request set-bandwidth-limit own limit 2k',
    'http-response set-bandwidth-limit own limit int(5) period 3s if TRUE',
    'http-response set-bandwidth-limit own period res.hdr(x) limit 1m',
  ];
  assert.deepEqual(said(OWN + SHARED + lines.join('\n')), []);
});

test('mistakes in rules are told', () => {
  const one = (line: string) => said(`${OWN}${SHARED}http-request set-bandwidth-limit ${line}`);
  assert.deepEqual(one(''), [`10: ${rule('missing bwlim filter name')}`]);
  assert.deepEqual(one('other'), [
    `10: ${rule("unable to find bwlim filter 'other' referenced by set-bandwidth-limit rule")}`,
  ]);
  assert.deepEqual(one('own limit'), [`10: ${rule('missing limit value or expression')}`]);
  assert.deepEqual(one('own limit 99999g'), [`10: ${rule("'99999g' is too large for the limit")}`]);
  assert.deepEqual(one('own period res.hdr(x)'), [
    `10: ${rule("'period': invalid time value or expression : fetch method 'res.hdr(x)' extracts information from 'HTTP response headers', none of which is available here")}`,
  ]);
  for (const option of ['limit', 'period'])
    assert.deepEqual(one(`shared ${option} 1`), [
      `10: ${rule(`set-bandwidth-limit rule cannot define a ${option} for a shared bwlim filter`)}`,
    ]);
});

test('mistakes in filters with a table are told', () => {
  const one = (key: string, table?: string) => said(`filter bwlim-out shared limit 1k key ${key}`, table)[0];
  assert.equal(one('src'), "8: Proxy f : unable to find table 'f' referenced by bwlim filter 'shared'");
  assert.equal(
    one('src table b', 'type ip size 10 store bytes_in_rate(1s)'),
    "8: Proxy f : stick-table 'b' uses a data type incompatible with bwlim filter 'shared'. It must be 'bytes_out_rate'",
  );
  assert.equal(
    one('bool(true) table b'),
    "8: Proxy f : stick-table 'b' uses a key type incompatible with bwlim filter 'shared'",
  );
  assert.equal(one('nothing table b'), "8: Proxy f : key of bwlim filter 'shared': unknown fetch method 'nothing'");
  assert.equal(one('src more table b'), "8: Proxy f : unknown keyword 'more' in the key of bwlim filter 'shared'");
  assert.match(
    said(
      'filter bwlim-out shared limit 1k key res.hdr(x) table b\nhttp-request set-bandwidth-limit shared',
      'type string size 10 store bytes_out_rate(1s)',
    )[0]!,
    /uses a key extracting information from 'HTTP response headers' \('res.hdr\(x\)'\), none of which is available here\.$/,
  );
});
