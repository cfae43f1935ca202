import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { clearAdmin, setAdmin, setAdminState } from '../../../src/control/servers/admin-state.ts';
import { setRunning, setStopped, setStopping, setUserWeight, warmUp } from '../../../src/control/servers/oper-state.ts';
import { linkTracking, unlinkTracking } from '../../../src/control/servers/tracking.ts';
import { countUsable, usableServers } from '../../../src/control/servers/usable.ts';
import { serverView } from '../../../src/control/servers/view.ts';
import { ViewBatch } from '../../../src/control/servers/view-batch.ts';
import { effectiveWeight, isDynamicBalance, parseWeight, resolveWeight } from '../../../src/control/servers/weight.ts';
import { Admin, OperState } from '../../../src/model/server.ts';
import { fakeTraffic, modelOf, proxyConfig, serverAt, serverConfig } from '../fixture.ts';
import { modelFrom, recorder } from './script.ts';

test('a slow start raises the weight in sixteenths, at most once a second', () => {
  const model = modelFrom('backend be\nserver s1 weight 10 slowstart 40000');
  const fx = recorder();
  const server = serverAt(model, 'be/s1');
  setStopped(fx, server, '');
  setRunning(fx, server, '');
  assert.deepEqual(fx.warming, [server]);
  assert.equal(effectiveWeight(server), 10);
  const seen: [number, number][] = [];
  for (let next = 1; next > 0; ) {
    next = warmUp(fx, server);
    seen.push([next, effectiveWeight(server)]);
    fx.clock += next || 1;
  }
  assert.equal(seen.length, 21, 'twenty steps of 2 s and the end');
  assert.deepEqual(seen.slice(0, 4), [
    [2000, 10],
    [2000, 10],
    [2000, 20],
    [2000, 30],
  ]);
  assert.deepEqual(seen.at(-1), [0, 160]);
  assert.equal(server.operState, OperState.running);
});

test('a slow start ends with maintenance', () => {
  const model = modelFrom('backend be\nserver s1 slowstart 10000');
  const fx = recorder();
  const server = serverAt(model, 'be/s1');
  setStopped(fx, server, '');
  setRunning(fx, server, '');
  setAdminState(fx, server, 'maint');
  assert.equal(warmUp(fx, server), 0);
  assert.equal(server.operState, OperState.stopped);
});

test('down time and transitions of a server and its backend are counted in whole seconds', () => {
  const model = modelFrom('backend be\nserver s1\nserver s2');
  const fx = recorder(10_500);
  const [s1, s2] = [serverAt(model, 'be/s1'), serverAt(model, 'be/s2')];
  const proxy = s1.proxy;
  setStopped(fx, s1, '');
  fx.clock = 12_400;
  setStopped(fx, s2, '');
  fx.clock = 15_100;
  setRunning(fx, s1, '');
  assert.deepEqual([s1.downTime, s1.downTransitions, s1.lastChange], [5, 1, 15_100]);
  assert.deepEqual([proxy.downTime, proxy.downTransitions, proxy.lastChange], [3, 1, 15_100]);
  fx.clock = 16_000;
  setAdminState(fx, s1, 'drain');
  assert.equal(s1.lastChange, 15_100, 'draining is no change of the operational state');
  assert.deepEqual([proxy.downTransitions, usableServers(proxy)], [2, 0]);
});

test('on-marked-down and on-marked-up end streams', () => {
  const model = modelFrom(
    'backend be\nserver s1 on-marked-down shutdown-sessions on-marked-up shutdown-backup-sessions\nserver b1 backup\nserver b2 backup',
  );
  const fx = recorder();
  const server = serverAt(model, 'be/s1');
  setStopped(fx, server, '');
  setRunning(fx, server, '');
  setAdminState(fx, server, 'maint');
  setAdminState(fx, server, 'ready');
  assert.deepEqual(fx.kills, ['be/s1 D', 'be/b1 U', 'be/b2 U', 'be/s1 D', 'be/b1 U', 'be/b2 U']);
});

test('init-state says how servers begin, at start and after maintenance', () => {
  const table = [
    ['up', 2, OperState.running],
    ['fully-up', 3, OperState.running],
    ['down', 1, OperState.stopped],
    ['fully-down', 0, OperState.stopped],
  ] as const;
  for (const [name, health, state] of table) {
    const server = serverAt(modelFrom(`backend be\nserver s1 check init-state ${name}`), 'be/s1');
    assert.deepEqual([server.check!.health, server.operState], [health, state], name);
    const fx = recorder();
    setAdminState(fx, server, 'maint');
    setAdminState(fx, server, 'ready');
    assert.deepEqual([server.check!.health, server.operState], [health, state], `${name} after maintenance`);
    assert.match(fx.lines.at(-1)!, state === OperState.running ? /is UP\/READY/ : /is DOWN\/READY/);
  }
});

