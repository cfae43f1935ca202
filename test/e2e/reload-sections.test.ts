import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { type Run, start, unlessHaproxy26 } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// What a reload takes over beside proxies and servers: the global section, and sections that proxies refer to.

const inProcess = unlessHaproxy26('a reload is another process');

const base = `
global
    stats socket {sock:admin} level admin
    nbthread 2
`;
const defaults = `
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
`;

async function reload(run: Run, text: string, told = ''): Promise<void> {
  run.rewrite(text);
  const answer = (await run.cli('reload')).replaceAll(`[WARNING]  (${run.pid}) : `, '');
  assert.equal(answer.trim(), `Success=1\n--\n${told}`.trim());
}

/** Asks often enough that all threads have answered; the answers must be alike. */
async function everywhere(port: number, path: string, ...lines: string[]): Promise<{ status: number; text: string }> {
  const answers = await Promise.all(Array.from({ length: 12 }, () => get(port, path, ...lines)));
  for (const { status, text } of answers) assert.deepEqual([status, text], [answers[0]!.status, answers[0]!.text]);
  return answers[0]!;
}

test('userlists: users, passwords and groups of the next request are those of the file', inProcess, async (t) => {
  const config = (users: string) => `${base}
userlist people
    ${users}
${defaults}
frontend fe
    bind {addr:fe}
    http-request return status 200 if { http_auth_group(people) staff }
    http-request return status 202 if { http_auth(people) }
    http-request auth
`;
  const run = await start(t, config('group staff\n    user ann insecure-password one'));
  const as = (user: string) =>
    everywhere(run.port('fe'), '/', `Authorization: Basic ${Buffer.from(user).toString('base64')}`);
  assert.equal((await as('ann:one')).status, 202);
  assert.equal((await as('bob:two')).status, 401);
  const kept = await connect(t, run.port('fe'));
  const ask = 'GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Basic YW5uOm9uZQ==\r\n\r\n';
  kept.send(ask);
  assert.equal((await kept.response('GET')).status, 202);
  await reload(
    run,
    config('group staff users bob\n    user ann insecure-password 1\n    user bob insecure-password two'),
  );
  assert.equal((await as('ann:one')).status, 401);
  assert.equal((await as('ann:1')).status, 202);
  assert.equal((await as('bob:two')).status, 200);
  // A connection that is open keeps nothing of the old list either.
  kept.send(ask);
  assert.equal((await kept.response('GET')).status, 401);
});

test('http-errors sections, and the files that they name', inProcess, async (t) => {
  const page = (text: string) => `HTTP/1.1 503 Gone\ncontent-length: ${text.length}\n\n${text}`;
  const config = (file: string) => `${base}
http-errors site
    errorfile 503 {dir}/${file}
${defaults}
frontend fe
    bind {addr:fe}
    errorfiles site
    default_backend none
backend none
`;
  const run = await start(t, config('a.http'), { files: { 'a.http': page('page a'), 'b.http': page('page b') } });
  assert.equal((await everywhere(run.port('fe'), '/')).text, 'page a');
  await reload(run, config('b.http'));
  assert.equal((await everywhere(run.port('fe'), '/')).text, 'page b');
});

test('node and description', inProcess, async (t) => {
  const log = await syslog(t);
  const config = (node: string) => `
global
    stats socket {sock:admin} level admin
    nbthread 2
    node ${node}
    description machine ${node}
    log {addr:log} local0
${defaults}
frontend fe
    bind {addr:fe}
    log global
    log-format "host=%H"
    http-request return status 200
`;
  const run = await start(t, config('one'), { ports: { log } });
  await get(run.port('fe'));
  await log.waitFor(/host=one$/);
  await reload(run, config('two'));
  await everywhere(run.port('fe'), '/');
  for (let i = 0; i < 12; i++) await log.waitFor(/host=two$/);
  const info = await run.info();
  assert.deepEqual([info['node'], info['description']], ['two', 'machine two']);
});

test('tune.* counts for what comes next', inProcess, async (t) => {
  const config = (tune: string) => `${base}    ${tune}
${defaults}
frontend fe
    bind {addr:fe}
    http-request return status 200
`;
  const run = await start(t, config('tune.http.maxhdr 20'));
  const ask = async (headers: number, size: number): Promise<number> => {
    const lines = Array.from({ length: headers }, (_, i) => `X-${i}: ${'a'.repeat(size)}`);
    return (await everywhere(run.port('fe'), '/', ...lines)).status;
  };
  assert.equal(await ask(30, 10), 400);
  assert.equal(await ask(1, 7000), 200);
  await reload(run, config('tune.http.maxhdr 200'));
  assert.equal(await ask(30, 10), 200);
  await reload(run, config('tune.bufsize 4096\n    tune.maxrewrite 512'));
  assert.equal(await ask(1, 7000), 400);
  await reload(run, config('tune.bufsize 32768'));
  assert.equal(await ask(3, 7000), 200);
});

