import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { get } from '../support/connection.ts';
import { isHaproxy, program, type Run, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const options = { skip: isHaproxy ? 'state files are an addition of Sluice' : false };

/** The first process is ended by its test. */
const endsByItself = { after: (): void => {} };

function config(line: string): string {
  return `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    http-request track-sc0 src table kept
    http-request return status 200
backend kept
    stick-table ${line}
`;
}

const LINE =
  'type ip size 100 expire 1h store gpt0,gpc0,http_req_cnt,http_req_rate(1h),conn_cur state-file {dir}/kept.tbl';

/** Starts another process on the file of `run`, which may have another line by then. */
async function again(t: TestContext, run: Run, more: readonly string[] = []): Promise<ChildProcess & { said: string }> {
  const child = spawn(program, ['-f', run.file, '-db', ...more], { stdio: ['ignore', 'ignore', 'pipe'] });
  const next = Object.assign(child, { said: '' });
  next.stderr?.on('data', (chunk: Buffer) => {
    next.said += chunk;
  });
  t.after(async () => {
    if (next.exitCode !== null || next.signalCode !== null) return;
    next.kill();
    await once(next, 'exit');
  });
  await until('the next process', async () => (await run.info().catch(() => null))?.['Pid'] === String(next.pid));
  return next;
}

/** What `show table` tells, without pointers. */
async function shown(run: Run): Promise<string> {
  return (await run.cli('show table kept')).replace(/^0x[0-9a-f]+: /gm, '').trim();
}

/** A process that has served two requests, and has an entry made by hand. */
async function used(line = LINE): Promise<Run> {
  const run = await start(endsByItself, config(line));
  for (let i = 0; i < 2; i++) assert.equal((await get(run.port('fe'))).status, 200);
  await run.cli('set table kept key 192.0.2.7 data.gpt0 3 data.gpc0 4');
  return run;
}

const saved = (run: Run) => `${run.dir}/kept.tbl`;

/** Waits until the file is another one than it was. */
async function savedAgain(run: Run): Promise<void> {
  const before = existsSync(saved(run)) ? statSync(saved(run)).ino : 0;
  await until('the table to be saved', () => existsSync(saved(run)) && statSync(saved(run)).ino !== before);
}

test('a table is there again after a stop, with its ages', options, async (t) => {
  const run = await used();
  const before = await shown(run);
  await run.stop();
  assert.equal(statSync(saved(run)).mode & 0o777, 0o600);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await again(t, run);
  const after = await shown(run);
  const plain = (text: string) =>
    text
      .replace(/exp=\d+/g, 'exp=')
      .split('\n')
      .sort();
  assert.deepEqual(plain(after), plain(before));
  assert.match(
    after,
    /key=127\.0\.0\.1 use=0 exp=\d+ shard=0 gpt0=0 gpc0=0 conn_cur=0 http_req_cnt=2 http_req_rate\(3600000\)=2/,
  );
  const expires = (text: string) => Number(/key=192\.0\.2\.7 use=0 exp=(\d+)/.exec(text)?.[1]);
  assert.ok(expires(after) <= expires(before) - 300, `${expires(before)} was followed by ${expires(after)}`);
});

test('after a kill the table is as it was saved last', options, async (t) => {
  const run = await used(`${LINE} state-interval 100ms`);
  await savedAgain(run);
  await savedAgain(run);
  process.kill(run.pid, 'SIGKILL');
  await run.exited;
  // A file that was being written is of no use, and in nobody's way.
  writeFileSync(`${saved(run)}.new`, 'half');
  await again(t, run);
  const after = await shown(run);
  assert.match(after, /key=127\.0\.0\.1 .*conn_cur=0 http_req_cnt=2 /);
  assert.match(after, /key=192\.0\.2\.7 .*gpt0=3 gpc0=4/);
  await savedAgain(run);
  assert.ok(!existsSync(`${saved(run)}.new`));
});

test('what has expired meanwhile is not loaded', options, async (t) => {
  const run = await used(LINE.replace('1h store', '400ms store'));
  await run.stop();
  await new Promise((resolve) => setTimeout(resolve, 500));
  const next = await again(t, run);
  assert.match(await shown(run), /used:0$/);
  assert.doesNotMatch(next.said, /state-file/);
});

for (const [damage, spoil, reason] of [
  ['damaged', (bytes: Buffer) => bytes.fill(1, bytes.length - 30, bytes.length - 20), 'a block of it is damaged'],
  ['cut off', (bytes: Buffer) => bytes.subarray(0, bytes.length - 20), 'it is cut off'],
  ['of somebody else', () => Buffer.from('#!/bin/sh\n'), 'it is no state file of a stick table'],
  ['empty', () => Buffer.alloc(0), 'it is no state file of a stick table'],
] as const)
  test(`a file that is ${damage} is told of, and the table starts empty`, options, async (t) => {
    const run = await used();
    await run.stop();
    writeFileSync(saved(run), spoil(readFileSync(saved(run))));
    const next = await again(t, run);
    assert.match(await shown(run), /used:0$/);
    assert.ok(next.said.includes(`stick-table 'kept' : state-file '${saved(run)}' is not used: ${reason}.`), next.said);
    assert.equal((await get(run.port('fe'))).status, 200);
    // It is written over when the table is saved.
    await run.cli('set table kept key 192.0.2.8 data.gpc0 1');
    next.kill();
    await once(next, 'exit');
    await again(t, run);
    assert.match(await shown(run), /used:2\n(key=127.*\n)?key=192\.0\.2\.8 /);
  });

test('what is no file is told of, and holds up nobody', options, async (t) => {
  const run = await used();
  await run.stop();
  rmSync(saved(run));
  execFileSync('mkfifo', [saved(run)]);
  const next = await again(t, run);
  assert.ok(next.said.includes(`state-file '${saved(run)}' is not used: it is no file.`), next.said);
  assert.equal((await get(run.port('fe'))).status, 200);
});

test('a table that stores other data takes what fits, and none of keys of another type', options, async (t) => {
  const run = await used();
  await run.stop();
  run.rewrite(config('type ip size 100 expire 1h store gpc0,gpc1,http_req_rate(10s) state-file {dir}/kept.tbl'));
  const next = await again(t, run);
  const after = await shown(run);
  assert.match(after, /key=192\.0\.2\.7 use=0 exp=\d+ shard=0 gpc0=4 http_req_rate\(10000\)=0 gpc1=0/);
  next.kill();
  await once(next, 'exit');
  run.rewrite(config('type string size 100 expire 1h store gpc0 state-file {dir}/kept.tbl'));
  const last = await again(t, run);
  assert.match(await shown(run), /used:0$/);
  assert.match(last.said, /is not used: its keys are of type ip, those of the table of type string\./);
  assert.equal((await get(run.port('fe'))).status, 200);
  assert.match(await shown(run), /used:1\nkey=127\.0\.0\.1 /);
});

test('a reload loads the file of a new table, and saves what goes', options, async (t) => {
  const run = await start(t, config(LINE));
  await run.cli('set table kept key 192.0.2.7 data.gpc0 4');
  run.rewrite(config('type ip size 100 expire 1h store gpc0'));
  assert.match(await run.cli('reload'), /Success/);
  await until('the table to be saved', () => existsSync(saved(run)));
  await run.cli('clear table kept');
  run.rewrite(config(LINE));
  await run.cli('reload');
  assert.match(await shown(run), /used:1\nkey=192\.0\.2\.7 .* gpc0=4/);
});

test('the process that takes over has what the one before counted to its end', options, async (t) => {
  const run = await used();
  await again(t, run, ['-sf', String(run.pid)]);
  await run.exited;
  await until('the counts of the process before', async () =>
    /key=127\.0\.0\.1 .*http_req_cnt=2 [\s\S]*key=192|key=192[\s\S]*http_req_cnt=2 /.test(await shown(run)),
  );
});

test('a file that cannot be written is told of, and the process serves on', options, async (t) => {
  const run = await start(t, config(`${LINE.replace('{dir}', '{dir}/missing')} state-interval 100ms`));
  await run.output(/stick-table 'kept' is not saved to '.*missing\/kept\.tbl': ENOENT/);
  assert.equal((await get(run.port('fe'))).status, 200);
});
