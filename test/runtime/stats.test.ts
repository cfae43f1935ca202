import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { C, G } from '../../src/model/counters.ts';
import { STAT, STAT_FIELDS, STAT_NAMES } from '../../src/model/stat-fields.ts';
import { proxyRows } from '../../src/model/stats.ts';
import { STAT_TABLE } from '../../src/runtime/stats/fields.ts';
import {
  benchProxies,
  exchange,
  fakeControl,
  modelOf,
  proxyConfig,
  serverConfig,
  startApi,
  type TestApi,
} from './support.ts';

const recorded = join(import.meta.dirname, '../../../shared/runtime-api/golden');

function golden(name: string): string {
  return readFileSync(join(recorded, `${name}.txt`), 'latin1').replace(/^.*\n/, '');
}

describe('show stat', () => {
  let api: TestApi;
  const ask = (command: string, level: 'admin' | 'user' = 'admin') => exchange(api.path(level), `${command}\n`);
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());

  it('describes the fields that rows are made of', () => {
    assert.deepEqual(
      STAT_TABLE.map((field) => field.name),
      STAT_NAMES,
    );
    assert.equal(STAT_NAMES.length, STAT_FIELDS);
  });

  it('has a value or nothing in each column', async () => {
    const [header, ...rows] = (await ask('show stat')).trimEnd().split('\n');
    const columns = header!.split(',').length;
    assert.equal(columns, 215);
    for (const row of rows) assert.equal(row.split(',').length, columns, row);
  });

  it('selects by proxy, type and server', async () => {
    const rows = async (command: string) =>
      (await ask(command))
        .trimEnd()
        .split('\n')
        .slice(1)
        .map((line) => line.split(',').slice(0, 2).join('/'));
    assert.deepEqual(await rows('show stat be_app 4 -1'), ['be_app/s1', 'be_app/s2', 'be_app/s3']);
    assert.deepEqual(await rows('show stat 201 2 -1'), ['be_app/BACKEND']);
    assert.deepEqual(await rows('show stat #201 4 11'), ['be_app/s1']);
    assert.deepEqual(await rows('show stat -1 1 -1'), [
      'fe_http/FRONTEND',
      'fe_https/FRONTEND',
      'fe_tcp/FRONTEND',
      'li_stats/FRONTEND',
    ]);
    assert.deepEqual(await rows('show stat 9999 4 -1'), []);
    assert.equal(await ask('show stat nope 4 -1'), 'No such proxy.\n\n');
    assert.equal(await ask('show stat domain foo'), 'Invalid statistics domain.\n\n');
    assert.ok(!(await rows('show stat no-maint')).includes('be_app/s3'));
    assert.ok((await rows('show stat')).includes('be_app/s3'));
  });

  it('hides addresses and cookies from sockets of level user', async () => {
    const [row] = (await ask('show stat be_app 4 11', 'user')).split('\n').slice(1);
    const values = row!.split(',');
    assert.equal(values[STAT.addr], '');
    assert.equal(values[STAT.cookie], '');
    const shown = (await ask('show stat be_app 4 11')).split('\n')[1]!.split(',');
    assert.equal(shown[STAT.addr], '127.0.0.1:20101');
    assert.equal(shown[STAT.cookie], 'c1');
  });

  it('tells the same in all three forms', async () => {
    const csv = (await ask('show stat be_app 6 -1')).trimEnd().split('\n').slice(1);
    const typed = (await ask('show stat be_app 6 -1 typed')).trimEnd().split('\n');
    const json = JSON.parse(await ask('show stat be_app 6 -1 json'));
    for (const [i, line] of csv.entries()) {
      const values = line.split(',').toSpliced(119, 1);
      for (const { field, value, id } of json[i]) {
        assert.equal(String(value.value), values[field.pos], field.name);
        if (id === 11)
          assert.ok(
            typed.some(
              (text) =>
                text.startsWith(`S.201.11.${field.pos}.${field.name}.1:`) &&
                text.endsWith(`:${value.type}:${value.value}`),
            ),
            field.name,
          );
      }
    }
    assert.equal(typed.length, json.flat().length);
  });

  it('quotes text with commas in CSV', async () => {
    const control = fakeControl(
      modelOf([proxyConfig('be', 'backend', 2, { servers: [serverConfig('s', 1, { cookie: 'a,"b"' })] })]),
    );
    const own = await startApi(control);
    assert.match(await exchange(own.path('admin'), 'show stat be 4 -1\n'), /,"a,""b""",http,/);
    await own.close();
  });

  it('sums what the threads counted', () => {
    const { model } = api.control;
    const frontend = model.proxies[0]!;
    for (const thread of [0, 1, 2]) model.counters.row(frontend.frontendSlot, thread)[C.requestIn] = 10 ** thread;
    model.counters.gauges(frontend.frontendSlot)[G.current] = 7;
    const [row] = proxyRows(model, Date.now());
    assert.equal(row!.values[STAT.bin], 111);
    assert.equal(row!.values[STAT.scur], 7);
    model.counters.clear(frontend.frontendSlot);
  });

  it('works with slots beyond the first chunk', () => {
    const model = modelOf([
      proxyConfig('be', 'backend', 2, { servers: Array.from({ length: 600 }, (_, i) => serverConfig(`s${i}`, 1)) }),
    ]);
    const last = model.proxies[0]!.servers.at(-1)!;
    model.counters.row(last.slot, 1)[C.sessions] = 5;
    const totals = Array.from(proxyRows(model, Date.now()), (row) => row.kind).filter((kind) => kind === 'S').length;
    assert.equal(totals, 600);
    const scope = { iid: 2, types: 4, sid: last.id, hideDown: false, hideMaint: false, legends: true };
    const values = Array.from(proxyRows(model, Date.now(), scope), (row) => row.values[STAT.stot]);
    assert.deepEqual(values, [5]);
  });
});

