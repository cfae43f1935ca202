import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { request } from '../support/connection.ts';
import { isHaproxy, start } from '../support/program.ts';

// Texts of the configuration are its bytes: UTF-8 where the file is, `\xHH` any byte. So they are in patterns, expressions, maps and live edits.

const E_ACUTE = '\xc3\xa9';
const NAMES = [
  'str',
  'sub',
  'folded',
  'reg',
  'byteclass',
  'regfolded',
  'escaped',
  'bin',
  'len',
  'file',
  'lone',
  'beg',
  'dom',
  'inline',
];
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    acl str req.hdr(x) -m str é
    acl sub req.hdr(x) -m sub é
    acl folded req.hdr(x) -i -m str É
    acl reg req.hdr(x) -m reg ^é$
    acl byteclass req.hdr(x) -m reg ^[é]+$
    acl regfolded req.hdr(x) -i -m reg ^É$
    acl escaped req.hdr(x) -m str \\xe9
    acl bin req.hdr(x) -m bin c3a9
    acl len req.hdr(x) -m len 2
    acl file req.hdr(x) -f {dir}/utf.acl
    acl lone req.hdr(x) -f {dir}/lone.acl
    acl beg req.hdr(x) -m beg é
    acl dom req.hdr(x) -m dom é
    acl inline req.hdr(x),concat(é) -m str éé
    http-request set-var(txn.v) 'str(aéb),hex'
    http-request set-var(txn.w) str(é),length
    http-request set-var(txn.m) req.hdr(x),map({dir}/utf.map,no-é)
    http-request set-var(txn.r) 'req.hdr(x),regsub(é,<ü>,g)'
${NAMES.map((name) => `    http-request set-var(txn.l_${name}) str(${name}) if ${name}`).join('\n')}
    http-request return status 200 content-type text/plain lf-string "${NAMES.map((name) => `%[var(txn.l_${name})]`).join(' ')}|é%[str(é)]|%[var(txn.v)] %[var(txn.w)]|%[var(txn.m)]|%[var(txn.r)]"
`,
  { files: { 'utf.acl': 'é\nñ.*\n', 'utf.map': 'é key-é\n', 'lone.acl': 'plain\n' } },
);

async function ask(x: string): Promise<{ lists: string[]; rest: string[] }> {
  const response = await request(run.port('fe'), `GET / HTTP/1.1\r\nhost: a\r\nx: ${x}\r\n\r\n`);
  const [lists = '', ...rest] = response.body.latin1Slice().split('|');
  return { lists: lists.split(' ').filter(Boolean), rest };
}

test('patterns and arguments in UTF-8 match their bytes', async () => {
  const { lists, rest } = await ask(E_ACUTE);
  assert.deepEqual(lists, ['str', 'sub', 'reg', 'byteclass', 'bin', 'len', 'file', 'beg', 'dom', 'inline']);
  assert.deepEqual(rest, [E_ACUTE + E_ACUTE, '61C3A962 2', `key-${E_ACUTE}`, '<\xc3\xbc>']);
});

test('a byte that is no UTF-8 is that byte', async () => {
  const { lists, rest } = await ask('\xe9');
  assert.deepEqual(lists, ['escaped']);
  assert.deepEqual(rest.slice(2), [`no-${E_ACUTE}`, '\xe9']);
});

/** A command in UTF-8; the answer is read so. */
async function cli(line: string): Promise<string> {
  return Buffer.from(await run.cli(Buffer.from(line).latin1Slice()), 'latin1').toString();
}

test('live edits and listings have bytes, too', async () => {
  await cli(`add map ${run.dir}/utf.map ô mapped-ô`);
  assert.equal((await ask('\xc3\xb4')).rest[2], 'mapped-\xc3\xb4');
  assert.match(await cli(`show map ${run.dir}/utf.map`), /^\S+ é key-é\n\S+ ô mapped-ô$/);
  assert.match(await cli(`get map ${run.dir}/utf.map é`), /key="é", value="key-é"/);
  await cli(`set map ${run.dir}/utf.map é ñ`);
  assert.equal((await ask(E_ACUTE)).rest[2], '\xc3\xb1');
  await cli(`add acl ${run.dir}/utf.acl ô`);
  assert.deepEqual((await ask('\xc3\xb4')).lists, ['len', 'file']);
  await cli(`del acl ${run.dir}/utf.acl ô`);
  assert.deepEqual((await ask('\xc3\xb4')).lists, ['len']);
  await cli(`add map ${run.dir}/utf.map <<\nü one\nö two ö\n\n`);
  if (!isHaproxy) assert.equal(await cli('experimental-mode on; set var proc.v expr str(é),hex'), '');
  assert.equal((await ask('\xc3\xb6')).rest[2], 'two \xc3\xb6');
  if (!isHaproxy) assert.match(await cli('get var proc.v'), /<C3A9>/);
});
