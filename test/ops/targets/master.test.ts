import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Change } from '../../../src/change/change.ts';
import { start } from '../../support/program.ts';
import { until } from '../../support/wait.ts';
import { HAPROXY, meta, target } from './support.ts';

const CONFIG = `
  global
    stats socket {addr:tcp} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    http-request set-header x-app %[path,map({dir}/paths.map)]
    default_backend app
  backend app
    server app1 127.0.0.1:10001 weight 100
`;

const drain: Change = { kind: 'server.state', backend: 'app', server: 'app1', to: 'drain' };

describe('a HAProxy', { skip: existsSync(HAPROXY) ? false : 'haproxy is not installed' }, () => {
  const files = { 'paths.map': '/a one\n' };

  it('behind its master socket is changed like any other', async (t) => {
    const run = await start(t, CONFIG, {
      program: HAPROXY,
      files,
      argv: ['-W', '-f', 'haproxy.cfg', '-S', '{sock:master}'],
    });
    // It listens before it has a worker, and ends connections until then.
    const lb = await until('the master to answer', () => target(t, run.sock('master')).catch(() => null));
    assert.equal((await lb.state()).backends[0]?.servers[0]?.name, 'app1');
    const map = `${run.dir}/paths.map`;
    const entries = Array.from({ length: 3000 }, (_, i): [string, string] => [`/path-${i}`, `value ${i}`]);
    const changes: Change[] = [
      drain,
      { kind: 'map.add', map, key: '/b', value: 'two' },
      { kind: 'map.replace', map, entries },
      { kind: 'server.add', backend: 'app', server: 'new', addr: '127.0.0.1:10009', from: null, words: [] },
      { kind: 'var.set', name: 'proc.x', value: { type: 'int', value: 5 } },
    ];
    const applied = await lb.apply(changes, meta());
    assert.ok(applied.ok, applied.text || applied.outcomes.map(({ text }) => text).join());
    assert.match((await lb.preview([{ kind: 'map.clear', map }]))[0]!.before, /^3000 entries, sha256 /);
    const refused = await lb.apply([{ kind: 'server.fqdn', backend: 'app', server: 'app1', fqdn: 'x' }], meta());
    assert.equal(refused.ok, false);
  });

  it('is reached over TCP', async (t) => {
    const run = await start(t, CONFIG, { program: HAPROXY, files });
    const lb = await target(t, `127.0.0.1:${run.port('tcp')}`);
    const applied = await lb.apply([drain], meta());
    assert.ok(applied.ok, applied.text);
    assert.equal((await lb.state()).backends[0]?.servers[0]?.admin, 'drain');
  });
});
