import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get, request } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { runToEnd, start } from '../support/program.ts';
import { until } from '../support/wait.ts';

/* Maps, ACLs, variables of the process and addresses that rules change while traffic flows. */

const web = await origin({ after }, 'web');
const run = await start(
  { after },
  `
global
    stats socket {sock:admin} level admin
    nbthread 2
defaults
    mode http
    timeout connect 5s
    timeout client 10s
    timeout server 10s
listen edits
    bind {addr:edits}
    http-request set-map({dir}/names.map) %[path] %[query] if { method PUT }
    http-request del-map({dir}/names.map) %[path] if { method DELETE }
    http-request add-acl({dir}/blocked.lst) %[url_param(ip)] if { path /block }
    http-request del-acl({dir}/blocked.lst) %[url_param(ip)] if { path /unblock }
    http-request set-map({dir}/nobody.map) a b
    http-request deny if { url_param(from),ipmask(32) -m ip -f {dir}/blocked.lst }
    http-request return status 200 content-type text/plain lf-string "%[path,map({dir}/names.map,none)]"
listen responses
    bind {addr:responses}
    http-response set-map({dir}/names.map) %[capture.req.uri] %[status]
    http-after-response set-map({dir}/names.map) after done if { status 200 }
    server s {addr:web}
listen vars
    bind {addr:vars}
    http-request set-var(proc.last) url_param(v) if { url_param(v) -m found }
    http-request set-var(proc.first,ifnotset) url_param(v) if { url_param(v) -m found }
    http-request set-var-fmt(txn.big,ifnotempty) "%[url_param(v)]"
    http-request unset-var(proc.last) if { path /unset }
    http-request return status 200 content-type text/plain lf-string "%[thread] %[var(proc.last)] %[var(proc.first)]"
listen addresses
    bind {addr:addresses}
    http-request set-src url_param(src)
    http-request set-src-port int(4242)
    http-request set-dst str(10.9.8.7)
    http-request set-dst-port int(81)
    http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]:%[dst_port] %ci:%cp"
listen anywhere
    bind {addr:anywhere}
    http-request set-dst str(127.0.0.1)
    http-request set-dst-port hdr(x-port)
    server any 0.0.0.0:0
listen early
    bind {addr:early}
    tcp-request connection set-src str(192.0.2.1)
    tcp-request session set-src-port int(7)
    tcp-request content set-dst str(192.0.2.9)
    http-request return status 200 content-type text/plain lf-string "%[src]:%[src_port] %[dst]"
`,
  { ports: { web }, files: { 'names.map': '', 'blocked.lst': '' } },
);

const edits = (method: string, target: string) =>
  request(run.port('edits'), `${method} ${target} HTTP/1.1\nHost: sluice.test\nConnection: close\n\n`);
const value = async (path: string) => (await get(run.port('edits'), path)).text;
const settled = (path: string, expected: string) =>
  until(`${path} is ${expected}`, async () => ((await value(path)) === expected ? true : null));

test('set-map adds a key, and sets the value of one that is there', async () => {
  assert.equal(await value('/a'), 'none');
  await edits('PUT', '/a?one');
  await settled('/a', 'one');
  await edits('PUT', '/a?two');
  await settled('/a', 'two');
  assert.equal((await run.cli(`show map ${run.dir}/names.map`)).trim().split('\n').length, 1);
});

test('del-map takes a key out', async () => {
  await edits('PUT', '/gone?x');
  await settled('/gone', 'x');
  await edits('DELETE', '/gone');
  await settled('/gone', 'none');
});

test('the last of several edits of a key counts, whatever they were', async () => {
  for (const query of ['1', '2', '3']) await edits('PUT', `/fast?${query}`);
  await edits('DELETE', '/fast');
  await edits('PUT', '/fast?last');
  await settled('/fast', 'last');
});

