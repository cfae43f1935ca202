import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { isOwnForm } from '../../../src/api/stats-page/admin.ts';
import { userOf } from '../../../src/api/stats-page/auth.ts';
import { pageLink, parsePageRequest } from '../../../src/api/stats-page/request.ts';
import { statusClass } from '../../../src/api/stats-page/rows.ts';
import { renderStats } from '../../../src/api/stats-page/stats-page.ts';
import type { StatsConfig } from '../../../src/config/types.ts';
import type { RenderRequest } from '../../../src/model/messages.ts';
import { CheckState } from '../../../src/model/server.ts';
import { agentConfig, checkConfig, proxyConfig, serverConfig } from '../../control/fixture.ts';
import { controlOf } from '../support.ts';

const statsConfig: StatsConfig = {
  uri: '/stats',
  auth: [],
  admin: [],
  httpRequest: [],
  realm: 'HAProxy Statistics',
  refresh: 0,
  scope: [],
  hideVersion: false,
  showLegends: false,
  showModules: false,
  showNode: null,
  showDesc: null,
};

/** A frontend with the page, and a backend with servers: checked, in maintenance, backup, tracking the first. */
function control(over: Partial<StatsConfig> = {}) {
  return controlOf([
    proxyConfig('fe', 1, { kind: 'frontend', stats: { ...statsConfig, ...over } }),
    proxyConfig('be', 2, {
      description: 'shop <b>',
      servers: [
        serverConfig('s1', { check: checkConfig(), agent: agentConfig({ port: 5 }), cookie: 'A' }),
        serverConfig('s2', { disabled: true }),
        serverConfig('s3', { backup: true, weight: 5 }),
        serverConfig('s4', { track: 'be/s1' }),
      ],
    }),
    proxyConfig('be2', 3, { mode: 'tcp', servers: [serverConfig('t1')] }),
  ]);
}

function request(uri: string, over: Partial<RenderRequest> = {}): RenderRequest {
  const base = {
    kind: 'render',
    service: 'stats',
    proxy: 1,
    request: 1,
    uri,
    method: 'GET',
    body: '',
    headers: [],
    admin: false,
    source: '192.0.2.7',
  } as const;
  return { ...base, ...over };
}

async function get(from: ReturnType<typeof control>, uri: string, over: Partial<RenderRequest> = {}) {
  const { status, headers, body } = await renderStats(from, request(uri, over));
  return { status, headers: Object.fromEntries(headers), text: Buffer.from(body).toString() };
}

const post = (from: ReturnType<typeof control>, body: string, over: Partial<RenderRequest> = {}) =>
  get(from, '/stats', { method: 'POST', body, admin: true, ...over });

/** Fails unless every tag is closed in order. */
function assertBalanced(html: string): void {
  const open: string[] = [];
  for (const [, close, name] of html
    .replace(/<(style|script)>[\s\S]*?<\/\1>/g, '')
    .matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*>/g)) {
    if (['meta', 'link', 'br', 'input'].includes(name!)) continue;
    if (close === '') open.push(name!);
    else assert.equal(open.pop(), name, `</${name}>`);
  }
  assert.deepEqual(open, []);
}

