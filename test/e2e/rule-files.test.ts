import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { runToEnd, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';

const log = await syslog({ after });
const SETTINGS = `
defaults
    mode http
    timeout connect 5s
    timeout client 2s
    timeout server 5s
`;

test('pattern files and pages are found beside the configuration file with default-path config', async (t) => {
  const run = await start(
    t,
    `
global
    default-path origin {dir}
${SETTINGS}
frontend web
    bind {addr:web}
    acl listed path -f paths.lst
    acl from_here src -f nets.lst
    http-request return status 403 if listed from_here
    http-request return status 200 content-type text/plain file page.txt
`,
    {
      files: { 'paths.lst': '# comment\n/secret\n/hidden\n', 'nets.lst': '127.0.0.0/8\n', 'page.txt': 'page' },
      argv: ['-C', '/', '-f', '{config}', '-db'],
    },
  );
  assert.equal((await get(run.port('web'), '/hidden')).status, 403);
  assert.equal((await get(run.port('web'), '/other')).text, 'page');
});

test('without default-path files start from the working directory', async () => {
  const end = await runToEnd(
    `${SETTINGS}
frontend web
    bind {addr:web}
    acl listed path -f paths.lst
    http-request deny if listed
`,
    { files: { 'paths.lst': '/secret\n' }, argv: ['-C', '/', '-c', '-f', '{config}'] },
  );
  assert.equal(end.code, 1);
  assert.match(end.stderr, /paths\.lst/);
});

test("acl() finds the proxy's ACLs in log-formats and in rules", unlessHaproxy26('does not know acl()'), async (t) => {
  const run = await start(
    t,
    `
global
    log {addr:log} local0
${SETTINGS}
frontend web
    bind {addr:web}
    log global
    log-format "%HP %[acl(local)] %[acl(!local)]"
    acl listed path /a
    acl local src 127.0.0.1
    http-request return status 200 content-type text/plain lf-string "%[acl(listed)]"
`,
    { ports: { log } },
  );
  assert.equal((await get(run.port('web'), '/a')).text, '1');
  assert.equal((await get(run.port('web'), '/b')).text, '0');
  assert.match(await log.waitFor(/\/a /), /\/a 1 0$/);
});
