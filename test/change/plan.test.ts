import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { planChanges } from '../../src/config/diff/plan-changes.ts';
import { planText } from '../../src/config/diff/text.ts';
import { loadConfig } from '../../src/config/load.ts';
import { restartNeeded } from '../../src/control/restart-needed.ts';
import { documentsOf, durable, modelOf } from './durable.ts';
import { deskOn } from './fixture.ts';

const HEAD = `defaults
    mode http
    timeout connect 1s
    timeout client 1s
    timeout server 1s
`;

/** What a server line may say. `fixed` is what cannot be changed live. */
const server = fc.record({
  name: fc.constantFrom('a', 'b', 'c', 'd'),
  address: fc.constantFrom('127.0.0.1:80', '127.0.0.1:81', '127.0.0.2:80', '[::1]:80'),
  weight: fc.constantFrom('', ' weight 0', ' weight 1', ' weight 5', ' weight 256'),
  maxconn: fc.constantFrom('', ' maxconn 0', ' maxconn 3', ' maxconn 9'),
  state: fc.constantFrom('', ' disabled', ' enabled'),
  target: fc.constantFrom('', ' port 70', ' addr 127.0.0.3', ' addr 127.0.0.4 port 71'),
  fixed: fc.constantFrom(
    '',
    ' check',
    ' check',
    ' no-check',
    ' agent-check agent-port 71',
    ' check inter 3s',
    ' backup',
  ),
  comment: fc.constantFrom('', ' # note'),
});
const backend = fc.record({
  own: fc.constantFrom('', '', 'weight 7', 'maxconn 3 disabled', 'check', 'inter 4s'),
  balance: fc.constantFrom('roundrobin', 'roundrobin', 'leastconn', 'first', 'source'),
  servers: fc.uniqueArray(server, { selector: ({ name }) => name, maxLength: 4 }),
});
const specification = fc.record({
  maxconn: fc.integer({ min: 50, max: 52 }),
  rate: fc.constantFrom('', '    maxsessrate 3\n', '    maxsessrate 4\n'),
  defaults: fc.constantFrom('', '', '    default-server weight 4\n'),
  one: backend,
  two: backend,
  www: fc.integer({ min: 1, max: 9 }),
  disabled: fc.constantFrom('', '', '    disabled\n'),
});
type Specification = typeof specification extends fc.Arbitrary<infer T> ? T : never;

function textOf({ maxconn, rate, defaults, one, two, www, disabled }: Specification): string {
  const section = (name: string, { own, balance, servers }: Specification['one']) =>
    [
      `backend ${name}\n    balance ${balance}\n`,
      own === '' ? '' : `    default-server ${own}\n`,
      ...servers.map(
        (one) =>
          `    server ${one.name} ${one.address}${one.weight}${one.maxconn}${one.state}${one.target}${one.fixed}${one.comment}\n`,
      ),
    ].join('');
  const frontend = `frontend www\n    bind 127.0.0.1:8080\n    maxconn ${www}\n${disabled}    default_backend one\n`;
  return `global\n    maxconn ${maxconn}\n${rate}${HEAD}${defaults}${frontend}${section('one', one)}${section('two', two)}`;
}

const configuration = specification.map(textOf);

/** `to` with what cannot be changed live as in `from`. */
function likeIt(from: Specification, to: Specification): Specification {
  const merged = (a: Specification['one'], b: Specification['one']) => ({
    ...b,
    balance: a.balance,
    own: b.own.includes('check') || b.own.includes('inter') ? a.own : b.own,
    servers: b.servers.map((one) => {
      const was = a.servers.find(({ name }) => name === one.name);
      const { fixed, target } = was ?? one;
      return { ...one, fixed, target: fixed.startsWith(' check') ? one.target : target };
    }),
  });
  return { ...to, one: merged(from.one, to.one), two: merged(from.two, to.two) };
}

/** Two configurations, some of them such that all that differs can be changed live. */
const pair = fc
  .tuple(specification, specification, fc.boolean())
  .map(([from, to, like]) => [textOf(from), textOf(like ? likeIt(from, to) : to)] as const);

/** Proxies without the order of their servers: those added live stand last. */
function comparable(model: ReturnType<typeof modelOf>) {
  const { limits, proxies } = durable(model) as { limits: unknown; proxies: { servers: { name: string }[] }[] };
  return {
    limits,
    proxies: proxies.map((proxy) => ({ ...proxy, servers: proxy.servers.sort((a, b) => (a.name < b.name ? -1 : 1)) })),
  };
}