describe('status of servers and proxies', () => {
  const status = (change: (model: ReturnType<typeof modelOf>) => void, name: string) => {
    const model = modelOf(benchProxies());
    change(model);
    const found = Array.from(proxyRows(model, Date.now()), (row) => ({
      name: `${row.values[STAT.pxname]}/${row.values[STAT.svname]}`,
      status: row.values[STAT.status],
    }));
    return found.find((row) => row.name === name)!.status;
  };
  const server = (model: ReturnType<typeof modelOf>, path: string) =>
    model.proxies.flatMap((proxy) => proxy.servers).find((one) => one.path === path)!;

  for (const [expected, path, change] of [
    ['UP', 'be_app/s1', () => {}],
    ['no check', 'be_slow/slow1', () => {}],
    ['MAINT', 'be_app/s3', () => {}],
    ['UP', 'be_track/t1', () => {}],
    [
      'UP 1/2',
      'be_app/s1',
      (s) => {
        s.check!.health = 2;
      },
    ],
    [
      'DOWN',
      'be_app/s1',
      (s) => {
        s.operState = 0;
        s.check!.health = 0;
      },
    ],
    [
      'DOWN 1/2',
      'be_app/s1',
      (s) => {
        s.operState = 0;
        s.check!.health = 1;
      },
    ],
    [
      'NOLB',
      'be_app/s1',
      (s) => {
        s.operState = 3;
      },
    ],
    [
      'NOLB 1/2',
      'be_app/s1',
      (s) => {
        s.operState = 3;
        s.check!.health = 2;
      },
    ],
    [
      'DRAIN',
      'be_app/s1',
      (s) => {
        s.admin = 8;
      },
    ],
    [
      'DRAIN (agent)',
      'be_agent/a1',
      (s) => {
        s.admin = 8;
      },
    ],
    [
      'DOWN (agent)',
      'be_agent/a1',
      (s) => {
        s.operState = 0;
        s.agent!.health = 0;
      },
    ],
    [
      'MAINT (via be_app/s1)',
      'be_track/t1',
      (s) => {
        s.admin = 2;
      },
    ],
    [
      'MAINT (resolution)',
      'be_dns/d1',
      (s) => {
        s.admin = 0x20;
      },
    ],
  ] as readonly [string, string, (s: ReturnType<typeof server>) => void][]) {
    it(`is '${expected}' for ${path}${
      /^.*=> \{\}$/.test(change.toString())
        ? ''
        : ` with ${change
            .toString()
            .replace(/^.*?=> \{|\}$|!/g, '')
            .trim()}`
    }`, () => {
      assert.equal(
        status((model) => change(server(model, path)), path),
        expected,
      );
    });
  }

  it('tells frontends and backends', () => {
    assert.equal(
      status((model) => {
        model.proxies[0]!.state = 'paused';
      }, 'fe_http/FRONTEND'),
      'PAUSED',
    );
    assert.equal(
      status((model) => {
        model.proxies[0]!.state = 'stopped';
      }, 'fe_http/FRONTEND'),
      'STOP',
    );
    assert.equal(
      status(() => {}, 'be_app/BACKEND'),
      'UP',
    );
    assert.equal(
      status((model) => {
        server(model, 'be_slow/slow1').operState = 0;
      }, 'be_slow/BACKEND'),
      'DOWN',
    );
    assert.equal(
      status((model) => {
        model.proxies.find((proxy) => proxy.name === 'be_slow')!.published = false;
      }, 'be_slow/BACKEND'),
      'UP (UNPUB)',
    );
    assert.equal(
      status(() => {}, 'tbl_int/BACKEND'),
      'UP',
    );
  });
});

