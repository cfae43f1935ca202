import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import { renderPrometheus } from '../../../src/api/prometheus/prometheus.ts';
import { C, G } from '../../../src/model/counters.ts';
import { Admin } from '../../../src/model/server.ts';
import { checkConfig, proxyConfig, serverConfig } from '../../control/fixture.ts';
import { controlOf } from '../support.ts';

const names = JSON.parse(readFileSync(new URL('names.json', import.meta.url), 'utf8')) as {
  metrics: Record<string, string>;
};

/** The proxies with which haproxy's names were recorded. */
function control() {
  return controlOf([
    proxyConfig('fe', 1, { kind: 'frontend', options: ['socket-stats'], maxconn: 100 }),
    proxyConfig('be', 2, {
      description: 'a "b" desc',
      servers: [
        serverConfig('s1', { check: checkConfig() }),
        serverConfig('s2', { disabled: true }),
        serverConfig('s3', { backup: true, weight: 5, maxconn: 30 }),
      ],
    }),
    proxyConfig('tcpf', 3, { kind: 'frontend', mode: 'tcp' }),
    proxyConfig('tcpb', 4, { mode: 'tcp', servers: [serverConfig('t1')] }),
  ]);
}

async function scrape(query = '', from = control()): Promise<string> {
  const { status, body } = await renderPrometheus(from, { uri: `/metrics${query}`, method: 'GET' });
  assert.equal(status, 200);
  return Buffer.from(body).toString();
}

/** Names of metrics with their type and labels, as `names.json` has them. */
function described(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\w+) (\w+)$/.exec(line);
    if (type) found[type[1]!] = type[2]!;
    const sample = /^(\w+)(?:\{(.*)\})? (?:NaN|-?[\d.]+)$/.exec(line);
    if (!type && line !== '' && !line.startsWith('# HELP ')) assert.ok(sample, line);
    if (sample?.[2]) {
      const labels = [...sample[2].matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)].map(([, label]) => label);
      found[sample[1]!] = `${found[sample[1]!]!.split(' ')[0]} ${labels.join(',')}`;
    }
  }
  return found;
}

