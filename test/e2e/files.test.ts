import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { get } from '../support/connection.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';
import { until } from '../support/wait.ts';

// Files that the configuration names are read with it, and again with each reload, in the same state by all threads.

const page = (text: string) => `HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\n\r\n${text}`;
const config = `
global
    stats socket {sock:admin} level admin
    nbthread 2
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    errorfile 403 {dir}/403.http
    acl listed path -f {dir}/paths.acl
    http-request return status 200 content-type text/plain lf-file {dir}/answer.txt if listed
    http-request deny
`;
const files = { '403.http': page('old page'), 'paths.acl': '/a\n', 'answer.txt': 'old answer to %[path]' };

test(
  'a reload takes other contents of the same files; what is gone in between is not missed',
  unlessHaproxy26('reloads by starting a new process'),
  async (t) => {
    const run = await start(t, config, { files });
    assert.equal((await get(run.port('fe'), '/a')).text, 'old answer to /a');
    assert.equal((await get(run.port('fe'), '/b')).text, 'old page');
    writeFileSync(join(run.dir, '403.http'), page('new page'));
    writeFileSync(join(run.dir, 'paths.acl'), '/b\n');
    writeFileSync(join(run.dir, 'answer.txt'), 'new answer to %[path]');
    assert.equal((await get(run.port('fe'), '/a')).text, 'old answer to /a', 'nothing changes before the reload');
    run.signal('SIGUSR2');
    await until('the new contents', async () => (await get(run.port('fe'), '/b')).text === 'new answer to /b');
    for (let i = 0; i < 6; i++) assert.equal((await get(run.port('fe'), '/a')).text, 'new page');
  },
);

test(
  'a reload with a file that is missing changes nothing and says which',
  unlessHaproxy26('reloads by starting a new process'),
  async (t) => {
    const run = await start(t, config, { files });
    run.rewrite(config.replace('answer.txt', 'nothing.txt'));
    assert.match(await run.cli('reload'), /Success=0[\s\S]*nothing\.txt/);
    assert.equal((await get(run.port('fe'), '/a')).text, 'old answer to /a');
  },
);

test("the page of an error is the backend's, else the frontend's, else the built-in one", async (t) => {
  const run = await start(
    t,
    `
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 5s
frontend fe
    bind {addr:fe}
    errorfile 503 {dir}/front.http
    use_backend own if { path /own }
    use_backend denies if { path /denied }
    default_backend plain
backend own
    errorfile 503 {dir}/back.http
backend plain
backend denies
    http-request deny
`,
    { files: { 'front.http': page('front'), 'back.http': page('back') } },
  );
  assert.equal((await get(run.port('fe'), '/own')).text, 'back');
  assert.equal((await get(run.port('fe'), '/')).text, 'front');
  assert.match((await get(run.port('fe'), '/denied')).text, /403 Forbidden/);
});