test('a name that is resolved again ends its maintenance, and only its own', () => {
  const model = modelFrom('backend be\nserver s1');
  const fx = recorder();
  const server = serverAt(model, 'be/s1');
  server.fqdn = 'a.test';
  setAdmin(fx, server, Admin.resolveMaint, 'No IP for server ');
  setAdmin(fx, server, Admin.forcedMaint);
  clearAdmin(fx, server, Admin.resolveMaint);
  setAdmin(fx, server, Admin.resolveMaint, 'DNS NX status');
  clearAdmin(fx, server, Admin.forcedMaint);
  clearAdmin(fx, server, Admin.resolveMaint);
  assert.deepEqual(
    fx.lines.filter((line) => !line.startsWith('0')),
    [
      '1 Server be/s1 is going DOWN for maintenance (No IP for server ). 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.',
      "5 Server be/s1 ('a.test') resolves again but remains in maintenance.",
      '5 Server be/s1 is leaving forced maintenance but remains in maintenance.',
      "5 Server be/s1 ('a.test') is UP/READY (resolves again).",
    ],
  );
});

test('what waits in queues is told with the change', () => {
  const model = modelOf([
    proxyConfig('be', 2, { redispatch: -1, servers: [serverConfig('s1'), serverConfig('s2', { maxconn: 3 })] }),
  ]);
  const fx = recorder();
  fx.queued = 7;
  setStopped(fx, serverAt(model, 'be/s1'), '');
  setStopping(fx, serverAt(model, 'be/s2'), '');
  setRunning(fx, serverAt(model, 'be/s2'), '');
  assert.deepEqual(
    fx.lines.filter((line) => !line.startsWith('0')),
    [
      '1 Server be/s1 is DOWN. 1 active and 0 backup servers left. 0 sessions active, 7 requeued, 0 remaining in queue.',
      '5 Server be/s2 is stopping. 0 active and 0 backup servers online. 7 sessions requeued, 7 total in queue.',
      '5 Server be/s2 is UP. 1 active and 0 backup servers online. 3 sessions requeued, 7 total in queue.',
    ],
  );
});

test('the counts of usable servers stay what a fresh count gives, and trackers what they track', () => {
  const command = fc.oneof(
    fc.record({ what: fc.constantFrom('ready', 'drain', 'maint', 'stop', 'run', 'leave'), at: fc.nat(4) }),
    fc.record({ what: fc.constant('weight'), at: fc.nat(4), weight: fc.constantFrom(0, 1, 100) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      const model = modelFrom(
        'backend be\nserver s1 check\nserver s2 check\nserver b1 backup\nbackend tr\nserver t1 track be/s1\nserver t2 track tr/t1',
      );
      const servers = model.proxies.flatMap((proxy) => proxy.servers);
      const fx = recorder();
      for (const one of commands) {
        const server = servers[one.at]!;
        if (one.what === 'stop') setStopped(fx, server, '');
        else if (one.what === 'run') setRunning(fx, server, '');
        else if (one.what === 'leave') setStopping(fx, server, '');
        else if ('weight' in one) setUserWeight(fx, server, one.weight);
        else setAdminState(fx, server, one.what as 'ready');
        for (const proxy of model.proxies) {
          const kept = [proxy.usableActive, proxy.usableBackup];
          countUsable(proxy);
          assert.deepEqual(kept, [proxy.usableActive, proxy.usableBackup]);
        }
        for (const tracker of servers.slice(3)) {
          const tracked = tracker.tracked!;
          assert.equal((tracker.admin & Admin.inheritedMaint) !== 0, (tracked.admin & Admin.maint) !== 0);
          assert.equal((tracker.admin & Admin.inheritedDrain) !== 0, (tracked.admin & Admin.drain) !== 0);
        }
      }
    }),
  );
});