suite('the exporter', () => {
  test("has haproxy's metrics, with their types and labels", async () => {
    const { model, ...rest } = control();
    const frontend = model.proxies[0]!;
    model.proxies[1]!.servers[0]!.check!.status = 'L4CON';
    frontend.listeners.push({
      id: 1,
      name: 'sock-1',
      slot: model.counters.allocate(),
      state: 'listening',
      kept: [],
      config: { maxconn: null } as never,
    });
    const ours = described(await scrape('', { model, ...rest } as never));
    const theirs = Object.entries(names.metrics).filter(([name]) => !name.startsWith('haproxy_sticktable_'));
    for (const [name, description] of theirs) assert.equal(ours[name], description, name);
    const more = Object.keys(ours).filter((name) => !(name in names.metrics) && !name.startsWith('haproxy_resolver_'));
    assert.deepEqual(more, ['haproxy_process_node', 'haproxy_server_active', 'haproxy_server_backup']);
  });

  test('keeps all samples of a metric together, under one head', async () => {
    const text = await scrape();
    const heads = [...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name);
    assert.equal(new Set(heads).size, heads.length);
    const order = text
      .split('\n')
      .filter((line) => line.startsWith('haproxy'))
      .map((line) => /^\w+/.exec(line)![0]);
    assert.deepEqual(
      order.filter((name, i) => name !== order[i - 1]),
      heads,
    );
  });

  test('gives counters, gauges, times in seconds and NaN for what does not apply', async () => {
    const from = control();
    const [, be] = from.model.proxies;
    const [s1, , s3] = be!.servers;
    const row = from.model.counters.row(s1!.slot, 0);
    row[C.sessions] = 17;
    row[C.qTimeMax] = 1234;
    row[C.hrsp5xx] = 3;
    from.model.counters.gauges(s3!.slot)[G.current] = 2;
    const text = await scrape('?scope=server', from);
    assert.match(text, /^haproxy_server_sessions_total\{proxy="be",server="s1"\} 17$/m);
    assert.match(text, /^haproxy_server_max_queue_time_seconds\{proxy="be",server="s1"\} 1\.234000$/m);
    assert.match(text, /^haproxy_server_http_responses_total\{proxy="be",server="s1",code="5xx"\} 3$/m);
    assert.match(text, /^haproxy_server_current_sessions\{proxy="be",server="s3"\} 2$/m);
    assert.match(text, /^haproxy_server_limit_sessions\{proxy="be",server="s1"\} NaN$/m);
    assert.match(text, /^haproxy_server_limit_sessions\{proxy="be",server="s3"\} 30$/m);
    assert.doesNotMatch(text, /http_responses_total\{proxy="tcpb"/);
    assert.doesNotMatch(text, /check_status\{proxy="be",server="s2"/);
  });

  test('tells the state of servers by one sample that is 1, and counts them for their backend', async () => {
    const from = control();
    const [s1] = from.model.proxies[1]!.servers;
    s1!.admin |= Admin.forcedDrain;
    s1!.check!.status = 'L7STS';
    const text = await scrape('', from);
    const ones = [...text.matchAll(/^haproxy_server_status\{(.*)\} 1$/gm)].map(([, labels]) => labels);
    assert.deepEqual(ones, [
      'proxy="be",server="s1",state="DRAIN"',
      'proxy="be",server="s2",state="MAINT"',
      'proxy="be",server="s3",state="UP"',
      'proxy="tcpb",server="t1",state="UP"',
    ]);
    assert.match(text, /^haproxy_server_check_status\{proxy="be",server="s1",state="L7STS"\} 1$/m);
    assert.match(text, /^haproxy_backend_agg_check_status\{proxy="be",state="L7STS"\} 1$/m);
    assert.match(text, /^haproxy_backend_agg_server_status\{proxy="be",state="UP"\} 1$/m);
    assert.match(text, /^haproxy_backend_agg_server_status\{proxy="be",state="MAINT"\} 1$/m);
  });
});

suite('the query of a scrape', () => {
  const kinds = (text: string) => [
    ...new Set([...text.matchAll(/^# TYPE haproxy_([a-z]+)_/gm)].map(([, kind]) => kind)),
  ];

  test('selects scopes in order, an empty one taking back those before it', async () => {
    assert.deepEqual(kinds(await scrape('?scope=server')), ['server']);
    assert.deepEqual(kinds(await scrape('?scope=backend&scope=frontend')), ['frontend', 'backend']);
    assert.deepEqual(kinds(await scrape('?scope=*&scope=')), []);
    assert.deepEqual(kinds(await scrape('?scope=&scope=global')), ['process']);
    assert.deepEqual(kinds(await scrape('?scope=resolver')), ['resolver']);
    assert.deepEqual(kinds(await scrape('?scope=%73erver')), ['server']);
  });

  test('is refused with 400 for a scope that does not exist and for broken escapes', async () => {
    for (const query of ['?scope=x', '?scope=%zz', '?scope=Server']) {
      assert.equal((await renderPrometheus(control(), { uri: query, method: 'GET' })).status, 400);
    }
  });

  test('includes and excludes metrics by name', async () => {
    const only = described(await scrape('?metrics=haproxy_server_status,haproxy_process_nbthread'));
    assert.deepEqual(Object.keys(only), ['haproxy_process_nbthread', 'haproxy_server_status']);
    const without = described(await scrape('?scope=server&metrics=-haproxy_server_status'));
    assert.ok(!('haproxy_server_status' in without) && 'haproxy_server_weight' in without);
    assert.equal(await scrape('?metrics=none'), '');
  });

  test('leaves out servers in maintenance', async () => {
    assert.doesNotMatch(await scrape('?no-maint'), /server="s2"/);
    assert.match(await scrape(), /server="s2"/);
  });

  test('adds descriptions as labels, with quotes escaped', async () => {
    const text = await scrape('?desc-labels&scope=backend');
    assert.match(text, /^haproxy_backend_weight\{proxy="be",desc="a \\"b\\" desc"\} /m);
    assert.match(text, /^haproxy_backend_weight\{proxy="tcpb"\} /m);
  });

  test('adds the counters of protocols, by module', async () => {
    const text = await scrape('?extra-counters');
    assert.match(text, /^haproxy_frontend_h1_open_connections\{proxy="fe",mod="h1"\} 0$/m);
    assert.match(text, /^haproxy_server_ssl_sess\{proxy="be",server="s1",mod="ssl"\} 0$/m);
    assert.doesNotMatch(await scrape(), /mod=/);
  });

  test('asks for name servers with their counters', async () => {
    const text = await scrape('?scope=resolver');
    assert.match(text, /^haproxy_resolver_sent\{resolver="dns",nameserver="n1"\} 3$/m);
    assert.match(text, /^haproxy_resolver_send_error\{resolver="dns",nameserver="n1"\} 1$/m);
  });
});

suite('a large export', () => {
  test('of 3,000 servers lets other work run every few milliseconds', async () => {
    const servers = Array.from({ length: 3000 }, (_, i) => serverConfig(`s${i}`));
    const from = controlOf([proxyConfig('be', 1, { servers })]);
    const made = renderPrometheus(from, { uri: '/metrics?scope=server', method: 'GET' });
    let longest = 0;
    let turns = 0;
    let before = performance.now();
    let done = false;
    void made.then(() => {
      done = true;
    });
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      longest = Math.max(longest, performance.now() - before);
      before = performance.now();
      turns++;
    }
    const { body } = await made;
    assert.equal(
      Buffer.from(body)
        .toString()
        .match(/^haproxy_server_weight\{/gm)!.length,
      3000,
    );
    assert.ok(turns > 10, `${turns} turns`);
    assert.ok(longest < 200, `a turn of ${longest} ms`);
  });
});