test('add-acl lists a pattern once, del-acl takes it out', async () => {
  const status = async () => (await get(run.port('edits'), '/?from=10.1.1.1')).status;
  assert.equal(await status(), 200);
  for (let i = 0; i < 3; i++) await get(run.port('edits'), '/block?ip=10.1.1.1');
  await until('it is blocked', async () => ((await status()) === 403 ? true : null));
  assert.equal((await run.cli(`show acl ${run.dir}/blocked.lst`)).trim().split('\n').length, 1);
  await get(run.port('edits'), '/unblock?ip=10.1.1.1');
  await until('it is free', async () => ((await status()) === 200 ? true : null));
});

test('what is no pattern of the kind is left out', async () => {
  await get(run.port('edits'), '/block?ip=nonsense');
  await get(run.port('edits'), '/block?ip=10.2.2.2');
  const listed = await until('the other is there', async () => {
    const text = await run.cli(`show acl ${run.dir}/blocked.lst`);
    return text.includes('10.2.2.2') ? text : null;
  });
  assert.doesNotMatch(listed, /nonsense/);
});

test('responses edit maps, too', async () => {
  await get(run.port('responses'), '/from-response');
  await settled('/from-response', '200');
  await until('what is sent back edits', async () =>
    (await run.cli(`show map ${run.dir}/names.map`)).includes('after done') ? true : null,
  );
});

test('many edits at once all arrive', async () => {
  const keys = Array.from({ length: 300 }, (_, i) => `/many/${i}`);
  await Promise.all(keys.map((key, i) => edits('PUT', `${key}?${i}`)));
  await until('all are there', async () => {
    const text = await run.cli(`show map ${run.dir}/names.map`);
    return keys.every((key, i) => `${text}\n`.includes(`${key} ${i}\n`)) ? true : null;
  });
});

test('a variable of the process that a rule sets is seen by all threads', async () => {
  await get(run.port('vars'), '/?v=one');
  const seen = new Set<string>();
  await until('both threads have it', async () => {
    const [thread, last] = (await get(run.port('vars'))).text.split(' ');
    if (last === 'one') seen.add(thread!);
    return seen.size === 2 ? true : null;
  });
  await get(run.port('vars'), '/?v=two');
  await until('the last one counts', async () =>
    (await run.cli('get var proc.last')).includes('<two>') ? true : null,
  );
  assert.match(await run.cli('get var proc.first'), /<one>/);
});

test('rules say where a client comes from and where it wants to go', async () => {
  assert.equal(
    (await get(run.port('addresses'), '/?src=192.0.2.33')).text,
    '192.0.2.33:4242 10.9.8.7:81 192.0.2.33:4242',
  );
});

test('towards 0.0.0.0 leads where set-dst says', async () => {
  assert.equal((await get(run.port('anywhere'), '/', `x-port: ${web.port}`)).text, 'web');
  assert.equal((await get(run.port('anywhere'), '/', 'x-port: 1')).status, 503);
});

test('rules of connections and sessions say it for all requests', async () => {
  assert.equal((await get(run.port('early'))).text, '192.0.2.1:7 192.0.2.9');
});

for (const [line, why] of [
  ['http-request set-map({dir}/a.map) key', /'http-request set-map\(.*\)' rule : expects exactly 2 arguments/],
  ['http-request set-nice', /'http-request set-nice' rule : expects exactly 1 argument/],
  ['http-check expect junk 200', /'http-check expect' : /],
  ['http-check connect port', /'http-check connect' : /],
  ['tcp-check send-binary 4', /'tcp-check send-binary' : /],
  ['tcp-check set-var(check.a) junk', /'tcp-check set-var\(check.a\)' : .*unknown fetch method 'junk'/],
  ['tcp-request inspect-delay 99999999999', /'tcp-request inspect-delay' expects a positive delay/],
  ['http-response ot-group a b', /'ot-group' is not supported: nothing is sent to OpenTracing/],
  ['tcp-request session attach-srv a', /'attach-srv' is not supported: servers cannot be reached/],
  ['http-request set-var(txn.a,ifnever) int(1)', /unknown condition "ifnever"/],
] as const) {
  test(`refused: ${line}`, async () => {
    const exit = await runToEnd(`listen l\n    mode http\n    bind {addr:a}\n    ${line}\n`, {
      argv: ['-c', '-f', '{config}'],
    });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}
