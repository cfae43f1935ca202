/** What is counted of the servers of a backend that are backups, track others or are all off: the same as on the installed HAProxy. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, describe, test } from 'node:test';
import { get } from '../support/connection.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs Sluice and HAProxy' : false;

const CONFIG = `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    http-request return status 200 content-type text/plain lf-string "%[nbsrv(one)] %[nbsrv(all)] %[nbsrv(active)] %[nbsrv(none)] %[str(one),nbsrv]"
backend one
    server s1 127.0.0.1:9 disabled
    server s2 127.0.0.1:9 backup
    server s3 127.0.0.1:9 backup
backend all
    option allbackups
    server s1 127.0.0.1:9 disabled
    server s2 127.0.0.1:9 backup
    server s3 127.0.0.1:9 backup
backend active
    server s1 127.0.0.1:9
    server s2 127.0.0.1:9
    server s3 127.0.0.1:9 backup
backend none
    server s1 127.0.0.1:9 disabled
backend follows
    server s1 127.0.0.1:9 track checked/off
    server s2 127.0.0.1:9 disabled
backend checked
    server watched 127.0.0.1:9 check inter 1h observe layer7
    server off 127.0.0.1:9 check inter 1h disabled
backend watches
    server s1 127.0.0.1:9 track checked/watched
    server s2 127.0.0.1:9 track watches/s1
`;

describe('beside HAProxy', { skip }, async () => {
  if (skip !== false) return;
  const runs = [await start({ after }, CONFIG), await start({ after }, CONFIG, { program: HAPROXY })] as const;
  const alike = async <T>(ask: (run: Run) => Promise<T>): Promise<T> => {
    const [ours, theirs] = [await ask(runs[0]), await ask(runs[1])];
    assert.deepEqual(ours, theirs);
    return ours;
  };

  test('nbsrv counts the one backup that is in use, or all of them with option allbackups', async () => {
    assert.equal(await alike(async (run) => (await get(run.port('fe'), '/')).body.toString()), '1 2 2 0 1');
    for (const run of runs)
      await run.cli(
        'set server one/s1 state ready; set server active/s1 state maint; set server active/s2 state maint',
      );
    assert.equal(await alike(async (run) => (await get(run.port('fe'), '/')).body.toString()), '1 2 1 0 1');
  });

  test('a backend goes down at the start when all that is left of it tracks a server that is off', async () => {
    assert.equal(await alike(async (run) => (await run.row('follows/BACKEND'))['chkdown']), '1');
    assert.equal(await alike(async (run) => (await run.row('none/BACKEND'))['chkdown']), '0');
  });

  test('errors of a server are told where the server at the end of what it tracks is observed', async () => {
    assert.equal(await alike(async (run) => (await run.row('watches/s2'))['hanafail']), '0');
    assert.equal(await alike(async (run) => (await run.row('follows/s1'))['hanafail']), '');
  });
});
