import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cli } from '../support/cli.ts';
import { get } from '../support/connection.ts';
import { runToEnd, start } from '../support/program.ts';

const web = (bind: string) => `
global
    stats socket ipv4@localhost:{port:cli} level operator
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
frontend web
    bind ${bind}
    http-request return status 200
`;

test('host names of bind and stats socket lines are resolved at start', async (t) => {
  const run = await start(t, web('ipv4@localhost:{port:web}'));
  assert.equal((await get(run.port('web'))).status, 200);
  assert.match(await cli(run.port('cli'), 'show cli level'), /^operator/);
});

test('a host name without address ends the start, with file and line', async () => {
  const end = await runToEnd(web('nosuch.invalid:80'));
  assert.equal(end.code, 1);
  assert.match(end.stderr, /haproxy\.cfg:10\] : 'bind' : invalid address: 'nosuch\.invalid' in 'nosuch\.invalid:80'/);
});