suite('the page', () => {
  test('is well formed, and every row has as many columns as the head', async () => {
    const from = control({ showLegends: true, showModules: true, showNode: '', showDesc: 'x' });
    const { text } = await get(from, '/stats;st=DONE', { admin: true });
    assertBalanced(text);
    const rows = text.match(/^<tr class="(?:frontend|back|active|maintain).*$/gm)!;
    assert.equal(rows.length, 1 + 4 + 1 + 1 + 1);
    for (const row of rows) {
      const flat = row.replace(/<span class="tip"[\s\S]*?<\/table><\/span>/g, '');
      const columns = [...flat.matchAll(/<td[^>]*?(?:colspan="(\d+)")?>/g)].reduce(
        (sum, [, span]) => sum + Number(span ?? 1),
        0,
      );
      assert.equal(columns, 2 + 30 + 1, flat);
    }
  });

  test('escapes whatever comes from elsewhere', async () => {
    const from = control({ showNode: '<i>', showDesc: '"><script>' });
    const [s1] = from.model.proxies[1]!.servers;
    s1!.check!.description = '<script>alert(1)</script>';
    s1!.check!.status = 'L7STS';
    s1!.name = `s<'">`;
    const { text, headers } = await get(from, '/stats?scope=%22%3E%3Cscript%3E', { admin: true });
    const all = (await get(from, '/stats', { admin: true })).text;
    for (const page of [text, all]) assert.equal(page.match(/<script/g)!.length, 1);
    assert.match(all, /&lt;script&gt;alert\(1\)/);
    assert.match(all, /s&lt;&#39;&quot;&gt;/);
    assert.match(all, /shop &lt;b&gt;/);
    assert.match(headers['content-security-policy']!, /default-src 'none'/);
  });

  test('shows version, node, description, legends and modules only where they are asked for', async () => {
    const bare = (await get(control({ hideVersion: true }), '/stats')).text;
    assert.doesNotMatch(bare, /version|on here|127\.0\.0\.1|Modules/);
    const full = (
      await get(control({ showNode: '', showDesc: 'front door', showLegends: true, showModules: true }), '/stats')
    ).text;
    assert.match(full, /Sluice version 3\.5/);
    assert.match(full, /Statistics Report for pid \d+ on here: front door/);
    assert.match(full, /127\.0\.0\.1:80/);
    assert.match(full, /<th rowspan="2">Modules<\/th>/);
  });

  test('shows state and checks of servers, and where they are taken from', async () => {
    const from = control();
    const [s1] = from.model.proxies[1]!.servers;
    Object.assign(s1!.check!, { status: 'L4CON', duration: 3, description: 'Connection refused', health: 0 });
    s1!.operState = 0;
    const { text } = await get(from, '/stats');
    assert.match(
      text,
      /<tr class="active_down">.*1m DOWN.*L4CON in 3ms.*Layer4 connection problem: Connection refused/,
    );
    assert.match(text, /<tr class="maintain">.*MAINT/);
    assert.match(text, /<tr class="backup_no_check">.*<i>no check<\/i>/);
    assert.match(text, /<a href="#be\/s1">via be\/s1<\/a>/);
  });

  test('offers actions only to those who may take them', async () => {
    const without = (await get(control(), '/stats')).text;
    assert.doesNotMatch(without, /method="post"|name="s"/);
    const allowed = (await get(control(), '/stats', { admin: true })).text;
    assert.equal(allowed.match(/<form method="post">/g)!.length, 2);
    assert.match(allowed, /<input type="hidden" name="b" value="#2">/);
    assert.match(allowed, /<option value="drain">/);
  });

  test('refreshes itself unless it is told not to', async () => {
    const from = control({ refresh: 7 });
    assert.equal((await get(from, '/stats')).headers['refresh'], '7');
    assert.equal((await get(from, '/stats;csv')).headers['refresh'], '7');
    assert.equal((await get(from, '/stats;norefresh')).headers['refresh'], undefined);
    assert.equal((await get(control(), '/stats')).headers['refresh'], undefined);
  });

  test('tells that the proxy has no page any more', async () => {
    assert.equal((await get(control(), '/stats', { proxy: 2 })).status, 503);
  });

  test('colours servers by their state', () => {
    const classes = [
      'UP',
      'UP 1/3',
      'DOWN',
      'DOWN 1/2',
      'DOWN (agent)',
      'MAINT (via a/b)',
      'DRAIN',
      'NOLB',
      'no check',
    ];
    assert.deepEqual(classes.map((status) => statusClass(status, false)), [
      'active_up', 'active_going_down', 'active_down', 'active_going_up', 'active_down', 'maintain', 'active_draining', 'active_nolb', 'active_no_check',
    ]); // biome-ignore format: a table
    assert.equal(statusClass('UP', true), 'backup_up');
  });
});

suite('the forms for programs', () => {
  const names = (csv: string) =>
    csv
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(',').slice(0, 2).join('/'));

  test('are CSV, typed and JSON, with their schema', async () => {
    const from = control();
    const csv = await get(from, '/stats;csv;norefresh');
    assert.equal(csv.headers['content-type'], 'text/plain');
    assert.match(csv.text, /^# pxname,svname,qcur,/);
    assert.deepEqual(names(csv.text), [
      'fe/FRONTEND',
      'be/s1',
      'be/s2',
      'be/s3',
      'be/s4',
      'be/BACKEND',
      'be2/t1',
      'be2/BACKEND',
    ]);
    const json = await get(from, '/stats;json');
    assert.equal(json.headers['content-type'], 'application/json');
    assert.equal(JSON.parse(json.text).length, 8);
    assert.ok(JSON.parse((await get(from, '/stats;json-schema')).text)['$schema']);
    assert.match((await get(from, '/stats;typed')).text, /^F\.1\.0\.0\.pxname\.1:/);
  });

  test('leave out what the page is not to show', async () => {
    assert.deepEqual(names((await get(control({ scope: ['be2', 'nosuch'] }), '/stats;csv')).text), [
      'be2/t1',
      'be2/BACKEND',
    ]);
    assert.deepEqual(names((await get(control(), '/stats;csv?scope=BE2')).text), ['be2/t1', 'be2/BACKEND']);
    assert.ok(!names((await get(control(), '/stats;csv;no-maint')).text).includes('be/s2'));
    assert.ok(!names((await get(control(), '/stats;csv;up')).text).includes('be/s2'));
    assert.doesNotMatch((await get(control(), '/stats;csv')).text, /127\.0\.0\.1/);
    assert.match((await get(control({ showLegends: true }), '/stats;csv')).text, /127\.0\.0\.1:80/);
  });
});

suite('users of the page', () => {
  const auth = [{ user: 'u', password: 'p:x' }, { user: 'v', password: 'é' }]; // biome-ignore format: short
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  test('are known by name and password together', () => {
    assert.equal(userOf(basic('u:p:x'), auth), 'u');
    assert.equal(userOf(basic('v:é'), auth), 'v');
    assert.equal(userOf(basic('u:p:x').replace('Basic', 'bAsIc '), auth), 'u');
    for (const wrong of ['u:p', 'u', 'v:p:x', 'U:p:x', '', ':']) assert.equal(userOf(basic(wrong), auth), null, wrong);
    for (const wrong of [null, '', 'Basic', 'Basic ###', `Bearer ${basic('u:p:x').slice(6)}`])
      assert.equal(userOf(wrong, auth), null);
  });

  test('are asked for their names with the realm', async () => {
    const from = control({ auth, realm: 'My "Realm"' });
    const refused = await get(from, '/stats;csv');
    assert.equal(refused.status, 401);
    assert.equal(refused.headers['www-authenticate'], 'Basic realm="My \\"Realm\\""');
    assert.equal((await get(from, '/stats;csv', { headers: [['authorization', basic('u:p:x')]] })).status, 200);
    assert.equal((await post(from, 's=s1&action=drain&b=be')).status, 401);
    assert.deepEqual(from.changes, []);
  });
});

suite('an action', () => {
  /** Outcomes as the installed haproxy gave them for a backend with the same servers. */
  const OUTCOMES: readonly (readonly [form: string, status: string, ...changed: string[]])[] = [
    ['s=s1&action=drain&b=be', 'DONE', 'drain #1'],
    ['s=s1&s=s3&action=maint&b=%232', 'DONE', 'maint #1', 'maint #3'],
    ['b=%232&action=ready&s=s1', 'DONE', 'ready #1'],
    ['s=%73%31&action=ready&b=%62%65', 'DONE', 'ready #1'],
    ['&&s=s1&&action=drain&b=be&', 'DONE', 'drain #1'],
    ['s=s1&action=drain&b=be&x=y', 'DONE', 'drain #1'],
    ['s=nosuch&action=drain&b=be', 'ERRP'],
    ['s=s1&s=nosuch&action=ready&b=be', 'PART', 'ready #1'],
    ['s=s1&action=bogus&b=be', 'ERRP'],
    ['s=s1&action=constructor&b=be', 'ERRP'],
    ['s=s1&action=&b=be', 'ERRP'],
    ['s=s1&action=drain&b=%2399', 'ERRP'],
    ['s=s1&action=drain&b=be&b=be2', 'ERRP'],
    ['s=S1&action=drain&b=be', 'ERRP'],
    ['action=drain&b=be', 'NONE'],
    ['s=s1&b=be', 'NONE'],
    ['s=s1&action=drain', 'NONE'],
    ['s=s1;action=drain;b=be', 'NONE'],
    ['', 'NONE'],
    ['foo=bar', 'NONE'],
    ['s=s1&action=hdown&b=be', 'DONE', 'down #1'],
    ['s=s1&action=hrunn&b=be', 'DONE', 'up #1'],
    ['s=s1&action=hnolb&b=be', 'DONE', 'stopping #1'],
    ['s=s4&action=hdown&b=be', 'NONE'],
    ['s=s1&action=dhlth&b=be', 'DONE', 'health false #1'],
    ['s=s1&action=ehlth&b=be', 'DONE', 'health true #1'],
    ['s=s2&action=ehlth&b=be', 'NONE'],
    ['s=s1&action=dagent&b=be', 'DONE', 'agent false #1'],
    ['s=s1&action=eagent&b=be', 'DONE', 'agent true #1'],
    ['s=s3&action=eagent&b=be', 'NONE'],
    ['s=s1&action=adown&b=be', 'DONE', 'down #1'],
    ['s=s1&action=arunn&b=be', 'DONE', 'up #1'],
    ['s=s3&action=adown&b=be', 'NONE'],
    ['s=s1&action=shutdown&b=be', 'DONE', 'sessions.kill-server #1'],
    ['s=s2&action=disable&b=be', 'NONE'],
    ['s=s2&action=enable&b=be', 'DONE', 'ready #2'],
    ['s=s3&action=stop&b=be', 'DONE', 'drain #3'],
    ['s=s3&action=start&b=be', 'NONE'],
    [`${'s=s1&'.repeat(4000)}action=drain&b=be`, 'EXCD'],
  ];

  for (const [form, status, ...changed] of OUTCOMES) {
    test(`'${form.slice(0, 50)}' is answered with ${status}`, async () => {
      const from = control();
      const [s1] = from.model.proxies[1]!.servers;
      s1!.agent!.state |= CheckState.enabled;
      const answer = await post(from, form);
      assert.equal(answer.status, 303);
      assert.equal(answer.headers['location'], `/stats;st=${status}`);
      const changes = from.changes.map((change) => {
        const { kind, server, to, which, enabled } = change as unknown as Record<string, string>;
        return `${which === undefined ? (to ?? kind) : `${which} ${enabled}`} ${server}`;
      });
      assert.deepEqual(changes, changed);
    });
  }

  test('is refused where it is not allowed, and of backends that the page does not show', async () => {
    const from = control({ scope: ['be2'] });
    assert.equal((await post(from, 's=s1&action=drain&b=be', { admin: false })).headers['location'], '/stats;st=DENY');
    assert.equal((await post(from, 's=s1&action=drain&b=be')).headers['location'], '/stats;st=ERRP');
    assert.deepEqual(from.changes, []);
  });

  test('that fails is told', async () => {
    const from = { ...control(), apply: async () => ({ ok: false, severity: 3, text: 'no', inverse: null }) };
    assert.equal((await post(from, 's=s1&action=drain&b=be')).headers['location'], '/stats;st=ERRP');
  });

  test('keeps how the page is shown', async () => {
    const { headers } = await get(control(), '/stats;up;norefresh?scope=b+e', {
      method: 'POST',
      body: '',
      admin: true,
    });
    assert.equal(headers['location'], '/stats;st=NONE;up;norefresh?scope=b%20e');
  });

  test('is audited with the address and the user', async () => {
    const from = control({ auth: [{ user: 'ann', password: 'p' }] });
    const origins: string[] = [];
    const audited = { ...from, apply: async (_: unknown, origin: { from: string }) => {
      origins.push(origin.from);
      return { ok: true, severity: 6, text: '', inverse: null };
    } }; // biome-ignore format: short
    await post(audited, 's=s1&action=drain&b=be', { headers: [['authorization', `Basic ${btoa('ann:p')}`]] });
    assert.deepEqual(origins, ['ann@192.0.2.7']);
  });

  test('that another site had a browser send is refused', async () => {
    const from = control();
    const headers = [['host', 'lb.example'], ['origin', 'https://evil.example']] as const; // biome-ignore format: short
    assert.equal((await post(from, 's=s1&action=drain&b=be', { headers })).headers['location'], '/stats;st=DENY');
    assert.deepEqual(from.changes, []);
    const own = (...list: [string, string][]) => isOwnForm([['host', 'lb.example:8404'], ...list]);
    assert.ok(own());
    assert.ok(own(['origin', 'http://LB.example:8404']));
    assert.ok(own(['sec-fetch-site', 'same-origin'], ['origin', 'https://outer.name']));
    assert.ok(own(['sec-fetch-site', 'none']));
    assert.ok(
      isOwnForm([
        ['host', 'lb.example:80'],
        ['origin', 'http://lb.example'],
      ]),
    );
    for (const site of ['cross-site', 'same-site']) assert.ok(!own(['sec-fetch-site', site]));
    for (const origin of ['null', 'http://lb.example', 'http://lb.example:8404.evil', ''])
      assert.ok(!own(['origin', origin]), origin);
  });
});

suite('what a request asks for', () => {
  test('is read behind the URI of the page, which may hold a question mark itself', () => {
    assert.equal(parsePageRequest('/haproxy?stats;csv;up', '/haproxy?stats').form, 'csv');
    assert.deepEqual(parsePageRequest('/s;norefresh;st=PART?x=1&scope=a%2Fb', '/s'), {
      form: 'html', up: false, noMaint: false, noRefresh: true, scope: 'a/b', status: 'PART',
    }); // biome-ignore format: short
    const { form, scope } = parsePageRequest('/?;csv;scope=b1', '/');
    assert.deepEqual([form, scope], ['csv', 'b1']);
    assert.equal(parsePageRequest('/s?scope=%zz', '/s').scope, '%zz');
    assert.equal(parsePageRequest(`/s?scope=${'x'.repeat(50)}`, '/s').scope.length, 20);
  });

  test('is what its link says', () => {
    const asked = fc.record({
      form: fc.constantFrom('html', 'csv', 'typed', 'json', 'json-schema'),
      up: fc.boolean(),
      noMaint: fc.boolean(),
      noRefresh: fc.boolean(),
      scope: fc.string({ maxLength: 10 }),
      status: fc.constantFrom('', 'DONE', 'ERRP'),
    });
    fc.assert(
      fc.property(asked, (request) => {
        const link = pageLink('/stats', request as never, request as never);
        assert.deepEqual(parsePageRequest(link, '/stats'), { ...request });
        assert.doesNotMatch(link, /[\r\n<>" ]/);
      }),
    );
  });
});
