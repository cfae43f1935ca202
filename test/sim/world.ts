import assert from 'node:assert/strict';
import { buildModel, proxyView } from '../../src/control/build.ts';
import { load } from '../../src/control/load.ts';
import { G } from '../../src/model/counters.ts';
import type { LogLine, ProxyView, TrafficEvent } from '../../src/model/messages.ts';
import { type Faults, noFaults, SimNetwork } from '../../src/net/sim.ts';
import { execute, putProxy } from '../../src/traffic/commands.ts';
import { Env } from '../../src/traffic/env.ts';
import { connectionsOf } from '../../src/traffic/listeners.ts';
import { streamView } from '../../src/traffic/stream-view.ts';

/** A traffic thread on a simulated network. */
export interface World {
  readonly network: SimNetwork;
  readonly env: Env;
  readonly views: readonly ProxyView[];
  readonly lines: LogLine[];
  /** Whether the control thread takes lines, and how many the traffic thread has told it to have dropped. */
  readonly logs: { taken: boolean; dropped: number };
  readonly events: TrafficEvent[];
  execute(command: Parameters<typeof execute>[2]): Promise<unknown>;
}

/** Starts a traffic thread with this configuration; its listeners are bound on the network. */
export async function world(text: string, seed: number, faults: Faults = noFaults): Promise<World> {
  const { config, diagnostics } = load({ texts: [{ name: 'sim.cfg', text }], env: {} });
  assert.ok(config !== null, diagnostics.map((d) => d.text).join('\n'));
  const network = new SimNetwork(seed, faults);
  const model = buildModel(config, 1, network.now());
  const lines: LogLine[] = [];
  const logs = { taken: true, dropped: 0 };
  const events: TrafficEvent[] = [];
  const env = new Env({
    thread: 0,
    threads: 1,
    transport: network,
    counters: model.counters,
    tables: model.tables.viewFor(0),
    global: config.global,
    httpErrors: config.httpErrors,
    limits: model.limits,
    processSlot: model.processSlot,
    startedAt: network.now(),
    post: (event) => {
      if (event.kind === 'log') {
        lines.push(...event.lines);
        logs.dropped += event.dropped;
        if (logs.taken) env.logTaken();
      } else events.push(event);
    },
    clock: network.now,
    setTimer: network.setTimer,
    seed: () => 1 + Math.floor(network.random() * 0xfffffffe),
  });
  const views = model.proxies.map(proxyView);
  for (const view of views) putProxy(env, view);
  const run = (command: Parameters<typeof execute>[2]) => execute(env, model.counters, command);
  const listeners = model.proxies.flatMap((proxy) => proxy.listeners.map(({ id }) => ({ proxy: proxy.id, id })));
  assert.deepEqual(await run({ kind: 'listeners', op: 'start', listeners }), []);
  return { network, env, views, lines, logs, events, execute: run };
}

/** Lets everything come to an end; fails when something of it is left: streams, places, queues, connections, timers. */
export function assertSettled({ network, env }: World): void {
  const settled = network.run(3_600_000);
  assert.deepEqual([...env.streams].map(streamView), [], 'no streams are left');
  for (const frontend of env.frontends.values()) {
    assert.equal(connectionsOf(frontend).size, 0, 'client connections');
    assert.equal(frontend.held.length, 0, 'held connections');
    assert.deepEqual(
      gauges(frontend.g, ['current', 'h1Open', 'h2Open', 'h1OpenStreams', 'h2OpenStreams']),
      {},
      frontend.name,
    );
  }
  for (const backend of env.backends.values()) {
    assert.equal(backend.queue.length, 0);
    assert.deepEqual(gauges(backend.g, ['current', 'queued']), {}, backend.name);
    for (const server of backend.servers) {
      assert.equal(server.queue.length, 0);
      assert.equal(server.pool.size, 0, 'idle connections');
      assert.deepEqual(gauges(server.g, ['current', 'queued', 'used']), {}, server.name);
    }
  }
  assert.deepEqual(gauges(env.g, ['current']), {}, 'process');
  assert.equal(env.wheel.count, 0, 'timers');
  assert.deepEqual(
    [...network.open].map((conn) => `${conn.localPort}->${conn.remotePort}`),
    [],
    'open connections',
  );
  assert.ok(settled, 'nothing more is to happen');
}

function gauges(row: Int32Array, names: readonly (keyof typeof G)[]): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, row[G[name]]!]).filter(([, value]) => value !== 0));
}
