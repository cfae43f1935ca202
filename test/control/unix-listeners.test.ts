import assert from 'node:assert/strict';
import { once } from 'node:events';
import { linkSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { runToEnd, start } from '../support/program.ts';

const asRoot = { skip: process.getuid!() !== 0 && 'needs root' };
const folder = mkdtempSync(join(tmpdir(), 'sluice-unix-'));
after(() => rmSync(folder, { recursive: true }));

const config = (bind: string, more = '') => `
  global
      nbthread 2
      stats socket {sock:admin} level admin
      ${more}
  defaults
      mode tcp
      timeout connect 5s
      timeout client 5s
      timeout server 5s
  listen web
      bind ${bind}
      tcp-request content reject
  frontend other
      mode http
      bind {addr:other}
      http-request return status 204
`;

const access = (path: string) => {
  const { mode, uid, gid } = statSync(path);
  return [(mode & 0o777).toString(8), uid, gid];
};

test('the unix socket of a frontend has the owner and mode of its bind line', asRoot, async (t) => {
  const path = join(folder, 'owned.sock');
  await start(t, config(`${path} mode 640 uid 1234 group nogroup`));
  assert.deepEqual(access(path).slice(0, 2), ['640', 1234]);
  assert.notEqual(access(path)[2], 0);
});

test('unix-bind sets owner and mode of all paths, a bind line wins', asRoot, async (t) => {
  const path = join(folder, 'bound.sock');
  const run = await start(t, config(`${path} mode 666`, 'unix-bind mode 600 uid 1234 gid 1235'));
  assert.deepEqual(access(path), ['666', 1234, 1235]);
  assert.equal((await get(run.port('other'))).status, 204);
});

test('a socket left behind is replaced; while its frontend is disabled, connections wait', async (t) => {
  const path = join(folder, 'again.sock');
  const left = createServer().listen(path);
  await once(left, 'listening');
  linkSync(path, `${path}.kept`);
  left.close();
  renameSync(`${path}.kept`, path);
  const run = await start(t, config(`${path} mode 600`));
  await connect(t, path);
  assert.equal(await run.cli('disable frontend web'), '');
  const waiting = await connect(t, path);
  assert.equal(await waiting.silent(200), true);
  assert.equal(await run.cli('enable frontend web'), '');
  await waiting.rest({ tolerateReset: true });
  assert.equal(access(path)[0], '600');
  assert.equal((await get(run.port('other'))).status, 204);
});

test('a missing folder, or a file in the way, is told with the line of the bind', async () => {
  const file = join(folder, 'a-file');
  writeFileSync(file, '');
  const exit = await runToEnd(config(`${folder}/none/x.sock,${file}`), { noWait: true });
  assert.equal(exit.code, 1);
  assert.match(
    exit.stderr,
    /Binding \[.*:12\] for proxy web: cannot bind UNIX socket \(No such file or directory\) \[.*\/none\/x\.sock\]/,
  );
  assert.match(
    exit.stderr,
    /for proxy web: cannot bind UNIX socket \(a file that is no socket is in the way\) \[.*a-file\]/,
  );
});