describe('statistics beside recorded ones', { skip: existsSync(recorded) ? false : 'no recordings here' }, () => {
  let api: TestApi;
  before(async () => {
    api = await startApi();
  });
  after(() => api.close());
  const ask = (command: string) => exchange(api.path('admin'), `${command}\n`);

  it('has the columns and rows of show stat', async () => {
    const keys = (text: string) =>
      text.split('\n').map((line) => (line.startsWith('#') ? line : line.split(',').slice(0, 2).join(',')));
    assert.deepEqual(keys(await ask('show stat')), keys(golden('show-stat')));
  });

  it('has the same fields with the same types in the typed form of every row', async () => {
    const keys = (text: string) => text.split('\n').map((line) => line.split(':').slice(0, 3).join(':'));
    assert.deepEqual(keys(await ask('show stat typed')), keys(golden('show-stat.typed')));
  });

  it('has the same JSON but for values', async () => {
    const keys = (text: string) => text.replace(/"value":("[^"]*"|-?\d+)\}/g, '"value":*}');
    assert.equal(keys(await ask('show stat json')), keys(golden('show-stat.json')));
  });

  it('describes fields as recorded', async () => {
    const wanted = new Map(
      golden('show-stat.typed-desc')
        .split('\n')
        .flatMap((line) => {
          const match = /^[FSB]\.\d+\.\d+\.\d+\.(\w+)\.1:.*:"(.*)"$/.exec(line);
          return match ? [[match[1]!, match[2]!] as const] : [];
        }),
    );
    for (const { name, description } of STAT_TABLE)
      if (wanted.has(name)) assert.equal(description, wanted.get(name), name);
  });

  it('has the fields of show info in all forms', async () => {
    const keys = (text: string) => text.split('\n').map((line) => line.replace(/^([^:]*):.*?(:"[^"]*")?$/, '$1$2'));
    assert.deepEqual(keys(await ask('show info')), keys(golden('new.show-info')));
    assert.deepEqual(keys(await ask('show info desc')), keys(golden('show-info.desc')));
    const types = (text: string) => text.split('\n').map((line) => line.split(':').slice(0, 3).join(':'));
    assert.deepEqual(types(await ask('show info typed')), types(golden('show-info.typed')));
    const json = (text: string) => text.replace(/"value":("[^"]*"|-?\d+)\}/g, '"value":*}');
    assert.equal(json(await ask('show info json')), json(golden('show-info.json')));
    assert.match(await ask('show info float'), /\nUptime_sec: \d+\.\d{6}\n/);
  });

  it('has the counters of name servers', async () => {
    assert.equal(
      (await ask('show stat domain resolvers')).split('\n').slice(0, 2).join('\n'),
      golden('show-stat.domain-resolvers').split('\n').slice(0, 2).join('\n'),
    );
    assert.equal(
      (await ask('show stat domain resolvers typed')).split('\n').slice(0, 17).join('\n'),
      golden('show-stat.domain-resolvers-typed').split('\n').slice(0, 17).join('\n'),
    );
  });
});
