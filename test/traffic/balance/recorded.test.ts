import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { suite, test } from 'node:test';
import type { BalanceConfig } from '../../../src/config/types.ts';
import { createBalancer } from '../../../src/traffic/balance/balance.ts';
import { type HashFunction, hashKey } from '../../../src/traffic/balance/hashes.ts';
import { domainKey, sourceHash, uriKey, uriKeyOptions, urlParamKey } from '../../../src/traffic/balance/keys.ts';
import { NO_KEY } from '../../../src/traffic/balance/types.ts';
import { SCENARIOS, type Scenario } from './scenarios.ts';
import { TestTarget } from './target.ts';

const recorded = JSON.parse(readFileSync(new URL('recorded.json', import.meta.url), 'utf8')) as {
  chosen: Record<string, string>;
};

suite('balancing chooses the servers that haproxy was seen to choose', () => {
  for (const scenario of SCENARIOS) {
    test(scenario.name, () => assert.equal(replay(scenario).join(' '), recorded.chosen[scenario.name]));
  }
});

function replay(scenario: Scenario): number[] {
  const config = balanceOf(scenario);
  const targets = scenario.servers.map((spec, i) => {
    const target = new TestTarget(spec.id ?? i + 1, spec.weight);
    target.backup = spec.backup ?? false;
    target.maxconn = spec.maxconn ?? 0;
    return target;
  });
  const served = () => targets.reduce((sum, target) => sum + target.running, 0);
  const allBackups = scenario.allBackups ?? false;
  const balancer = createBalancer<TestTarget>({
    balance: config, allBackups, preserve: 'always', shared: false, seed: 1, served,
  }); // biome-ignore format: short
  balancer.update(targets);
  const chosen: number[] = [];
  const taken: TestTarget[] = [];
  const count = (target: TestTarget, change: number) => {
    target.running += change;
    balancer.changed(target);
  };
  for (const step of scenario.steps) {
    if (step.do === 'get' || step.do === 'take') {
      const target = balancer.pick(hashOf(config, step.key), null);
      assert.ok(target, 'a server is chosen');
      count(target, 1);
      chosen.push(targets.indexOf(target) + 1);
      if (step.do === 'get') count(target, -1);
      else taken.push(target);
    } else if (step.do === 'end') count(taken[step.take]!, -1);
    else {
      const target = targets[step.server - 1]!;
      if (step.do === 'weight') target.weight = step.weight * 16;
      else {
        target.usable = step.to !== 'maint';
        target.draining = step.to === 'drain';
      }
      balancer.update(targets);
    }
  }
  return chosen;
}

/** What the configuration makes of the words; a `hash-type` without a function has sdbm, and avalanche if it is consistent. */
function balanceOf(scenario: Scenario): BalanceConfig {
  const [, algorithm, , header, rest] = /^([a-z_-]+)(\((.*)\))?(?: (.*))?$/.exec(scenario.balance)!;
  const [method, name, spread] = (scenario.hashType ?? 'map-based').split(' ');
  return {
    algorithm: algorithm as BalanceConfig['algorithm'],
    args: [...(header ? [header] : []), ...(rest?.split(' ') ?? [])],
    hashType: method as BalanceConfig['hashType'],
    hashFunction: (name ?? 'sdbm') as HashFunction,
    hashAvalanche: spread !== undefined || (name === undefined && method === 'consistent'),
    hashBalanceFactor: scenario.factor ?? 0,
    at: null,
  };
}

function hashOf(config: BalanceConfig, key: string | null): number {
  if (key === null) return NO_KEY;
  if (config.algorithm === 'source') return sourceHash(key, config.hashAvalanche);
  const taken = keyOf(config, key);
  return taken === null ? NO_KEY : hashKey(config.hashFunction, taken, config.hashAvalanche);
}

function keyOf(config: BalanceConfig, key: string): string | null {
  if (config.algorithm === 'uri') return uriKey(key, uriKeyOptions(config.args));
  if (config.algorithm === 'url_param') return urlParamKey(key, config.args[0]!);
  return config.args.includes('use_domain_only') ? domainKey(key) : key;
}
