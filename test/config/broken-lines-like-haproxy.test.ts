import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { load } from '../../src/control/load.ts';
import { haveHaproxy } from './haproxy-check.ts';

// Lines that are right, and what becomes of them when a word is wrong or missing: what the installed HAProxy refuses is refused here.

const LINES = [
  'http-check expect status 200-399',
  'http-check expect ! rstatus ^5',
  'http-check expect hdr name a value b',
  'http-check send meth GET uri / ver HTTP/1.1 hdr Host a body x',
  'http-check connect port 80 addr 127.0.0.1',
  'http-check set-var(check.a) int(1)',
  'http-check comment abc',
  'tcp-check connect port 80 linger',
  'tcp-check send-binary 414243',
  'tcp-check expect rstring abc',
  'tcp-check expect comment x min-recv 5 binary 4142',
  'tcp-check unset-var(check.a)',
  'external-check command /bin/true',
  'http-request set-header a %[src]',
  'http-request replace-value a b c',
  'http-request set-var(txn.a) path,lower',
  'http-request track-sc0 src table t',
  'http-request capture req.hdr(host) id 0',
  'http-request set-priority-class int(1)',
  'http-response wait-for-body time 1s',
  'http-response return status 200 content-type text/plain string x',
  'tcp-request content accept if { src 127.0.0.1 }',
  'tcp-request connection accept',
  'tcp-response inspect-delay 5s',
  'stick on src table t',
  'stick-table type ip size 1k expire 10s store gpc0',
  'balance uri len 10 depth 2',
  'cookie A insert indirect maxidle 10s',
  'retry-on 503 empty-response',
  'use-server s1 if { path / }',
];

/** HAProxy reads some broken numbers as very large ones: it gets little memory and time. */
const LIMITS = 'ulimit -v 600000 -t 4; exec /usr/sbin/haproxy -c -f "$0"';

const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
after(() => rmSync(folder, { recursive: true }));

function broken(line: string): string[] {
  const words = line.split(' ');
  const without = words.map((_, i) => words.toSpliced(i, 1)).slice(1);
  const wrong = words.map((_, i) => words.with(i, 'junk')).slice(-2);
  return [words, ...without, ...wrong].map((one) => one.join(' '));
}

const text = (line: string) => `
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
backend b
    server s1 127.0.0.1:80
    ${line}
backend t
    stick-table type ip size 1k
frontend f
    bind 127.0.0.1:1024
    declare capture request len 10
    default_backend b
`;

for (const line of LINES) {
  test(`what HAProxy refuses of '${line}' is refused`, { skip: !haveHaproxy }, async () => {
    const taken: string[] = [];
    for (const one of broken(line)) {
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(file, text(one));
      if (spawnSync('/bin/sh', ['-c', LIMITS, file]).status === 0) continue;
      const { config } = await load({ texts: [{ name: 'haproxy.cfg', text: text(one) }], env: {} });
      if (config !== null) taken.push(one);
    }
    assert.deepEqual(taken, []);
  });
}
