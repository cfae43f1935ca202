import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { HAPROXY_VERSION } from '../../src/util/version.ts';

const launcher = join(import.meta.dirname, '../../bin/sluice');

/** A folder that is gone after the test. */
function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sluice-launcher-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

/** An installation that holds the launcher, and a program that prints how it was started. */
function installation(t: TestContext): string {
  const root = folder(t);
  mkdirSync(join(root, 'bin'));
  cpSync(launcher, join(root, 'bin/sluice'));
  mkdirSync(join(root, 'dist'));
  writeFileSync(
    join(root, 'dist/sluice.js'),
    'console.log(JSON.stringify([process.pid, process.execPath, process.execArgv, process.argv.slice(2)]))',
  );
  return root;
}

/** A program that says it is Node.js of that version, and runs the real one. */
function pretend(path: string, version: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n[ "$1" = --version ] && echo ${version} && exit\nexec "${process.execPath}" "$@"\n`);
  chmodSync(path, 0o755);
  return path;
}

function run(program: string, args: readonly string[], env: Record<string, string> = {}) {
  return spawnSync(program, args, { encoding: 'utf8', cwd: '/', env: { PATH: '/usr/bin:/bin', ...env } });
}

test('the program runs from any folder and through chains of symbolic links', (t) => {
  const dir = folder(t);
  symlinkSync(launcher, join(dir, 'one'));
  symlinkSync('one', join(dir, 'two'));
  assert.match(
    run(join(dir, 'two'), ['-v']).stdout,
    new RegExp(`^HAProxy version ${HAPROXY_VERSION.replaceAll('.', '\\.')} `),
  );
});

test('the process that was started is the one that runs, with its arguments as they were', (t) => {
  const root = installation(t);
  const { pid, stdout } = run(join(root, 'bin/sluice'), ['-x', 'a  b', '', '$HOME'], { SLUICE_NODE: process.execPath });
  const [ownPid, , flags, args] = JSON.parse(stdout);
  assert.equal(ownPid, pid);
  assert.deepEqual(args, ['-x', 'a  b', '', '$HOME']);
  assert.ok(flags.includes('--enable-experimental-regexp-engine-on-excessive-backtracks'));
});

test('-m limits the heap of the engine', (t) => {
  const { stdout } = run(join(installation(t), 'bin/sluice'), ['-f', 'a', '-m', '300'], {
    SLUICE_NODE: process.execPath,
  });
  assert.ok(JSON.parse(stdout)[2].includes('--max-old-space-size=300'));
});

test('a Node.js shipped beside the program is taken before that of the PATH', (t) => {
  const root = installation(t);
  mkdirSync(join(root, 'libexec'));
  symlinkSync(process.execPath, join(root, 'libexec/node'));
  const old = dirname(pretend(join(folder(t), 'node'), 'v20.20.2'));
  assert.equal(run(join(root, 'bin/sluice'), [], { PATH: `${old}:/usr/bin:/bin` }).status, 0);
});

test('the Node.js of the PATH is taken when it is new enough', (t) => {
  for (const [version, status] of [
    ['v26.0.9', 1],
    ['v26.1.0', 0],
    ['v26.10.0', 0],
    ['v27.0.0-nightly1', 0],
    ['v9.99.0', 1],
    ['nonsense', 1],
  ] as const) {
    const path = dirname(pretend(join(folder(t), 'node'), version));
    const { status: got, stderr } = run(join(installation(t), 'bin/sluice'), [], { PATH: `${path}:/usr/bin:/bin` });
    assert.equal(got, status, version);
    if (status === 1)
      assert.match(stderr, /^sluice: no Node\.js of version 26\.1 or later was found: run 'npm ci' in /);
  }
});

test('a SLUICE_NODE that is none is refused, not passed over', (t) => {
  const { status, stderr } = run(join(installation(t), 'bin/sluice'), [], { SLUICE_NODE: '/nonexistent/node' });
  assert.equal(status, 1);
  assert.equal(stderr, "sluice: SLUICE_NODE is not a Node.js of version 26.1 or later: '/nonexistent/node'\n");
});
