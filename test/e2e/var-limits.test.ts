import assert from 'node:assert/strict';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';

const TEXT = 'x'.repeat(40);

const config = (limits: string): string => `
global
    stats socket {sock:admin} level admin
    ${limits}
defaults
    mode http
    timeout client 5s
frontend web
    bind {addr:web}
    http-request set-var(sess.a) str(${TEXT})
    http-request set-var(txn.a) str(${TEXT})
    http-request set-var(txn.b) str(${TEXT})
    http-request set-var(req.a) str(${TEXT})
    http-request set-var(proc.a) req.hdr(proc)
    http-request return status 200 content-type text/plain lf-string "%[var(sess.a),length]/%[var(txn.a),length]/%[var(txn.b),length]/%[var(req.a),length]/%[var(proc.a)]"
`;

test(
  'limits of scopes hold, from the reload on that brings them',
  unlessHaproxy26('shows memory where a variable has no room'),
  async (t) => {
    const run = await start(t, config(''));
    const told = async (proc = 'y') => (await get(run.port('web'), '/', `proc: ${proc}`)).body.toString().trim();
    assert.equal(await told(), '40/40/40/40/y');
    // A variable takes 80 bytes, and the length of its text.
    for (const [limits, expected] of [
      ['tune.vars.reqres-max-size 100', '40/40/40//y'],
      ['tune.vars.reqres-max-size 120', '40/40/40/40/y'],
      ['tune.vars.txn-max-size 239', '40/40///y'],
      ['tune.vars.txn-max-size 240', '40/40/40//y'],
      ['tune.vars.sess-max-size 240', '40/40///y'],
      ['tune.vars.proc-max-size 441', '40/40/40//y'],
    ] as const) {
      run.rewrite(config(limits));
      assert.match(await run.cli('reload'), /^Success=1/);
      assert.equal(await told(), expected, limits);
    }
    // For a longer value there is no room.
    assert.equal(await told('longer'.repeat(20)), '40/40/40//0');
  },
);
