import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTargets } from '../../../src/ops/targets/targets-file.ts';
import { start } from '../../support/program.ts';

const sluice = join(import.meta.dirname, '../../../bin/sluice');

test('names, addresses and what must stay usable are read', () => {
  const text =
    '{"lb1": {"address": "tcp:10.0.0.5:9999", "minUsable": "50%", "files": ["/etc/haproxy/haproxy.cfg"]}, "lb2": {"address": "/run/a"}}';
  assert.deepEqual(parseTargets(text, 'f'), [
    {
      name: 'lb1',
      address: 'tcp:10.0.0.5:9999',
      minUsable: { number: 50, percent: true },
      files: ['/etc/haproxy/haproxy.cfg'],
    },
    { name: 'lb2', address: '/run/a', minUsable: null },
  ]);
});

test('what is wrong with the file is said with its place', () => {
  const wrong = (text: string, message: RegExp) => assert.throws(() => parseTargets(text, 'targets.json'), message);
  wrong('{', /targets\.json is no JSON: /);
  wrong('[]', /the file: an object of names and targets is expected/);
  wrong('{"a": 1}', /a: an object with an address is expected/);
  wrong('{"a": {"addres": "x"}}', /a: unknown member 'addres'; did you mean 'address'\?/);
  wrong('{"a": {}}', /a: 'address' is missing/);
  wrong('{"a": {"address": "x", "reload": "systemctl reload haproxy"}}', /a: 'reload' must be a list of texts/);
  wrong('{"a": {"address": "x", "minUsable": "most"}}', /a: 'minUsable': 'most' is no number of servers/);
});

test('a load balancer is named by the file, and its policy holds', async (t) => {
  const run = await start(
    t,
    `
    global
        stats socket {sock:admin} level admin
    backend be
        mode http
        timeout connect 5s
        timeout server 5s
        server a 127.0.0.1:1
        server b 127.0.0.1:2
        server c 127.0.0.1:3
    frontend fe
        mode http
        timeout client 5s
        bind {addr:web}
    `,
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-targets-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'targets.json');
  writeFileSync(file, JSON.stringify({ test: { address: run.sock('admin'), minUsable: 3 } }));
  const env = { ...process.env, SLUICE_TARGETS: file };
  const operate = (...words: string[]) => spawnSync(sluice, words, { env, encoding: 'utf8' });
  assert.match(operate('status', '--target', 'test').stdout, /^test: sluice /);
  const drain = operate('drain', 'be/a', '--target', 'test');
  assert.equal(drain.status, 3);
  assert.match(drain.stderr, /would have 2 of 3 servers usable without be\/a; 3 are asked for/);
  assert.equal(operate('drain', 'be/a', '--target', 'test', '--min-usable', '1').status, 0);
  const unknown = operate('status', '--target', 'tset');
  assert.equal(unknown.status, 4);
  assert.match(unknown.stderr, /'tset' is neither a socket nor a name of the file of targets; that has test/);
});
