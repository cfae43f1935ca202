/**
 * Cost of choosing a server: ns per pick, and ms for an update in which one server of all has changed (with the next pick, which builds what is
 * built late). Run: `node bench/balance.ts [algorithm]`.
 */
import type { BalanceConfig } from '../src/config/types.ts';
import { avalanche } from '../src/expr/hashes.ts';
import { createBalancer } from '../src/traffic/balance/balance.ts';
import type { Target } from '../src/traffic/balance/types.ts';

class BenchTarget implements Target {
  readonly id: number;
  weight: number;
  usable: boolean;
  readonly draining = false;
  readonly backup = false;
  readonly view = { host: null, family: 'inet', port: 0, maxqueue: 0 } as const;
  readonly config = { hashKey: 'id' } as const;
  readonly gauges: Int32Array;

  constructor(id: number, gauges: Int32Array) {
    this.id = id;
    this.weight = 16;
    this.usable = true;
    this.gauges = gauges;
  }

  served(): number {
    return Atomics.load(this.gauges, 0);
  }

  queued(): number {
    return Atomics.load(this.gauges, 1);
  }

  limit(): number {
    return 1000;
  }
}

const CASES: readonly (readonly [BalanceConfig['algorithm'], BalanceConfig['hashType']])[] = [
  ['roundrobin', 'map-based'],
  ['static-rr', 'map-based'],
  ['leastconn', 'map-based'],
  ['first', 'map-based'],
  ['random', 'map-based'],
  ['uri', 'map-based'],
  ['uri', 'consistent'],
];

function measure(algorithm: BalanceConfig['algorithm'], hashType: BalanceConfig['hashType'], count: number): string {
  const shared = new Int32Array(new SharedArrayBuffer(count * 8));
  const targets = Array.from({ length: count }, (_, i) => new BenchTarget(i + 1, shared.subarray(2 * i, 2 * i + 2)));
  const balance: BalanceConfig = {
    algorithm,
    args: [],
    hashType,
    hashFunction: 'sdbm',
    hashAvalanche: true,
    hashBalanceFactor: 0,
    at: null,
  };
  const settings = { balance, allBackups: false, preserve: 'always', shared: true, seed: 7, served: () => 0 } as const;
  const balancer = createBalancer<BenchTarget>(settings);
  balancer.update(targets);
  const running: BenchTarget[] = [];
  const round = (picks: number) => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < picks; i++) {
      const target = balancer.pick(avalanche(i), null)!;
      Atomics.add(target.gauges, 0, 1);
      balancer.changed(target);
      running.push(target);
      if (running.length < 64) continue;
      const done = running[i & 63]!;
      running[i & 63] = running.pop()!;
      Atomics.sub(done.gauges, 0, 1);
      balancer.changed(done);
    }
    return Number(process.hrtime.bigint() - start) / picks;
  };
  round(20_000);
  const nanoseconds = Math.min(round(100_000), round(100_000), round(100_000));
  const start = performance.now();
  for (let i = 0; i < 10; i++) {
    targets[count >> 1]!.usable = i % 2 === 1;
    balancer.update(targets);
    balancer.pick(i, null);
  }
  return `${nanoseconds.toFixed(0)} ns, ${((performance.now() - start) / 10).toFixed(2)} ms`.padStart(20);
}

console.log('pick, update'.padEnd(22) + [3, 100, 10_000].map((n) => `${n} servers`.padStart(20)).join(''));
for (const [algorithm, hashType] of CASES) {
  if (process.argv[2] !== undefined && process.argv[2] !== algorithm) continue;
  const name = algorithm === 'uri' ? `uri ${hashType}` : algorithm;
  console.log(name.padEnd(22) + [3, 100, 10_000].map((n) => measure(algorithm, hashType, n)).join(''));
}
