import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { keptPage } from '../../scripts/docs-kept.ts';
import type { Change } from '../../src/change/change.ts';
import { keepChanges } from '../../src/change/keep-changes.ts';
import { editsFor, KEPT } from '../../src/change/kept.ts';
import { CHANGES } from '../../src/change/table.ts';
import type { Document } from '../../src/config/document.ts';
import { documentsOf, durable, modelOf } from './durable.ts';
import { deskOn } from './fixture.ts';

const TEXT = `global
    maxconn 500
    maxsslrate 20
    set-var proc.limit int(3)
defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
frontend www
    bind 127.0.0.1:8080
    maxconn 40
    default_backend app
frontend off
    bind 127.0.0.1:8080
    disabled
listen both
    bind 127.0.0.1:8080
    server l1 127.0.0.1:90
backend app   # the app
    cookie SRV insert
    server a1 127.0.0.1:80 weight 10 check  # first
    server a2 127.0.0.1:81 disabled maxconn "7"
    server a3 "127.0.0.1:82" agent-check agent-port 70
backend inherits
    default-server weight 50 check disabled maxconn 9
    server i1 127.0.0.1:80
    server i2 127.0.0.1:81 enabled no-check weight 5
    server-template t 1-3 127.0.0.1:99
`;

const server = fc.constantFrom(
  { backend: 'app', server: 'a1' },
  { backend: 'app', server: 'a2' },
  { backend: 'app', server: 'a3' },
  { backend: 'inherits', server: 'i1' },
  { backend: 'inherits', server: 'i2' },
  { backend: 'inherits', server: 't2' },
  { backend: 'both', server: 'l1' },
  { backend: 'app', server: 'new' },
);
const of = (more: fc.Arbitrary<object>) => fc.tuple(server, more).map(([own, rest]) => ({ ...own, ...rest }) as Change);
const frontend = fc.constantFrom('www', 'off', 'both');

/** Changes that can be kept in the configuration. */
const change: fc.Arbitrary<Change> = fc.oneof(
  of(fc.record({ kind: fc.constant('server.state'), to: fc.constantFrom('ready', 'maint') })),
  of(
    fc.record({ kind: fc.constant('server.weight'), weight: fc.integer({ min: 0, max: 256 }), percent: fc.boolean() }),
  ),
  of(fc.record({ kind: fc.constant('server.maxconn'), maxconn: fc.nat(100) })),
  of(
    fc.record({
      kind: fc.constant('server.addr'),
      addr: fc.option(fc.constantFrom('127.0.0.9', '::1')),
      port: fc.option(fc.constantFrom('80', '8080')),
    }),
  ),
  of(
    fc.record({
      kind: fc.constant('server.check-addr'),
      addr: fc.option(fc.constantFrom('127.0.0.8', '')),
      port: fc.option(fc.constantFrom(0, 99)),
    }),
  ),
  of(
    fc.record({
      kind: fc.constant('server.agent-addr'),
      addr: fc.option(fc.constantFrom('127.0.0.8', '')),
      port: fc.option(fc.constantFrom(98, 99)),
    }),
  ),
  of(fc.record({ kind: fc.constant('server.agent-send'), send: fc.constantFrom('', 'up\n', 'it is "so" # now') })),
  of(fc.constant({ kind: 'server.add', addr: '127.0.0.7:80', from: null, words: ['maxconn', '4'] })),
  of(fc.constant({ kind: 'server.del' })),
  fc.record({
    kind: fc.constant('frontend.state' as const),
    frontend,
    to: fc.constantFrom('enabled' as const, 'disabled' as const),
  }),
  fc.record({ kind: fc.constant('frontend.maxconn' as const), frontend, maxconn: fc.integer({ min: 1, max: 400 }) }),
  fc.record({ kind: fc.constant('global.maxconn' as const), maxconn: fc.integer({ min: 1, max: 500 }) }),
  fc.record({
    kind: fc.constant('global.rate-limit' as const),
    what: fc.constantFrom('connections' as const, 'sessions' as const, 'ssl-sessions' as const),
    limit: fc.nat(100),
  }),
  fc.record({
    kind: fc.constant('backend.dynamic-cookie-key' as const),
    backend: fc.constant('app'),
    key: fc.constantFrom('secret', 'two words'),
  }),
);

