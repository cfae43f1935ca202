/** `sluice runtime` in the place of socat, on Sluice and on HAProxy. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { cliBytes } from '../support/cli.ts';
import { type Run, start } from '../support/program.ts';
import type { Scope } from '../support/wait.ts';

const sluice = join(import.meta.dirname, '../../bin/sluice');
const haproxy = '/usr/sbin/haproxy';

const CONFIG = `
  global
    stats socket {sock:admin} level admin
  defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
  frontend web
    bind {addr:web}
    default_backend app
  backend app
    server app1 127.0.0.1:10001 weight 100
    server app2 127.0.0.1:10002 weight 100
`;

interface Ended {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

const ends: (() => unknown)[] = [];
const scope: Scope = { after: (end) => void ends.push(end) };
const state = mkdtempSync(join(tmpdir(), 'sluice-runtime-'));
after(async () => {
  for (const end of ends.toReversed()) await end();
  rmSync(state, { recursive: true, force: true });
});

/** Runs `sluice runtime ARGS` with these lines on standard input. */
function runtime(run: Run, args: readonly string[], input = ''): Promise<Ended> {
  const env = { ...process.env, SLUICE_TARGET: run.sock('admin'), STATE_DIRECTORY: state };
  const child = spawn(sluice, ['runtime', ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('latin1').on('data', (piece: string) => {
    out += piece;
  });
  child.stderr.setEncoding('utf8').on('data', (piece: string) => {
    err += piece;
  });
  child.stdin.on('error', () => undefined).end(input);
  return new Promise((resolve) => child.on('close', (status) => resolve({ status, out, err })));
}

function suite(title: string, begin: () => Promise<Run>): void {
  describe(`sluice runtime on ${title}`, () => {
    let run: Run;
    before(async () => {
      run = await begin();
    });

    it('answers byte for byte as socat shows it', async () => {
      const lines = [
        ...['show version', 'get weight app/app1', 'get weight app/nope', 'show servers', 'show backend', 'nonsense'],
        ...['show servers conn app', 'show cli level', 'set server app/app1 weight 300', 'show stat;show cli level'],
        ...['disable server', 'set server app/app1 state drain', 'show table', 'get weight app/app1 ; show cli level'],
        ...['set server app/nope addr x', 'enable frontend web', 'shutdown session 0x1', 'add map /nope a b'],
      ];
      for (const line of lines) {
        const [{ out }, socat] = [await runtime(run, [line]), await cliBytes(run.sock('admin'), `${line}\n`)];
        // Counters and times go on.
        const still = (text: string) => text.replace(/\d+/g, '#').replace(/0x#?[0-9a-f#]+/g, '0x#');
        assert.equal(still(out), still(socat), line);
      }
    });

    it('takes several lines, and ends with 1 when one of them was refused', async () => {
      const { status, out } = await runtime(
        run,
        [],
        'set server app/app1 state ready\nget weight app/nope\n\nget weight app/app2\n',
      );
      assert.equal(status, 1);
      assert.equal(out, '\nNo such server.\n\n100 (initial 100)\n\n');
      assert.equal((await runtime(run, ['get', 'weight', 'app/app1'])).status, 0);
    });

    it('ends with 4 when nobody answers', async () => {
      const { status, err } = await runtime(run, ['--target', join(run.dir, 'none.sock'), 'show info']);
      assert.equal(status, 4);
      assert.match(err, /^sluice: no such socket/);
    });

    it('does not do what its level does not allow, however it is written', async () => {
      for (const line of [
        'set server app/app1 state maint',
        'set  server\tapp/app1 state maint',
        's\\et server app/app1 state maint',
        'show version;set server app/app1 state maint',
        'operator;set server app/app1 state maint',
        '@1 set server app/app1 state maint',
        'expert-mode on',
        'experimental-mode on',
      ]) {
        const { status, out } = await runtime(run, ['--level', 'operator', line]);
        assert.equal(status, 1, line);
        assert.match(out, /Permission denied\n\n$/, line);
      }
      assert.match(await run.cli('show servers state app'), / app1 127\.0\.0\.1 2 0 /);
      assert.equal((await runtime(run, ['--level', 'operator', 'clear counters'])).status, 0);
      assert.equal((await runtime(run, ['--level', 'user', 'clear counters'])).status, 1);
      assert.equal((await runtime(run, ['--level', 'user', 'show cli level'])).out, 'user\n\n');
    });

    it('does not understand levels and options that there are not', async () => {
      for (const args of [['--level', 'root', 'show info'], ['--level'], ['--state-dir', '/x', 'show info']])
        assert.equal((await runtime(run, args)).status, 2, args.join(' '));
    });

    it('says when a payload has no end, and sends nothing', async () => {
      const { status, err } = await runtime(run, [], 'change <<\n{}\n');
      assert.equal(status, 1);
      assert.match(err, /a payload has no end: an empty line is missing/);
    });

    it('tells answers as JSON', async () => {
      const { out } = await runtime(run, ['--json', 'get weight app/app1;get weight app/nope']);
      const [one, two] = out.trim().split('\n');
      assert.deepEqual(JSON.parse(one!).text, '100 (initial 100)');
      assert.deepEqual(JSON.parse(two!), {
        command: 'get weight app/nope',
        ok: false,
        severity: 3,
        text: 'No such server.',
      });
    });

    it('shows severities when they are asked for', async () => {
      const { out } = await runtime(run, ['set severity-output number;get weight app/nope']);
      assert.equal(out, '\n[3]: No such server.\n\n');
    });
  });
}

suite('Sluice', () => start(scope, CONFIG));

describe('sluice runtime on Sluice', () => {
  it('makes a transaction over several commands', async () => {
    const run = await start(scope, CONFIG);
    const { status, out } = await runtime(
      run,
      [],
      'begin\nset server app/app1 weight 7\nset server app/app2 weight 8\ncommit\n',
    );
    assert.equal(status, 0, out);
    assert.match(await run.cli('get weight app/app2'), /^8 /);
  });
});

if (existsSync(haproxy)) {
  suite('HAProxy', () => start(scope, CONFIG, { program: haproxy }));

  describe('sluice runtime on HAProxy', () => {
    let run: Run;
    before(async () => {
      run = await start(scope, CONFIG.replace('default_backend app', 'use_backend %[path,map({dir}/m.map,app)]'), {
        program: haproxy,
        files: { 'm.map': '/a app\n' },
      });
    });
    const audit = () =>
      execFileSync(sluice, ['audit', 'list', '--state-dir', join(state, 'targets'), '--json'], { encoding: 'utf8' })
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter(({ target }) => target === run.sock('admin'));

    it('records what is changed as the Change that it is, so that it can be taken back', async () => {
      assert.equal((await runtime(run, ['disable server app/app1'])).status, 0);
      const { change, before, after, origin } = audit().at(-1);
      assert.deepEqual(change, { kind: 'server.state', backend: 'app', server: 'app1', to: 'maint' });
      assert.deepEqual([before, after, origin.surface], ['ready', 'maint', 'runtime']);
      assert.equal(origin.title, 'runtime disable server app/app1');
      const env = { ...process.env, SLUICE_TARGET: run.sock('admin'), STATE_DIRECTORY: state };
      execFileSync(sluice, ['undo', origin.operation], { env });
      await run.status('app/app1', 'no check');
    });

    it('records refusals, and what no Change stands for; payloads with keys are withheld', async () => {
      assert.equal((await runtime(run, ['set server app/app1 weight 300'])).status, 1);
      assert.match(audit().at(-1).text, /^Absolute weight can only be/);
      const key = `-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----`;
      await runtime(run, [], `set ssl cert /a.pem <<\n${key}\n\n`);
      const { change } = audit().at(-1);
      assert.equal(change.kind, 'runtime.command');
      assert.equal(change.on, '/a.pem');
      assert.doesNotMatch(JSON.stringify(audit()), /c2VjcmV0/);
    });

    it('adds the lines of a payload to a map, with a record for each', async () => {
      const map = join(run.dir, 'm.map');
      const { status, err } = await runtime(run, [], `add map ${map} <<END\n/b app\n/c app\nEND\nshow map ${map}\n`);
      assert.equal(status, 0, err);
      const added = audit().slice(-2);
      assert.deepEqual(
        added.map(({ change }) => change.key),
        ['/b', '/c'],
      );
      const twice = await runtime(run, [`add map ${map} /b app`]);
      assert.equal(twice.status, 0);
      assert.match(twice.err, /has the key '\/b' already/);
    });

    it('keeps modes within a line, as a connection does', async () => {
      const { status, out } = await runtime(run, ['experimental-mode on;set var proc.x int(4);get var proc.x']);
      assert.equal(status, 0);
      assert.match(out, /^\n\nproc\.x: type=sint value=<4>\n/);
      assert.equal((await runtime(run, [], 'experimental-mode on\nset var proc.x int(4)\n')).status, 1);
    });

    it('tells what was probably meant', async () => {
      assert.match((await runtime(run, ['show servers'])).err, /Did you mean: show servers state/);
    });
  });
}