test('set-var lines that are new, changed or gone; what traffic has set of the others stays', inProcess, async (t) => {
  const config = (vars: string) => `${base}    ${vars}
${defaults}
frontend fe
    bind {addr:fe}
    http-request set-var(proc.mine) str(traffic) if { path /set }
    http-request return status 200 content-type text/plain lf-string "%[var(proc.mine)] %[var(proc.a)] %[var(proc.b)]"
`;
  const run = await start(t, config('set-var proc.mine str(file)\n    set-var proc.a str(one)'));
  assert.equal((await everywhere(run.port('fe'), '/')).text, 'file one ');
  await get(run.port('fe'), '/set');
  await reload(run, config('set-var proc.mine str(file)\n    set-var proc.b str(two)'));
  assert.equal(await run.cli('get var proc.b'), 'proc.b: type=str value=<two>');
  assert.match((await get(run.port('fe'), '/set')).text, /^traffic {2}two$/);
  assert.match(await run.cli('get var proc.mine'), /traffic/);
});

test(
  'rates and the connection limit: what the file changes; what operators set of the others stays',
  inProcess,
  async (t) => {
    const config = (limits: string) => `${base}    ${limits}\n${defaults}
frontend fe
    bind {addr:fe}
    http-request return status 200
`;
    const run = await start(t, config('maxconn 100\n    maxconnrate 500'));
    await run.cli('set maxconn global 50');
    await run.cli('set rate-limit sessions global 7');
    await reload(run, config('maxconn 100\n    maxconnrate 600'));
    let info = await run.info();
    assert.deepEqual([info['Maxconn'], info['ConnRateLimit'], info['SessRateLimit']], ['50', '600', '7']);
    const conflicts = [
      "global maxconn was set to '50' over '100'; the file says '80' now, and wins",
      "global rate-limit sessions was set to '7' over '0'; the file says '9' now, and wins",
    ];
    await reload(run, config('maxconn 80\n    maxsessrate 9'), conflicts.join('\n'));
    info = await run.info();
    assert.deepEqual([info['Maxconn'], info['ConnRateLimit'], info['SessRateLimit']], ['80', '0', '9']);
  },
);

test('rings: size, format and log servers; lines that are kept stay', inProcess, async (t) => {
  const got: string[] = [];
  const receiver = await import('node:net').then(({ createServer }) =>
    createServer((socket) => socket.on('data', (bytes) => got.push(String(bytes)))).listen(0, '127.0.0.1'),
  );
  t.after(() => receiver.close());
  const port = await new Promise<number>((resolve) =>
    receiver.once('listening', () => resolve((receiver.address() as { port: number }).port)),
  );
  const config = (ring: string) => `${base}
ring kept
    format raw
    size 32768
    ${ring}
${defaults}
frontend fe
    bind {addr:fe}
    log ring@kept format raw local0
    option httplog
    http-request return status 200
`;
  const run = await start(t, config(''));
  await get(run.port('fe'), '/first');
  await until('the line', async () => (await run.cli('show events kept')).includes('/first'));
  await reload(run, config(`server r 127.0.0.1:${port}`));
  await get(run.port('fe'), '/second');
  await until('both lines at the log server', () => /first[\s\S]*second/.test(got.join('')));
});

test('resolvers: name servers and times of a section that stays', inProcess, async (t) => {
  const app = await origin(t, 'app');
  const config = (lines: string) => `${base}
resolvers mine
    ${lines}
${defaults}
frontend fe
    bind {addr:fe}
    default_backend be
backend be
    server a {addr:app}
`;
  const run = await start(t, config('nameserver n1 127.0.0.1:1'), { ports: { app } });
  await reload(run, config('nameserver n2 127.0.0.1:2\n    timeout retry 2s'));
  const shown = await run.cli('show resolvers mine');
  assert.match(shown, /nameserver n2:/);
  assert.doesNotMatch(shown, /nameserver n1:/);
  assert.equal((await everywhere(run.port('fe'), '/')).text, 'app');
});