describe('what keeps changes', () => {
  it('makes the files say what is in memory', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (changes) => {
        const before = documentsOf(TEXT);
        const { ctx, apply } = deskOn(modelOf(before));
        let documents: readonly Document[] = before;
        for (const one of changes) {
          const kept = keepChanges([one], documents, before);
          // What cannot be kept is not made either, so that file and memory can be compared.
          if (kept.left.length > 0 || kept.notes.length > 0 || !(await apply(one)).ok) continue;
          ({ documents } = kept);
        }
        assert.deepEqual(durable(modelOf(documents)), durable(ctx.model));
      }),
      { numRuns: 200 },
    );
  });

  it('of a change that is in the files already edits nothing', () => {
    fc.assert(
      fc.property(change, (one) => {
        const once = keepChanges([one], documentsOf(TEXT));
        fc.pre(once.left.length === 0 && one.kind !== 'server.add' && one.kind !== 'server.del');
        // Percent is of what the file says, which is another weight then.
        fc.pre(one.kind !== 'server.weight' || !one.percent);
        const twice = keepChanges([one], once.documents);
        assert.deepEqual(twice.lines, []);
        assert.equal(twice.documents[0], once.documents[0]);
      }),
    );
  });

  it('has a row for every kind of change that can be made', () => {
    assert.deepEqual(
      Object.keys(CHANGES).filter((kind) => !Object.hasOwn(KEPT, kind)),
      [],
    );
  });

  it('is what the page says', () => {
    const page = new URL('../../docs/where-changes-are-kept.md', import.meta.url);
    assert.equal(readFileSync(page, 'utf8'), keptPage());
  });
});

describe('keepChanges', () => {
  it('works changes in one after the other, and tells what it left', () => {
    const kept = keepChanges(
      [
        { kind: 'server.add', backend: 'app', server: 'a4', addr: '127.0.0.1:84', from: null, words: ['weight', '3'] },
        { kind: 'server.state', backend: 'app', server: 'a4', to: 'ready' },
        { kind: 'server.state', backend: 'app', server: 'a1', to: 'drain' },
        { kind: 'server.weight', backend: 'inherits', server: 't2', weight: 1, percent: false },
        { kind: 'server.weight', backend: 'app', server: '#1', weight: 1, percent: false },
        { kind: 'session.kill', id: '0x1' },
        { kind: 'map.set', map: '/etc/hosts.map', key: 'a', value: 'b' },
        { kind: 'cert.set', path: 'site.pem', pem: 'x' },
        { kind: 'acl.add', acl: 'virt@list', pattern: 'x' },
        { kind: 'frontend.state', frontend: 'both', to: 'disabled' },
      ],
      documentsOf(TEXT),
    );
    assert.equal(
      kept.documents[0]!.print(),
      TEXT.replace('agent-port 70\n', 'agent-port 70\n    server a4 127.0.0.1:84 weight 3\n'),
    );
    assert.deepEqual(
      kept.elsewhere.map(({ keeping }) => keeping),
      [
        { in: 'map file', file: '/etc/hosts.map' },
        { in: 'PEM file', file: 'site.pem' },
      ],
    );
    assert.deepEqual(
      kept.left.map(({ change: { kind }, failed, why }) => `${kind} ${failed}: ${why}`),
      [
        'server.state false: a server cannot drain by what a file says: it is ready again after a restart',
        "server.weight true: haproxy.cfg:30: server 't2' of backend 'inherits' has no line of its own: 'server-template t 1-3' makes it with others, and an edit would change all of them",
        "server.weight true: '#1' is a number, which files do not name things by: use the name",
        'session.kill false: it is done once: nothing of it is left to keep',
        'acl.add false: virt@list has no file: it is empty after a restart',
        "frontend.state true: haproxy.cfg:17: 'disabled' in section 'listen both' would take its servers out as well",
      ],
    );
  });

  it('says where a line in the file will be more than what was added', () => {
    const kept = keepChanges(
      [{ kind: 'server.add', backend: 'inherits', server: 'i3', addr: '127.0.0.1:84', from: null, words: [] }],
      documentsOf(TEXT),
    );
    assert.deepEqual(kept.notes, [
      "the 'default-server' at haproxy.cfg:26 applies to the line of server 'i3', and did not to the server that was added",
    ]);
  });

  it('keeps the percentage of a weight as the number that it is', () => {
    const weight = (name: string, percent: number) =>
      editsFor(
        { kind: 'server.weight', backend: 'inherits', server: name, weight: percent, percent: true },
        documentsOf(TEXT),
      );
    assert.deepEqual(weight('i1', 50), {
      in: 'configuration',
      edits: [{ op: 'server.set', backend: 'inherits', server: 'i1', keyword: 'weight', value: '25' }],
      notes: [],
    });
    const unknown = editsFor(
      { kind: 'server.weight', backend: 'app', server: 'x', weight: 50, percent: true },
      documentsOf('backend app\n server x 127.0.0.1:80 weight "$W"\n'),
    );
    assert.equal(unknown.in, 'no file');
  });

  it('keeps variables of the process', () => {
    const value = (type: string, text: string | number) =>
      keepChanges([{ kind: 'var.set', name: 'proc.limit', value: { type, value: text } }], documentsOf(TEXT));
    assert.match(value('sint', 5).documents[0]!.print(), /^ {4}set-var proc\.limit int\(5\)$/m);
    assert.match(value('str', 'two words').documents[0]!.print(), /^ {4}set-var proc\.limit 'str\(two words\)'$/m);
    assert.equal(
      value('str', 'a)b').left[0]!.why,
      "the value of variable 'proc.limit' cannot be written as an expression",
    );
  });
});
