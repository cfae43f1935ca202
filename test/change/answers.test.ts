import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change } from '../../src/change/change.ts';
import { desk } from './fixture.ts';

const ERR = 3;
const WARNING = 4;
const NOTICE = 5;
const INFO = 6;

type Step = readonly [change: Change, ok: boolean, text: string, severity?: number];

const s1 = { backend: 'be_app', server: 's1' } as const;
const slow1 = { backend: 'be_slow', server: 'slow1' } as const;

/** What HAProxy answers, in order: the Changes of one row share a model. */
const SCRIPTS: Readonly<Record<string, readonly Step[]>> = {
  'names of servers': [
    [{ kind: 'server.state', backend: 'nope', server: 's1', to: 'ready' }, false, 'No such backend.', ERR],
    [{ kind: 'server.state', backend: 'be_app', server: 'nope', to: 'ready' }, false, 'No such server.', ERR],
    [{ kind: 'server.state', backend: 'fe_http', server: 's1', to: 'ready' }, false, 'No such backend.', ERR],
    [{ kind: 'server.state', backend: '#201', server: '#11', to: 'drain' }, true, '', INFO],
  ],
  weights: [
    [
      { kind: 'server.weight', ...s1, weight: -1, percent: false },
      false,
      'Absolute weight can only be between 0 and 256 inclusive.',
    ],
    [
      { kind: 'server.weight', ...s1, weight: 257, percent: false },
      false,
      'Absolute weight can only be between 0 and 256 inclusive.',
    ],
    [{ kind: 'server.weight', ...s1, weight: -1, percent: true }, false, 'Relative weight must be positive.'],
    [{ kind: 'server.weight', ...s1, weight: 100000, percent: true }, true, ''],
    [
      { kind: 'server.weight', backend: 'be_static', server: 'st1', weight: 50, percent: false },
      false,
      "Backend is using a static LB algorithm and only accepts weights '0%' and '100%'.",
    ],
    [{ kind: 'server.weight', backend: 'be_static', server: 'st1', weight: 0, percent: false }, true, ''],
    [{ kind: 'server.weight', backend: 'be_static', server: 'st1', weight: 100, percent: true }, true, ''],
  ],
  'health and agent': [
    [{ kind: 'server.health', ...s1, to: 'down' }, true, ''],
    [
      { kind: 'server.health', backend: 'be_track', server: 't1', to: 'down' },
      false,
      'cannot change health on a tracking server.',
    ],
    [{ kind: 'server.agent', ...s1, to: 'up' }, false, 'agent checks are not enabled on this server.'],
    [{ kind: 'server.agent', backend: 'be_agent', server: 'a1', to: 'down' }, true, ''],
    [{ kind: 'server.agent-send', ...s1, send: 'x' }, false, 'agent checks are not enabled on this server.'],
    [
      { kind: 'server.agent-addr', ...s1, addr: '127.0.0.1', port: null },
      false,
      'agent checks are not enabled on this server',
    ],
    [
      { kind: 'server.agent-addr', backend: 'be_agent', server: 'a1', addr: 'not..valid', port: null },
      false,
      "invalid addr 'not..valid'",
    ],
    [
      { kind: 'server.agent-addr', backend: 'be_agent', server: 'a1', addr: null, port: 99999 },
      false,
      'provided port is invalid',
    ],
    [
      { kind: 'server.agent-addr', backend: 'be_agent', server: 'a1', addr: null, port: Number.NaN },
      false,
      'provided port is not an integer',
    ],
    [{ kind: 'server.check-addr', ...s1, addr: '127.0.0.1', port: 20101 }, true, ''],
    [
      { kind: 'server.check-addr', ...slow1, addr: '127.0.0.1', port: null },
      false,
      'health checks are not enabled on this server',
    ],
    [
      { kind: 'server.checks', ...slow1, which: 'health', enabled: true },
      false,
      'Health check was not configured on this server, cannot enable.',
    ],
    [
      { kind: 'server.checks', ...slow1, which: 'agent', enabled: true },
      false,
      'Agent was not configured on this server, cannot enable.',
    ],
    [{ kind: 'server.checks', ...slow1, which: 'health', enabled: false }, true, ''],
    [{ kind: 'server.checks', ...s1, which: 'health', enabled: true }, true, ''],
  ],
  addresses: [
    [
      { kind: 'server.addr', ...slow1, addr: '127.0.0.2', port: null },
      true,
      "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.addr', ...slow1, addr: '127.0.0.1', port: '20109' },
      true,
      "IP changed from '127.0.0.2' to '127.0.0.1', port changed from '20104' to '20109' by 'stats socket command'",
      WARNING,
    ],
    [{ kind: 'server.addr', ...slow1, addr: '127.0.0.1', port: '20109' }, true, 'nothing changed', WARNING],
    [
      { kind: 'server.addr', ...slow1, addr: '127.0.0.1', port: '20104' },
      true,
      "port changed from '20109' to '20104' by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.addr', ...slow1, addr: '::1', port: '20104' },
      true,
      "IP changed from '127.0.0.1' to '::1' by 'stats socket command'",
      WARNING,
    ],
    [{ kind: 'server.addr', ...slow1, addr: '[::1]:20104', port: null }, false, "Invalid addr '[::1]:20104'", WARNING],
    [{ kind: 'server.addr', ...slow1, addr: 'localhost', port: null }, false, "Invalid addr 'localhost'", WARNING],
    [
      { kind: 'server.addr', ...slow1, addr: '127.0.0.1', port: 'abc' },
      false,
      "problem converting port 'abc' to an int",
      WARNING,
    ],
    [
      { kind: 'server.addr', ...slow1, addr: '127.0.0.1', port: '70000' },
      true,
      "IP changed from '::1' to '127.0.0.1', port changed from '20104' to '4464' by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.addr', ...slow1, addr: '::1', port: '+10' },
      true,
      "IP changed from '127.0.0.1' to '::1', port changed from '4464' to '+10' by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.addr', ...slow1, addr: '::1', port: '-10' },
      true,
      "port changed from '+10' to '+65526' by 'stats socket command'",
      WARNING,
    ],
    [{ kind: 'server.addr', ...s1, addr: '127.0.0.1', port: '+10' }, true, 'nothing changed', WARNING],
  ],
  'host names': [
    [
      { kind: 'server.fqdn', ...s1, fqdn: 'x.test' },
      false,
      'set server <b>/<s> fqdn failed because no resolution is configured.',
    ],
    [
      { kind: 'server.fqdn', backend: 'be_dns', server: 'd1', fqdn: 'name2.test' },
      true,
      "no need to change the FDQN by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.fqdn', backend: 'be_dns', server: 'd2', fqdn: 'name1.test' },
      true,
      "be_dns/d2 changed its FQDN from (null) to name1.test by 'stats socket command'",
      WARNING,
    ],
    [
      { kind: 'server.fqdn', backend: 'be_dns', server: 'tpl1', fqdn: 'name1.test' },
      false,
      'set server <b>/<s> fqdn failed because SRV resolution is configured.',
    ],
    [
      { kind: 'server.fqdn', backend: 'be_dns', server: 'd1', fqdn: 'a..b' },
      false,
      "could not update be_dns/d1 FQDN by 'stats socket command'",
      WARNING,
    ],
  ],
  'TLS switches': [
    [
      { kind: 'server.ssl', backend: 'be_ssl', server: 'ss2', enabled: true },
      true,
      'server ssl setting updated.',
      NOTICE,
    ],
    [
      { kind: 'server.ssl', ...s1, enabled: true },
      false,
      "'set server <srv> ssl' cannot be set.  default-server should define ssl settings",
    ],
  ],
  names: [
    [
      { kind: 'server.name', ...s1, name: 'blue' },
      false,
      'Server must be in maintenance mode to be renamed (set server <b>/<s> state maint).',
    ],
    [{ kind: 'server.state', backend: 'be_app', server: 's2', to: 'maint' }, true, ''],
    [
      { kind: 'server.name', backend: 'be_app', server: 's2', name: 'a/b' },
      false,
      'Server name contains invalid characters.',
    ],
    [
      { kind: 'server.name', backend: 'be_app', server: 's2', name: 's1' },
      false,
      'Already exists a server with the same name in backend.',
    ],
    [{ kind: 'server.name', backend: 'be_app', server: 's2', name: 'blue' }, true, 'Server name updated.', INFO],
    [{ kind: 'server.state', backend: 'be_app', server: 's2', to: 'ready' }, false, 'No such server.'],
    [{ kind: 'server.state', backend: 'be_app', server: 'blue', to: 'ready' }, true, ''],
    [{ kind: 'server.state', ...s1, to: 'maint' }, true, ''],
    [
      { kind: 'server.name', ...s1, name: 'x' },
      false,
      'This server cannot be renamed at runtime due to other configuration elements pointing to it.',
    ],
  ],
  'dynamic servers': [
    [add('dyn1', '127.0.0.1:20101', ['weight', '5', 'check', 'inter', '500']), true, 'New server registered.', INFO],
    [add('dyn1', '127.0.0.1:20101'), false, 'Already exists a server with the same name in backend.'],
    [add('dyn2', ''), false, "'server' expects <name> and <addr>[:<port>] as arguments."],
    [add('x', '127.0.0.1:1', [], 'nope'), false, 'No such backend.'],
    [
      add('dyn', '127.0.0.1:20101', [], 'be_static'),
      false,
      "Backend does not support dynamic servers : backend 'be_static' uses a non dynamic load balancing method.",
    ],
    [add('dyn3', '127.0.0.1:20101', ['bogus']), false, "unknown keyword 'bogus'."],
    [
      add('dyn3', '127.0.0.1:20101', ['resolvers', 'dns1']),
      false,
      "'resolvers' option is not accepted for dynamic server",
    ],
    [
      add('dyn5', '127.0.0.1:20102', ['id', '50', 'backup', 'maxconn', '3', 'slowstart', '2s']),
      true,
      'New server registered.',
    ],
    [
      add('dyn6', '127.0.0.1:20102', ['id', '50']),
      false,
      "'id' : custom id 50 already used at (null):0 ('server dyn5').",
    ],
    [add('dyn7', '127.0.0.1:20102', ['track', 's9']), false, "unable to find required server 's9' for tracking."],
    [add('dyn7', '127.0.0.1:20102', ['track', 's2']), true, 'New server registered.'],
    [{ ...add('dynd', '127.0.0.1:1'), from: 'be_app' } as Change, false, "invalid 'be_app' value for 'from' keyword."],
    [{ ...add('c', '127.0.0.1:1'), from: 'srv:be_app/s2' } as Change, true, 'New server registered.'],
    [
      { kind: 'server.ssl', backend: 'be_app', server: 'dyn1', enabled: false },
      false,
      "'set server <srv> ssl' not supported on dynamic servers",
    ],
    [{ kind: 'server.state', backend: 'be_app', server: 'dyn1', to: 'ready' }, true, ''],
    [
      { kind: 'server.del', backend: 'be_app', server: 'dyn1' },
      false,
      'Only servers in maintenance mode can be deleted.',
    ],
    [{ kind: 'server.state', backend: 'be_app', server: 'dyn1', to: 'maint' }, true, ''],
    [{ kind: 'server.del', backend: 'be_app', server: 'dyn1' }, true, 'Server deleted.', INFO],
    [{ kind: 'server.del', backend: 'be_app', server: 'dyn1' }, false, 'No such server.'],
    [
      { kind: 'server.del', ...s1 },
      false,
      'This server cannot be removed at runtime due to other configuration elements pointing to it.',
    ],
    [{ kind: 'server.del', backend: 'be_app', server: 's3' }, true, 'Server deleted.'],
  ],
  'dynamic backends': [
    [
      { kind: 'backend.add', backend: 'dynbe', from: 'dyn1', mode: null, guid: null },
      true,
      'New backend registered.',
      INFO,
    ],
    [
      { kind: 'backend.add', backend: 'dynbe', from: 'dyn1', mode: null, guid: null },
      false,
      "Error during backend creation : name is already used by other proxy 'backend dynbe'.",
    ],
    [
      { kind: 'backend.add', backend: 'fe_http', from: 'dyn1', mode: null, guid: null },
      false,
      "Error during backend creation : name is already used by other proxy 'frontend fe_http'.",
    ],
    [
      { kind: 'backend.add', backend: 'dynbe2', from: 'dyn2', mode: null, guid: null },
      false,
      "Mode is required as 'dyn2' default proxy does not explicitly defines it.",
    ],
    [
      { kind: 'backend.add', backend: 'dynbe2', from: 'dyn2', mode: 'http', guid: 'g1' },
      true,
      'New backend registered.',
    ],
    [
      { kind: 'backend.add', backend: 'dynbe3', from: 'dyn1', mode: null, guid: 'g1' },
      false,
      'Error during backend creation : GUID insertion : duplicate entry with backend dynbe2.',
    ],
    [{ kind: 'backend.add', backend: 'x', from: 'y', mode: null, guid: null }, false, "Cannot find default proxy 'y'."],
    [
      { kind: 'backend.add', backend: 'b@d', from: 'dyn1', mode: null, guid: null },
      false,
      "Invalid character '@' in backend name.",
    ],
    [add('a', '127.0.0.1:20101', [], 'dynbe'), true, 'New server registered.'],
    [{ kind: 'backend.publish', backend: 'dynbe', published: true }, true, 'Backend published.', INFO],
    [{ kind: 'backend.del', backend: 'dynbe' }, false, 'Backend must be unpublished prior to its deletion.'],
    [{ kind: 'backend.publish', backend: 'dynbe', published: false }, true, 'Backend unpublished.'],
    [{ kind: 'backend.del', backend: 'dynbe' }, false, 'Only a backend without server can be deleted.'],
    [{ kind: 'server.del', backend: 'dynbe', server: 'a' }, true, 'Server deleted.'],
    [{ kind: 'backend.del', backend: 'dynbe' }, true, 'Backend deleted.', INFO],
    [{ kind: 'backend.del', backend: 'dynbe' }, false, 'No such backend.'],
    [{ kind: 'backend.publish', backend: 'nope', published: true }, false, 'No such backend.'],
  ],
  frontends: [
    [{ kind: 'frontend.state', frontend: 'fe_http', to: 'enabled' }, false, 'All sockets are already enabled.', NOTICE],
    [{ kind: 'frontend.state', frontend: 'fe_http', to: 'disabled' }, true, ''],
    [
      { kind: 'frontend.state', frontend: 'fe_http', to: 'disabled' },
      false,
      'All sockets are already disabled.',
      NOTICE,
    ],
    [{ kind: 'frontend.state', frontend: 'be_app', to: 'disabled' }, false, 'No such frontend.', ERR],
    [{ kind: 'frontend.state', frontend: '#101', to: 'enabled' }, true, ''],
    [
      { kind: 'frontend.state', frontend: 'fe_off', to: 'enabled' },
      false,
      'Frontend was previously shut down, cannot enable.',
      NOTICE,
    ],
    [{ kind: 'frontend.state', frontend: 'fe_http', to: 'shutdown' }, true, ''],
    [{ kind: 'frontend.state', frontend: 'fe_http', to: 'shutdown' }, false, 'Frontend was already shut down.', NOTICE],
    [
      { kind: 'frontend.state', frontend: 'fe_http', to: 'disabled' },
      false,
      'Frontend was previously shut down, cannot disable.',
      NOTICE,
    ],
    [{ kind: 'frontend.maxconn', frontend: 'fe_http', maxconn: -5 }, false, 'Value out of range.'],
    [{ kind: 'frontend.maxconn', frontend: 'nope', maxconn: 5 }, false, 'No such frontend.'],
    [{ kind: 'frontend.maxconn', frontend: '#101', maxconn: 100 }, true, ''],
  ],
  limits: [
    [{ kind: 'global.maxconn', maxconn: 150 }, true, ''],
    [{ kind: 'global.maxconn', maxconn: 100000 }, false, 'Value out of range.'],
    [{ kind: 'global.maxconn', maxconn: 0 }, true, ''],
    [{ kind: 'global.rate-limit', what: 'http-compression', limit: 100 }, true, ''],
    [{ kind: 'global.rate-limit', what: 'connections', limit: -1 }, false, 'Value out of range.'],
    [{ kind: 'server.maxconn', ...s1, maxconn: 77 }, true, ''],
    [{ kind: 'server.maxconn', ...s1, maxconn: -5 }, true, ''],
    [{ kind: 'server.maxconn', backend: 'be_app', server: 'nope', maxconn: 5 }, false, 'No such server.'],
  ],
  'one-shot actions': [
    [{ kind: 'session.kill', id: '0x1234' }, false, "No such session (use 'show sess')."],
    [{ kind: 'sessions.kill-server', ...slow1 }, true, ''],
    [{ kind: 'sessions.kill-server', backend: 'be_slow', server: 'nope' }, false, 'No such server.'],
    [{ kind: 'counters.clear', scope: 'all' }, true, ''],
    [{ kind: 'counters.clear', scope: { backend: 'be_app', server: 's2' } }, true, 'Server counters cleared.'],
    [{ kind: 'counters.clear', scope: { backend: 'be_app', server: 'nope' } }, false, 'No such server.'],
    [{ kind: 'backend.dynamic-cookie-key', backend: 'be_dyncookie', key: '' }, false, 'String value expected.'],
    [{ kind: 'backend.dynamic-cookie-key', backend: 'be_dyncookie', key: 'secret2' }, true, ''],
    [{ kind: 'backend.dynamic-cookie', backend: 'nope', enabled: true }, false, 'No such backend.'],
    [{ kind: 'config.reload' }, true, 'Success=1'],
  ],
};

function add(server: string, addr: string, words: readonly string[] = [], backend = 'be_app'): Change {
  return { kind: 'server.add', backend, server, addr, from: null, words };
}

for (const [subject, steps] of Object.entries(SCRIPTS)) {
  test(`answers about ${subject} are HAProxy's`, async () => {
    const { apply } = desk();
    for (const [change, ok, text, severity] of steps) {
      const outcome = await apply(change);
      assert.deepEqual({ ok: outcome.ok, text: outcome.text }, { ok, text }, JSON.stringify(change));
      if (severity !== undefined) assert.equal(outcome.severity, severity, JSON.stringify(change));
      if (!ok) assert.equal(outcome.inverse, null);
    }
  });
}
