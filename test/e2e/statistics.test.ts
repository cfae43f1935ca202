import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseCsv } from '../support/cli.ts';
import { get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start } from '../support/program.ts';
import { until } from '../support/wait.ts';

const app = await origin({ after }, (request) => ({ status: request.target === '/404' ? 404 : 200, body: 'ok' }));
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 5s
    timeout server 5s
frontend web
    bind {addr:web}
    default_backend be
backend be
    server app {addr:app}
    server off {addr:app} disabled
frontend open
    bind {addr:open}
    stats enable
    stats uri /stats
    stats refresh 10s
    stats show-legends
frontend locked
    bind {addr:locked}
    stats uri /
    stats auth me:secret
    stats realm My\\ Realm
    stats hide-version
frontend admin
    bind {addr:admin}
    stats uri /admin
    stats admin if TRUE
frontend metrics
    bind {addr:metrics}
    http-request use-service prometheus-exporter if { path /metrics }
    default_backend be
`,
  { ports: { app } },
);

test('the page has a table for each proxy', async () => {
  await get(run.port('web'));
  const page = await get(run.port('open'), '/stats');
  assert.equal(page.status, 200);
  assert.match(page.get('content-type') ?? '', /^text\/html/);
  assert.equal(page.get('refresh'), '10');
  for (const name of ['web', 'be', 'app', 'off']) assert.match(page.text, new RegExp(`\\b${name}\\b`));
  assert.match(page.text, /<\/html>\s*$/);
});

test('the page as CSV has the rows of show stat', async () => {
  const csv = await get(run.port('open'), '/stats;csv');
  assert.match(csv.get('content-type') ?? '', /^text\/plain/);
  const rows = parseCsv(csv.text);
  const names = (all: Record<string, string>[]) => all.map((row) => `${row['pxname']}/${row['svname']}`);
  assert.deepEqual(names(rows), names(await run.stat()));
  assert.equal(rows.find((row) => row['svname'] === 'off')?.['status'], 'MAINT');
});

test('the page as JSON', async () => {
  const json = await get(run.port('open'), '/stats;json');
  assert.match(json.get('content-type') ?? '', /^application\/json/);
  const rows = JSON.parse(json.text) as { field: { name: string }; value: { value: unknown } }[][];
  assert.equal(rows.length, (await run.stat()).length);
});

test('stats auth asks for name and password', async () => {
  const without = await get(run.port('locked'), '/');
  assert.equal(without.status, 401);
  assert.match(without.get('www-authenticate') ?? '', /^Basic realm="My Realm"$/);
  const token = (text: string) => Buffer.from(text).toString('base64');
  assert.equal((await get(run.port('locked'), '/', `Authorization: Basic ${token('me:wrong')}`)).status, 401);
  const page = await get(run.port('locked'), '/', `Authorization: Basic ${token('me:secret')}`);
  assert.equal(page.status, 200);
  assert.ok(!/version \d/.test(page.text));
});

test('admin actions change servers, and only by POST on a page with admin rights', async () => {
  const post = (port: string, path: string, body: string) =>
    request(
      run.port(port),
      `POST ${path} HTTP/1.1\nHost: x\nContent-Type: application/x-www-form-urlencoded\nContent-Length: ${body.length}\nConnection: close\n\n${body}`,
    );
  const done = await post('admin', '/admin', 's=app&action=drain&b=be');
  assert.equal(done.status, 303);
  assert.match(done.get('location') ?? '', /\/admin;st=DONE$/);
  assert.equal((await run.row('be/app'))['status'], 'DRAIN');
  assert.match((await post('admin', '/admin', 's=app&action=ready&b=be')).get('location') ?? '', /;st=DONE$/);
  assert.equal((await run.row('be/app'))['status'], 'no check');
  assert.match(
    (await post('admin', '/admin', 's=nobody&action=maint&b=be')).get('location') ?? '',
    /;st=(NONE|ERRP|UNKN)$/,
  );
  assert.match((await post('open', '/stats', 's=app&action=maint&b=be')).get('location') ?? '', /;st=DENY$/);
  assert.equal((await run.row('be/app'))['status'], 'no check');
});

test('prometheus-exporter: names and labels of HAProxy', async () => {
  await get(run.port('web'), '/404');
  const metrics = await get(run.port('metrics'), '/metrics');
  assert.equal(metrics.status, 200);
  assert.match(metrics.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
  for (const line of [
    /^# TYPE haproxy_frontend_http_requests_total counter$/m,
    /^haproxy_frontend_http_requests_total\{proxy="web"\} [1-9]/m,
    /^haproxy_frontend_status\{proxy="web",state="UP"\} 1$/m,
    /^haproxy_server_status\{proxy="be",server="off",state="MAINT"\} 1$/m,
    /^haproxy_server_http_responses_total\{proxy="be",server="app",code="4xx"\} [1-9]/m,
    /^haproxy_backend_active_servers\{proxy="be"\} 1$/m,
    /^haproxy_process_uptime_seconds \d+$/m,
  ]) {
    assert.match(metrics.text, line);
  }
  assert.equal((await get(run.port('metrics'), '/other')).text, 'ok');
});

test('counters add up on frontend, server and backend', async () => {
  const before = await run.row('be/app');
  for (let i = 0; i < 3; i++) await get(run.port('web'), i ? '/' : '/404');
  await until('the clients to be gone', async () => (await run.row('web/FRONTEND'))['scur'] === '0');
  const [frontend, server, backend] = await Promise.all(['web/FRONTEND', 'be/app', 'be/BACKEND'].map(run.row));
  assert.equal(Number(server?.['hrsp_2xx']) - Number(before['hrsp_2xx']), 2);
  assert.equal(Number(server?.['hrsp_4xx']) - Number(before['hrsp_4xx']), 1);
  assert.equal(
    frontend?.['req_tot'],
    frontend?.['hrsp_2xx'] && String(Number(frontend['hrsp_2xx']) + Number(frontend['hrsp_4xx'])),
  );
  assert.ok(Number(backend?.['hrsp_2xx']) >= Number(server?.['hrsp_2xx']));
  assert.equal(frontend?.['scur'], '0');
  assert.equal(server?.['scur'], '0');
});
