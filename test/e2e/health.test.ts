import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { connect, get } from '../support/connection.ts';
import { origin, tcpOrigin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { syslog } from '../support/syslog.ts';
import { until } from '../support/wait.ts';

// Checks find out what servers can do; what changes is logged with HAProxy's words.

const log = await syslog({ after });
const tcp = await origin({ after }, 'tcp');
const told = await origin({ after }, 'told');
const other = await origin({ after }, 'other');
let healthy = 200;
const http = await origin({ after }, (request) =>
  request.target.startsWith('/health')
    ? { status: healthy, body: healthy === 200 ? 'all is well' : 'broken' }
    : { body: 'http' },
);
let agentSays = 'up 100%\n';
const agent = await tcpOrigin({ after }, (c) => {
  c.send(agentSays);
  c.end();
});
let mistakes = false;
const observed = await origin({ after }, () => (mistakes ? { status: 500, body: 'oops' } : { body: 'fine' }));
const smtp = await tcpOrigin({ after }, async (c) => {
  c.send('220 mail.example.com ESMTP\r\n');
  await c.through('\n');
  c.send('250 hello\r\n');
  await c.rest({ tolerateReset: true }).catch(() => '');
  c.end();
});
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    log {addr:log} local0
defaults
    mode http
    log global
    timeout connect 1s
    timeout client 10s
    timeout server 10s
    timeout check 3s
    default-server inter 100ms fastinter 20ms downinter 30ms rise 2 fall 3
frontend fe
    bind {addr:fe}
    default_backend tcp
backend tcp
    server s1 {addr:tcp} check
    server s2 {addr:other} backup
backend http
    option httpchk
    http-check send meth GET uri /health hdr Host check.example.com
    http-check expect status 200
    server s1 {addr:http} check
backend expects
    option httpchk GET /health
    http-check expect string well
    server s1 {addr:http} check
backend told
    option log-health-checks
    server s1 {addr:told} check
backend followers
    server s1 {addr:tcp} track tcp/s1
backend agents
    server s1 {addr:tcp} weight 100 agent-check agent-addr 127.0.0.1 agent-port {port:agent} agent-inter 50ms
backend observed
    server s1 {addr:observed} check inter 10s observe layer7 error-limit 3 on-error mark-down
frontend observed_fe
    bind {addr:observed_fe}
    default_backend observed
backend mail
    mode tcp
    option tcp-check
    tcp-check expect rstring ^220
    tcp-check send HELO\\ check\\r\\n
    tcp-check expect string 250
    server s1 {addr:smtp} check
backend dead
    server s1 {addr:nobody} check init-addr last
backend marked
    server s1 {addr:tcp} check on-marked-down shutdown-sessions
frontend marked_fe
    bind {addr:marked_fe}
    default_backend marked
`,
  { ports: { log, tcp, other, told, http, agent, observed, smtp } },
);

test('a server that nobody answers for is marked down, and the backend without servers is told', async () => {
  assert.match(
    await log.waitFor(/Server dead\/s1 is DOWN/),
    /<\d+>.*Server dead\/s1 is DOWN, reason: Layer4 connection problem, info: "Connection refused( at initial connection step of tcp-check)?", check duration: \d+ms\. 0 active and 0 backup servers left\. 0 sessions active, 0 requeued, 0 remaining in queue\.$/,
  );
  await log.waitFor(/backend dead has no server available!$/);
  const row = await run.row('dead/s1');
  assert.equal(row['status'], 'DOWN');
  assert.equal(row['check_status'].replace('* ', ''), 'L4CON');
  assert.equal((await run.row('dead/BACKEND'))['status'], 'DOWN');
});

test('fall checks take a server down, the backup steps in, rise checks bring it back', async () => {
  await run.status('tcp/s1', 'UP');
  assert.equal((await get(run.port('fe'))).text, 'tcp');
  await tcp.close();
  for (const connection of tcp.connections) connection.close();
  assert.match(
    await log.waitFor(/Server tcp\/s1 is DOWN/),
    /Server tcp\/s1 is DOWN, reason: Layer4 connection problem, .* 0 active and 1 backup servers left\. Running on backup\. \d+ sessions active, 0 requeued, 0 remaining in queue\.$/,
  );
  assert.equal((await get(run.port('fe'))).text, 'other');
  assert.match(await log.waitFor(/Server followers\/s1 is DOWN/), /Server followers\/s1 is DOWN via tcp\/s1\./);
  await tcp.listen();
  assert.match(
    await log.waitFor(/Server tcp\/s1 is UP/),
    /Server tcp\/s1 is UP, reason: Layer4 check passed, check duration: \d+ms\. 1 active and 1 backup servers online\. 0 sessions requeued, 0 total in queue\.$/,
  );
  await run.status('followers/s1', 'UP');
  await until('the server to be used again', async () => (await get(run.port('fe'))).text === 'tcp');
  const row = await run.row('tcp/s1');
  assert.equal(row['chkdown'], '1');
  assert.ok(Number(row['chkfail']) >= 3);
});

test('HTTP checks send what is asked for and judge the status and the body', async () => {
  await run.status('http/s1', 'UP');
  const check = http.requests.find(({ all }) => all('host')[0] === 'check.example.com')!;
  assert.equal(check.method, 'GET');
  assert.equal(check.target, '/health');
  healthy = 503;
  assert.match(
    await log.waitFor(/Server http\/s1 is DOWN/),
    /is DOWN, reason: Layer7 wrong status, code: 503, info: "[^"]*", check duration: \d+ms\./,
  );
  assert.match(
    await log.waitFor(/Server expects\/s1 is DOWN/),
    /reason: Layer7 invalid response, info: "[^"]+", check duration: \d+ms\./,
  );
  assert.equal((await run.row('http/s1'))['check_code'], '503');
  healthy = 200;
  await run.status('http/s1', 'UP');
  await run.status('expects/s1', 'UP');
});

test('log-health-checks tells each check that changes something, and the change itself without a reason', async () => {
  await run.status('told/s1', 'UP');
  told.close();
  const failed =
    /Health check for server told\/s1 failed, reason: Layer4 connection problem, info: "[^"]*", check duration: \d+ms, status: \d\/\d \w+\.$/;
  assert.match(await log.waitFor(/Health check for server told\/s1 failed/), failed);
  assert.match(
    await log.waitFor(/Server told\/s1 is DOWN/),
    /Server told\/s1 is DOWN\. 0 active and 0 backup servers left\./,
  );
  await told.listen();
  assert.match(
    await log.waitFor(/Health check for server told\/s1 succeeded/),
    /succeeded, reason: Layer4 check passed, check duration: \d+ms, status: \d\/\d \w+\.$/,
  );
});

test('the agent sets weight and state', async () => {
  agentSays = 'up 50%\n';
  await until('half the weight', async () => (await run.row('agents/s1'))['weight'] === '50');
  agentSays = 'drain\n';
  await run.status('agents/s1', 'DRAIN');
  agentSays = 'maint\n';
  await run.status('agents/s1', 'MAINT');
  agentSays = 'ready up 100%\n';
  await until('the server to be back', async () => {
    const row = await run.row('agents/s1');
    return row['weight'] === '100' && /^(UP|no check)/.test(row['status'] ?? '');
  });
  agentSays = 'down # disk full\n';
  await run.status('agents/s1', 'DOWN (agent)');
  agentSays = 'up\n';
  await until('the agent to be believed', async () => !(await run.row('agents/s1'))['status']?.startsWith('DOWN'));
});

test('observe layer7: errors in the traffic mark a server down', async () => {
  await run.status('observed/s1', 'UP');
  mistakes = true;
  for (let i = 0; i < 3; i++) await get(run.port('observed_fe'));
  await run.status('observed/s1', 'DOWN');
  assert.match(
    await log.waitFor(
      /Health check for server observed\/s1 failed, reason: Health analyze|Detected 3 consecutive errors/,
    ),
    /HTTP status|Health analyze/,
  );
});

test('tcp-check sequences talk and listen', async () => {
  await run.status('mail/s1', 'UP');
  assert.equal((await run.row('mail/s1'))['check_status'].replace('* ', ''), 'L7OK');
});

test('disable health and enable health, set server health', async () => {
  assert.equal(await run.cli('disable health http/s1'), '');
  assert.equal(await run.cli('set server http/s1 health down'), '');
  await run.status('http/s1', 'DOWN');
  assert.equal(await run.cli('enable health http/s1'), '');
  await run.status('http/s1', 'UP');
});

test('on-marked-down shutdown-sessions ends what runs on a server that goes down', async (t) => {
  await run.status('marked/s1', 'UP');
  tcp.script = (request) => (request.target === '/hang' ? null : { body: 'tcp' });
  const client = await connect(t, run.port('marked_fe'));
  client.send('GET /hang HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
  await until('the request', () => tcp.requests.some(({ target }) => target === '/hang'));
  await run.cli('disable health marked/s1');
  await run.cli('set server marked/s1 health down');
  const rest = await client.rest({ tolerateReset: true });
  assert.ok(rest === '' || /^HTTP\/1\.1 50[23] /.test(rest), rest);
});
