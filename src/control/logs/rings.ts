import type { Config, RingConfig, ServerConfig } from '../../config/types.ts';
import type { Ring } from '../types.ts';
import { type HostAddresses, hostKey, socketPath } from './addresses.ts';
import type { FdWriter } from './fd-writer.ts';
import { type ForwardTarget, RingForwarder } from './forwarder.ts';
import { MemoryRing, type RingSettings } from './ring.ts';

/** Rings that are always there, after the standard streams in `show events`. */
const BUILT_IN: Readonly<Record<string, RingSettings>> = {
  buf0: { description: 'in-memory ring buffer', format: 'timed', maxLength: 1024, size: 1 << 20 },
  dpapi: { description: 'DPAPI ring buffer', format: 'raw', maxLength: 16_384, size: 1 << 16 },
};

/** A standard stream as `show events` lists it: lines written there are not kept. */
class StreamRing implements Ring {
  readonly name: string;
  readonly type = 'fd';
  readonly description: string;
  readonly #writer: FdWriter;

  constructor(name: string, description: string, writer: FdWriter) {
    this.name = name;
    this.description = description;
    this.#writer = writer;
  }

  get dropped(): number {
    return this.#writer.dropped;
  }

  lines(): string[] {
    return [];
  }

  follow(): () => void {
    return () => {};
  }

  write(line: string): void {
    this.#writer.write(`${line}\n`);
  }
}

/** All rings by name, in the order of `show events`, and what forwards them. */
export class Rings {
  readonly byName = new Map<string, Ring>();
  readonly #builtIn: ReadonlySet<string>;
  readonly #forwarders = new Map<string, { readonly key: string; readonly forwarder: RingForwarder }[]>();

  constructor(stdout: FdWriter, stderr: FdWriter) {
    this.byName.set('stdout', new StreamRing('stdout', 'standard output (fd#1)', stdout));
    // HAProxy's own words for both.
    this.byName.set('stderr', new StreamRing('stderr', 'standard output (fd#2)', stderr));
    for (const [name, settings] of Object.entries(BUILT_IN)) this.byName.set(name, new MemoryRing(name, settings));
    this.#builtIn = new Set(this.byName.keys());
  }

  /** Makes the rings those of a configuration; one that stays keeps its lines, and its connections where they stay the same. */
  configure(config: Config, addresses: HostAddresses): void {
    const wanted = new Map(config.rings.map((ring) => [ring.name, ring]));
    for (const name of [...this.byName.keys()]) {
      if (this.#builtIn.has(name) || wanted.has(name)) continue;
      this.byName.delete(name);
      this.#forward(name, null, []);
    }
    for (const ring of config.rings) this.#configureRing(ring, addresses);
  }

  #configureRing(config: RingConfig, addresses: HostAddresses): void {
    const { format, maxLength, size } = config;
    const settings = { description: config.description || config.name, format, maxLength, size };
    let ring = this.byName.get(config.name);
    if (ring instanceof MemoryRing) ring.configure(settings);
    else {
      ring = new MemoryRing(config.name, settings);
      this.byName.set(config.name, ring);
    }
    const targets = config.servers.map((server) => forwardTarget(config, server, addresses));
    this.#forward(config.name, ring as MemoryRing, targets);
  }

  #forward(name: string, ring: MemoryRing | null, targets: readonly ForwardTarget[]): void {
    const before = this.#forwarders.get(name) ?? [];
    const after = targets.map((target) => {
      const key = JSON.stringify(target);
      const at = before.findIndex((entry) => entry.key === key);
      return at >= 0 ? before.splice(at, 1)[0]! : { key, forwarder: new RingForwarder(ring!, target) };
    });
    for (const { forwarder } of before) void forwarder.close();
    if (after.length > 0) this.#forwarders.set(name, after);
    else this.#forwarders.delete(name);
  }

  /** Ends the forwarding, after what can be sent within a second. */
  async close(): Promise<void> {
    const all = [...this.#forwarders.values()].flat();
    this.#forwarders.clear();
    await Promise.all(all.map(({ forwarder }) => forwarder.close()));
  }
}

function forwardTarget(ring: RingConfig, server: ServerConfig, addresses: HostAddresses): ForwardTarget {
  const { address } = server;
  const host =
    'host' in address ? (address.family === 'name' ? addresses.get(hostKey(address)) : address.host) : undefined;
  return {
    host: host ?? '',
    port: 'port' in address ? address.port : 0,
    path: address.family === 'unix' || address.family === 'abns' ? socketPath(address) : null,
    framing: server.logProto ?? 'legacy',
    connectTimeout: ring.timeoutConnect,
    serverTimeout: ring.timeoutServer,
  };
}
