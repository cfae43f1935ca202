import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { suite, test } from 'node:test';
import { type Run, start } from '../support/program.ts';

const HAPROXY = '/usr/sbin/haproxy';

const CONFIG = `
global
  stats socket {sock:admin} level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
listen app
  bind {addr:app}
  acl listed hdr(x) -f {dir}/listed.acl
  http-request set-header y %[hdr(x),map({dir}/values.map)] if listed
backend seen
  stick-table type string len 12 size 10 expire 10m store gpc0
`;
const files = { 'values.map': 'k1 v1\nother v\nk1 v2\nk1 v3\n', 'listed.acl': 'a\nb\na\n' };

/** The bytes of the answer to a line of bytes, latin1. */
function ask(run: Run, line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect({ path: run.sock('admin') }, () => socket.end(Buffer.from(`${line}\n`, 'latin1')));
    socket.on('data', (bytes) => (answer += bytes.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(answer.replace(/0x[0-9a-f]+/g, 'PTR').replace(/exp=\d+| shard=0/g, '')));
  });
}

const LINES = [
  'set table seen key \xff\xfe\xe9 data.gpc0 5',
  'set table seen key \xc3\xa9 data.gpc0 6',
  'show table seen key \xff\xfe\xe9',
  'show table seen key \xc3\xa9',
  'clear table seen key \xff\xfe\xe9',
  'show table seen',
  'add map {dir}/values.map \xff\xfe v\xfd',
  'get map {dir}/values.map \xff\xfe',
  'del map {dir}/values.map \xff\xfe',
  'del map {dir}/values.map k1',
  'show map {dir}/values.map',
  'del map {dir}/values.map k1',
  'del acl {dir}/listed.acl a',
  'show acl {dir}/listed.acl',
  'del acl {dir}/listed.acl a',
];

suite('keys over the socket', () => {
  test('are bytes, and all their entries go, as in HAProxy', async (t) => {
    const runs = [await start(t, CONFIG, { files }), await start(t, CONFIG, { files, program: HAPROXY })];
    for (const line of LINES) {
      const [ours, theirs] = await Promise.all(
        runs.map(async (run) => (await ask(run, line.replace('{dir}', run.dir))).replaceAll(run.dir, 'DIR')),
      );
      assert.equal(ours, theirs, JSON.stringify(line));
    }
  });

  test('come back by undo, each with its place', async (t) => {
    const run = await start(t, CONFIG, { files });
    const map = () => run.cli(`show map ${run.dir}/values.map`);
    const before = (await map()).replace(/0x\w+/g, '');
    await run.cli(`del map ${run.dir}/values.map k1`);
    assert.match(await map(), /^0x\w+ other v$/);
    for (let i = 0; i < 3; i++) await run.cli('undo');
    assert.equal((await map()).replace(/0x\w+/g, ''), before);
  });
});
