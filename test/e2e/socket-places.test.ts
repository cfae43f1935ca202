import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { after, describe, test } from 'node:test';
import { get } from '../support/connection.ts';
import { isListening, listeningPorts } from '../support/ports.ts';
import { isHaproxy, start } from '../support/program.ts';
import { httpDefaults } from '../support/proxies.ts';
import { until } from '../support/wait.ts';

/* Where sockets are: `namespace` and `namespace_list`; and how their segments are signed: `tcp-md5sig`. */

const name = `sluice-${process.pid}`;
const ip = (...args: string[]) => execFileSync('ip', args, { encoding: 'latin1', stdio: ['ignore', 'pipe', 'ignore'] });
const inside = (...args: string[]) => ip('netns', 'exec', name, ...args);

/** Why there are no network namespaces here; false: there are. */
function problem(): string | false {
  try {
    ip('netns', 'add', name);
    after(() => ip('netns', 'del', name));
    ip('netns', 'exec', name, 'ip', 'link', 'set', 'lo', 'up');
    return false;
  } catch {
    return 'needs the rights to make a network namespace, and iproute2';
  }
}

const skip = problem();
/** Ports of the namespace, where nobody else listens. */
const ORIGIN = 8080;
const FRONT = 8081;
const ANSWER = `require('http').createServer((q, s) => s.end('from inside')).listen(${ORIGIN}, '127.0.0.1')`;

describe('network namespaces', { skip }, async () => {
  if (skip !== false) return;
  const origin = spawn('ip', ['netns', 'exec', name, process.execPath, '-e', ANSWER], { stdio: 'ignore' });
  after(() => origin.kill());
  const run = await start(
    { after },
    `
global
    stats socket {sock:admin} level admin
${httpDefaults('timeout connect 1s')}
namespace_list
    namespace ${name}
frontend outside
    bind {addr:outside}
    use_backend inside if { path /inside }
    default_backend here
frontend inside
    bind 127.0.0.1:${FRONT} namespace ${name}
    http-request return status 200 content-type text/plain string "a front door"
backend inside
    server s 127.0.0.1:${ORIGIN} namespace ${name} check inter 100ms
backend here
    retries 0
    server s 127.0.0.1:${ORIGIN}
`,
    // A port of the namespace is not seen from here.
    { noWait: true },
  );
  await until('it listens', () => listeningPorts().has(run.port('outside')) && isListening(run.sock('admin')));

  test('servers are connected to in theirs, and checked there', async () => {
    await until('the server is up', async () => (await run.row('inside/s'))['status'] === 'UP');
    assert.equal((await get(run.port('outside'), '/inside')).text, 'from inside');
    assert.equal((await get(run.port('outside'), '/')).status, 503);
  });

  test('listeners accept in theirs only', async () => {
    assert.equal(inside('curl', '-s', `http://127.0.0.1:${FRONT}/`), 'a front door');
    await assert.rejects(get(FRONT, '/'), { code: 'ECONNREFUSED' });
  });

  test('what is not there is an error with the place', async (t) => {
    const timeouts = 'timeout client 1s\n timeout server 1s\n timeout connect 1s';
    for (const lines of [
      'namespace_list\n namespace nowhere\n',
      'listen l\n bind {addr:l} namespace nowhere\n',
      'backend b\n server s 127.0.0.1:1 namespace nowhere\n',
    ])
      await assert.rejects(
        start(t, `defaults\n mode http\n ${timeouts}\n${lines}`),
        /\[ALERT\][^\n]*haproxy.cfg:\d+\].*Cannot open namespace 'nowhere'/,
      );
  });
});

test('segments are signed, and those with another key or none are dropped', {
  skip: isHaproxy && 'HAProxy 2.6 has no tcp-md5sig',
}, async () => {
  const run = await start(
    { after },
    `
defaults
    mode http
    timeout connect 300ms
    timeout client 5s
    timeout server 5s
    retries 0
frontend main
    bind {addr:main}
    use_backend %[path,word(1,/)]
backend right
    server s {addr:signed} tcp-md5sig secret
backend wrong
    server s {addr:signed} tcp-md5sig another
backend none
    server s {addr:signed}
frontend signed
    bind {addr:signed} tcp-md5sig secret
    http-request return status 200
`,
  );
  assert.equal((await get(run.port('main'), '/right')).status, 200);
  assert.equal((await get(run.port('main'), '/wrong')).status, 503);
  assert.equal((await get(run.port('main'), '/none')).status, 503);
});
