import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, start } from '../support/program.ts';

test('force-be-switch: who it is for gets to backends that are closed to others', {
  skip: isHaproxy ? 'it came with HAProxy 3.4' : false,
}, async () => {
  const open = await origin({ after }, 'open');
  const closed = await origin({ after }, 'closed');
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
frontend web
    bind {addr:web}
    force-be-switch if { hdr(x-admin) yes }
    use_backend off if { path /off }
    use_backend hidden if { path /hidden }
    use_backend later if { path /later }
    default_backend open
backend open
    server s {addr:open}
backend off
    disabled
    server s {addr:closed}
backend hidden
    server s {addr:closed}
backend later
    be-unpublished
    server s {addr:closed}
`,
    { ports: { open, closed } },
  );
  const ask = async (path: string, ...lines: string[]) => (await get(run.port('web'), path, ...lines)).text;
  assert.equal(await ask('/hidden'), 'closed');
  await run.cli('unpublish backend hidden');
  assert.equal(await ask('/hidden'), 'open');
  assert.equal(await ask('/hidden', 'X-Admin: yes'), 'closed');
  assert.equal(await ask('/off'), 'open');
  assert.equal(await ask('/off', 'X-Admin: yes'), 'closed');
  assert.equal(await ask('/', 'X-Admin: yes'), 'open');
  assert.equal(await ask('/later'), 'open');
  assert.equal(await ask('/later', 'X-Admin: yes'), 'closed');
  await run.cli('publish backend later');
  assert.equal(await ask('/later'), 'closed');
});