test('a server cannot track what has no checks, what is not there, or in a circle', () => {
  const check = {
    inter: 2000,
    fastinter: null,
    downinter: null,
    rise: 2,
    fall: 3,
    port: 0,
    addr: null,
    addrPort: 0,
    sendProxy: false,
    definition: null,
    proto: null,
    ssl: false,
    sni: null,
  };
  const model = modelOf([
    proxyConfig('be', 2, {
      servers: [
        serverConfig('a', { check }),
        serverConfig('b'),
        serverConfig('x', { track: 'y' }),
        serverConfig('y', { track: 'x' }),
      ],
    }),
    proxyConfig('other', 3, { servers: [serverConfig('t', { track: 'be/a' })] }),
  ]);
  const tracks = (track: string) => {
    const server = serverAt(model, 'other/t');
    server.config = { ...server.config, track };
    return linkTracking(model, server);
  };
  assert.equal(tracks('be/b'), 'unable to use be/b for tracking as it does not have any check nor agent enabled.');
  assert.equal(tracks('be/z'), "unable to find required server 'z' for tracking.");
  assert.equal(tracks('no/z'), "unable to find required proxy 'no' for tracking.");
  assert.equal(
    linkTracking(model, serverAt(model, 'be/y')),
    'unable to track be/x as it belongs to a tracking chain looping back to be/y.',
  );
  assert.equal(tracks('be/a'), null);
  assert.deepEqual(serverAt(model, 'be/a').trackers, [serverAt(model, 'other/t')], 'tied once, not twice');
  unlinkTracking(serverAt(model, 'other/t'));
  assert.deepEqual(serverAt(model, 'be/a').trackers, []);
});

test('weights are read as HAProxy reads them', () => {
  const table: readonly (readonly [string, string | number])[] = [
    ['15', 15],
    ['50%', '50%'],
    [' 7', 7],
    ['+3', 3],
    ['0', 0],
    ['256', 256],
    ['xx', 'Empty weight string empty or preceded by garbage'],
    ['', 'Empty weight string empty or preceded by garbage'],
    ['10x', 'Trailing garbage in weight string'],
    ['50%x', 'Trailing garbage in weight string'],
    ['-1', 'Absolute weight can only be between 0 and 256 inclusive.'],
    ['257', 'Absolute weight can only be between 0 and 256 inclusive.'],
    ['-5%', 'Relative weight must be positive.'],
  ];
  for (const [text, expected] of table) {
    const read = parseWeight(text);
    assert.equal('error' in read ? read.error : read.percent ? `${read.weight}%` : read.weight, expected, text);
  }
});

test('percentages are of the configured weight, cut at 256', () => {
  const server = serverAt(modelFrom('backend be\nserver s1 weight 10'), 'be/s1');
  const percent = (weight: number) => resolveWeight(server, { weight, percent: true });
  assert.deepEqual([percent(50), percent(55), percent(200), percent(100_000), percent(0)], [5, 5, 20, 256, 0]);
});

test('algorithms with live weights', () => {
  const base = proxyConfig('be', 2);
  const names = ['roundrobin', 'leastconn', 'first', 'random', 'static-rr', 'source', 'uri'] as const;
  const live = (hashType: 'map-based' | 'consistent') =>
    names.filter((algorithm) =>
      isDynamicBalance(modelOf([{ ...base, balance: { ...base.balance, algorithm, hashType } }]).proxies[0]!),
    );
  assert.deepEqual(live('map-based'), ['roundrobin', 'leastconn', 'first', 'random']);
  assert.deepEqual(live('consistent'), ['roundrobin', 'leastconn', 'first', 'random', 'source', 'uri']);
});

test('views tell the threads what may be sent to a server', () => {
  const model = modelFrom('backend be\nserver s1 weight 3');
  const server = serverAt(model, 'be/s1');
  const fx = recorder();
  const seen = () => [serverView(server).state, serverView(server).maint, serverView(server).weight];
  assert.deepEqual(seen(), ['up', false, 48]);
  setUserWeight(fx, server, 0);
  assert.deepEqual(seen(), ['drain', false, 0]);
  setUserWeight(fx, server, 3);
  setAdminState(fx, server, 'maint');
  assert.deepEqual(seen(), ['down', true, 48]);
});

test('views that go stale in one turn are one message, in order, and a refusal reaches who waits for it', async () => {
  const model = modelFrom('backend be\nserver s1\nserver s2');
  const [s1, s2] = model.proxies[0]!.servers as [never, never];
  let refuse = false;
  const traffic = fakeTraffic({
    servers: () => {
      if (refuse) throw new Error('no');
      return [null];
    },
  });
  const errors: unknown[] = [];
  const batch = new ViewBatch(traffic, (error) => errors.push(error));
  batch.add(s1);
  batch.add(s2);
  batch.add(s1);
  await batch.flush();
  assert.deepEqual(
    traffic.sent.map((c) => c.kind === 'servers' && c.views.map((v) => v.name)),
    [['s1', 's2']],
  );
  refuse = true;
  batch.add(s1);
  await assert.rejects(batch.flush(), /no/);
  refuse = false;
  batch.add(s2);
  batch.drop(s2);
  await batch.flush();
  assert.equal(traffic.sent.length, 2);
  assert.deepEqual(errors, []);
});
