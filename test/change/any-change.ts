import fc from 'fast-check';
import type { Change } from '../../src/change/change.ts';

const path = fc.constantFrom(
  { backend: 'be_app', server: 's1' },
  { backend: 'be_app', server: 's2' },
  { backend: 'be_app', server: 's3' },
  { backend: 'be_slow', server: 'slow1' },
  { backend: 'be_static', server: 'st1' },
  { backend: 'be_agent', server: 'a1' },
  { backend: 'be_track', server: 't1' },
  { backend: 'be_dns', server: 'd1' },
  { backend: 'be_ssl', server: 'ss2' },
  { backend: 'be_app', server: 'dyn' },
  { backend: 'nope', server: 's1' },
);
const ip = fc.constantFrom('127.0.0.1', '127.0.0.2', '::1', 'bad');
const backend = fc.constantFrom('be_app', 'be_slow', 'be_dyncookie', 'new', 'nope').map((name) => ({ backend: name }));
const onServer = (more: fc.Arbitrary<object>) => fc.tuple(path, more).map(([p, m]) => ({ ...p, ...m }) as Change);
const onBackend = (more: fc.Arbitrary<object>) => fc.tuple(backend, more).map(([b, m]) => ({ ...b, ...m }) as Change);

/** Any Change that has an inverse, sensible or not. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  onServer(fc.record({ kind: fc.constant('server.state'), to: fc.constantFrom('ready', 'drain', 'maint') })),
  onServer(
    fc.record({ kind: fc.constant('server.weight'), weight: fc.integer({ min: -1, max: 300 }), percent: fc.boolean() }),
  ),
  onServer(
    fc.record({
      kind: fc.constant('server.addr'),
      addr: fc.option(ip),
      port: fc.option(fc.constantFrom('80', '+10', '-10', 'x', '0')),
    }),
  ),
  onServer(fc.record({ kind: fc.constant('server.fqdn'), fqdn: fc.constantFrom('a.test', 'b.test', 'a..b') })),
  onServer(fc.record({ kind: fc.constant('server.check-addr'), addr: fc.option(ip), port: fc.option(fc.nat(70000)) })),
  onServer(fc.record({ kind: fc.constant('server.agent-addr'), addr: fc.option(ip), port: fc.option(fc.nat(70000)) })),
  onServer(fc.record({ kind: fc.constant('server.agent-send'), send: fc.constantFrom('', 'hello') })),
  onServer(fc.record({ kind: fc.constant('server.name'), name: fc.constantFrom('x', 's2', 'a/b') })),
  onServer(fc.record({ kind: fc.constant('server.ssl'), enabled: fc.boolean() })),
  onServer(fc.record({ kind: fc.constant('server.maxconn'), maxconn: fc.integer({ min: -1, max: 100 }) })),
  onServer(
    fc.record({ kind: fc.constant('server.checks'), which: fc.constantFrom('health', 'agent'), enabled: fc.boolean() }),
  ),
  onServer(
    fc.record({
      kind: fc.constant('server.add'),
      addr: fc.constantFrom('127.0.0.1:1', ''),
      from: fc.constant(null),
      words: fc.constantFrom([], ['check'], ['track', 's1'], ['bogus']),
    }),
  ),
  onServer(fc.record({ kind: fc.constant('server.del') })),
  onBackend(
    fc.record({
      kind: fc.constant('backend.add'),
      from: fc.constantFrom('dyn1', 'dyn2'),
      mode: fc.constantFrom(null, 'http', 'tcp'),
      guid: fc.constant(null),
    }),
  ),
  onBackend(fc.record({ kind: fc.constant('backend.del') })),
  onBackend(fc.record({ kind: fc.constant('backend.publish'), published: fc.boolean() })),
  onBackend(fc.record({ kind: fc.constant('backend.dynamic-cookie'), enabled: fc.boolean() })),
  fc.record({
    kind: fc.constant('frontend.state'),
    frontend: fc.constantFrom('fe_http', 'fe_off'),
    to: fc.constantFrom('enabled', 'disabled'),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('frontend.maxconn'),
    frontend: fc.constant('fe_http'),
    maxconn: fc.integer({ min: -1, max: 100 }),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('global.maxconn'),
    maxconn: fc.integer({ min: 0, max: 3000 }),
  }) as fc.Arbitrary<Change>,
  fc.record({
    kind: fc.constant('global.rate-limit'),
    what: fc.constantFrom('connections', 'http-compression'),
    limit: fc.nat(100),
  }) as fc.Arbitrary<Change>,
);
