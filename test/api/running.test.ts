import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { request } from '../support/connection.ts';
import { isHaproxy, start } from '../support/program.ts';

const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
frontend page
    bind {addr:page}
    stats enable
    stats uri /stats
    stats auth ann:secret
    stats admin if TRUE
    stats refresh 9s
    http-request use-service prometheus-exporter if { path /metrics }
frontend guests
    bind {addr:guests}
    stats enable
backend be
    server s1 127.0.0.1:1
    server s2 127.0.0.1:1 backup
`,
);

const ANN = `authorization: Basic ${btoa('ann:secret')}\r\n`;
const ask = (name: string, line: string, headers = '', body = '') =>
  request(run.port(name), `${line} HTTP/1.1\r\nhost: x\r\n${headers}content-length: ${body.length}\r\n\r\n${body}`);
const header = (response: { readonly fields: readonly (readonly [string, string])[] }, name: string) =>
  response.fields.find(([field]) => field.toLowerCase() === name)?.[1];

suite('the statistics page of a running program', () => {
  test('is for its users', async () => {
    const refused = await ask('page', 'GET /stats');
    assert.equal(refused.status, 401);
    assert.equal(header(refused, 'www-authenticate'), 'Basic realm="HAProxy Statistics"');
    const page = await ask('page', 'GET /stats', ANN);
    assert.equal(page.status, 200);
    assert.equal(header(page, 'refresh'), '9');
    assert.match(page.text, /name="s" value="s1"/);
  });

  test('gives CSV as the socket does', async () => {
    const { text } = await ask('guests', 'GET /haproxy?stats;csv');
    assert.match(text, /^# pxname,svname,/);
    assert.match(text, /^be,s1,.*no check/m);
  });

  test('drains and readies a server, and sends the browser back to the page', async () => {
    const drained = await ask('page', 'POST /stats', ANN, 's=s1&action=drain&b=be');
    assert.equal(drained.status, 303);
    assert.equal(header(drained, 'location'), '/stats;st=DONE');
    assert.equal((await run.row('be/s1'))['status'], 'DRAIN');
    await ask('page', 'POST /stats;norefresh', ANN, 's=s1&action=ready&b=be');
    assert.equal((await run.row('be/s1'))['status'], 'no check');
  });

  test('changes nothing for guests', async () => {
    const denied = await ask('guests', 'POST /haproxy?stats', '', 's=s1&action=drain&b=be');
    assert.equal(header(denied, 'location'), '/haproxy?stats;st=DENY');
    assert.equal((await run.row('be/s1'))['status'], 'no check');
  });

  test('refuses a form from another site', { skip: isHaproxy && 'HAProxy obeys it' }, async () => {
    const denied = await ask('page', 'POST /stats', `${ANN}origin: http://evil.example\r\n`, 's=s1&action=drain&b=be');
    assert.equal(header(denied, 'location'), '/stats;st=DENY');
    assert.equal((await run.row('be/s1'))['status'], 'no check');
  });
});

suite('the exporter of a running program', () => {
  test('answers a scrape', async () => {
    const metrics = await ask('page', 'GET /metrics?scope=server');
    assert.equal(metrics.status, 200);
    assert.equal(header(metrics, 'content-type'), 'text/plain; version=0.0.4');
    assert.match(metrics.text, /^haproxy_server_status\{proxy="be",server="s2",state="UP"\} 1$/m);
    assert.doesNotMatch(metrics.text, /haproxy_process_/);
  });

  test('refuses a scope that does not exist', async () => {
    assert.equal((await ask('page', 'GET /metrics?scope=nothing')).status, 400);
  });
});