describe('a plan', () => {
  it('that is all live leaves memory as the new file says', async () => {
    let live = 0;
    await fc.assert(
      fc.asyncProperty(pair, async ([from, to]) => {
        const plan = planChanges(documentsOf(from), documentsOf(to));
        const { ctx, apply } = deskOn(modelOf(documentsOf(from)));
        for (const change of plan.changes) {
          const { ok, text } = await apply(change);
          assert.ok(ok, `${JSON.stringify(change)}: ${text}\n${planText(plan)}`);
        }
        if (plan.effect !== 'live' && plan.effect !== 'none') return;
        live++;
        assert.deepEqual(comparable(ctx.model), comparable(modelOf(documentsOf(to))), planText(plan));
      }),
      { numRuns: 300 },
    );
    assert.ok(live > 10, `only ${live} were all live`);
  });

  it('between a configuration and itself, written otherwise, is empty', () => {
    fc.assert(
      fc.property(configuration, (text) => {
        const other = text
          .replaceAll('    ', '\t')
          .replace(/ (\d+)\n/g, ' "$1"  # the number\n')
          .replaceAll('\nbackend', '\n\n# next\nbackend');
        assert.deepEqual(planChanges(documentsOf(text), documentsOf(other)).differences, []);
      }),
    );
  });

  it('finds every line that differs and can be applied nowhere else', () => {
    fc.assert(
      fc.property(pair, ([from, to]) => {
        const plan = planChanges(documentsOf(from), documentsOf(to));
        const same =
          JSON.stringify(comparable(modelOf(documentsOf(from)))) ===
          JSON.stringify(comparable(modelOf(documentsOf(to))));
        if (!same) assert.notEqual(plan.effect, 'none');
        assert.equal(plan.differences.length > 0, plan.effect !== 'none');
        for (const { effect, changes, reason } of plan.differences) {
          if (effect === 'live') continue;
          assert.deepEqual(changes, []);
          assert.notEqual(reason, '');
        }
      }),
    );
  });
});

describe('planChanges', () => {
  it('calls for a restart where a reload would', () => {
    const lines = [
      'maxconn 50',
      'maxconn 20',
      'nbthread 2',
      'uid 5',
      'gid 5',
      'chroot /',
      'ulimit-n 9000',
      'pidfile /x',
      'daemon',
      'master-worker',
      'tune.bufsize 32768',
      'node n',
      'maxconnrate 5',
      'log-tag x',
    ];
    for (const line of lines) {
      const [from, to] = [
        `global\n  maxconn 40\n`,
        `global\n  ${line}\n${line.startsWith('maxconn ') ? '' : '  maxconn 40\n'}`,
      ];
      const [a, b] = [from, to].map(
        (text) => loadConfig({ texts: [{ name: 'haproxy.cfg', text }], env: {} }).config!.global,
      );
      const needed = restartNeeded(a!, b!, 40).length > 0;
      assert.equal(planChanges(documentsOf(from), documentsOf(to)).effect === 'restart', needed, line);
    }
  });

  it('takes long files that differ everywhere in good time', () => {
    const rules = (path: string) =>
      `frontend f\n${Array.from({ length: 20_000 }, (_, i) => `  http-request deny if { path ${path}${i} }\n`).join('')}`;
    const began = performance.now();
    const { differences } = planChanges(documentsOf(rules('/a')), documentsOf(rules('/b')));
    assert.equal(differences.length, 20_000);
    assert.ok(performance.now() - began < 20_000);
  });

  it('never throws, whatever the texts are', () => {
    const piece = fc.constantFrom(
      'backend app\n',
      'defaults d from d\n',
      'listen l from d\n',
      '  server',
      ' a',
      ' 127.0.0.1:80',
      ' weight 5',
      ' check',
      ' shiny',
      ' "$X"',
      `  default-server`,
      ' "',
      '\n',
      '\\\n',
      '.if x\n',
      '.else\n',
      '.endif\n',
      'global\n',
      '  maxconn 5\n',
      '  server-template w 1-3',
      '  no option',
      '\0',
    );
    const text = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, (from, to) => {
        assert.equal(planChanges(documentsOf(from), documentsOf(from)).effect, 'none');
        planChanges(documentsOf(from), documentsOf(to));
      }),
      { numRuns: 1000 },
    );
  });
});
