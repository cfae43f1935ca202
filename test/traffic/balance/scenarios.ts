/**
 * Situations in which the choices of the installed haproxy were recorded (`record.ts` -> `recorded.json`) and are compared with ours
 * (`recorded.test.ts`).
 */

export interface ServerSpec {
  readonly weight: number;
  readonly backup?: boolean;
  readonly maxconn?: number;
  readonly id?: number;
}

/** `take`: a request begins (with a key, or none) and keeps running; `get`: it ends at once; `end`: the n-th `take` ends; others: Runtime API. */
export type Step =
  | { readonly do: 'get'; readonly key: string | null }
  | { readonly do: 'take'; readonly key: string | null }
  | { readonly do: 'end'; readonly take: number }
  | { readonly do: 'weight'; readonly server: number; readonly weight: number }
  | { readonly do: 'state'; readonly server: number; readonly to: 'ready' | 'drain' | 'maint' };

export interface Scenario {
  readonly name: string;
  /** Arguments of `balance`. */
  readonly balance: string;
  readonly hashType?: string;
  readonly factor?: number;
  readonly allBackups?: boolean;
  readonly servers: readonly ServerSpec[];
  readonly steps: readonly Step[];
}

const weights = (...list: number[]): ServerSpec[] => list.map((weight) => ({ weight }));
const gets = (count: number): Step[] => Array.from({ length: count }, () => ({ do: 'get', key: null }));
const keyed = (keys: readonly string[]): Step[] => keys.map((key) => ({ do: 'get', key }));
const takes = (keys: readonly (string | null)[]): Step[] => keys.map((key) => ({ do: 'take', key }));

/** A repeatable sequence of numbers below `limit`. */
function* numbers(seed: number, limit: number): Generator<number, never> {
  for (let x = seed; ; ) {
    x = (Math.imul(x, 1103515245) + 12345) & 0x7fffffff;
    yield (x >>> 8) % limit;
  }
}

/** 45 request targets: short and long, deep, with queries, with bytes that need no escape. */
const URIS = [
  '/', '/a', '/a/b', '/a/b/c/d', '/index.html', '/index.html?x=1', '/index.html?x=2', '/a/b?c/d', '//', '//a//b', '/a%20b', '/~user/;v=1',
  ...Array.from({ length: 20 }, (_, i) => `/img/${i}/photo-${i * 7919}.jpg`),
  ...Array.from({ length: 13 }, (_, i) => `/very/long/${'x'.repeat(i * 9)}/path/${i}?q=${i}`),
]; // biome-ignore format: a table

const WORDS = [
  ...Array.from({ length: 30 }, (_, i) => `user-${i * 104729}`),
  'a',
  'b',
  'z',
  '0',
  '1',
  '~',
  'a b',
  'www.example.com',
];
const HOSTS = [
  'www.haproxy.org',
  'haproxy.org',
  'a.b.c.d',
  'localhost',
  'org',
  '.org',
  'a.',
  'x.y',
  '..',
  'mail.example.co.uk',
  'www.example.com:8080',
];
const ADDRESSES = [
  ...Array.from({ length: 24 }, (_, i) => `10.${i}.${(i * 37) % 256}.${(i * 91) % 256}`),
  '0.0.0.1', '255.255.255.254', '192.168.1.1', '::1', '2001:db8::1', '2001:db8::2', 'fe80::1:2:3:4', '::ffff:1.2.3.4',
]; // biome-ignore format: a table

const WEIGHT_SETS = [
  [1, 1], [1, 1, 1], [3, 1], [5, 3, 2], [1, 2, 3, 4], [10, 20, 30], [7, 7, 1], [256, 1, 100], [1, 1, 1, 1, 1, 1, 5], [100, 99, 98],
]; // biome-ignore format: a table

function roundRobins(): Scenario[] {
  const scenarios: Scenario[] = [];
  scenarios.push({
    name: 'roundrobin 5:8:9, more than a turn',
    balance: 'roundrobin',
    servers: weights(5, 8, 9),
    steps: gets(400),
  });
  for (const set of WEIGHT_SETS) {
    for (const balance of ['roundrobin', 'static-rr']) {
      scenarios.push({ name: `${balance} ${set.join(':')}`, balance, servers: weights(...set), steps: gets(80) });
    }
  }
  return scenarios;
}

function changes(balance: string): Scenario {
  return {
    name: `${balance} while weights and states change`,
    balance,
    servers: weights(10, 20, 30, 5),
    steps: [
      ...gets(7), { do: 'weight', server: 1, weight: 40 }, ...gets(15), { do: 'weight', server: 3, weight: 1 }, ...gets(15),
      { do: 'state', server: 2, to: 'drain' }, ...gets(9), { do: 'state', server: 2, to: 'ready' }, ...gets(20),
      { do: 'state', server: 4, to: 'maint' }, ...gets(6), { do: 'weight', server: 2, weight: 0 }, ...gets(6),
      { do: 'weight', server: 2, weight: 20 }, { do: 'state', server: 4, to: 'ready' }, ...gets(30),
    ], // biome-ignore format: a table
  };
}

/** Requests that begin and end at random, never more at once than have a place. */
function load(name: string, balance: string, servers: readonly ServerSpec[], most: number, seed: number): Scenario {
  const random = numbers(seed, 1000);
  const steps: Step[] = [];
  const running: number[] = [];
  let taken = 0;
  while (steps.length < 70) {
    if (running.length < most && (running.length === 0 || random.next().value < 620)) {
      steps.push({ do: 'take', key: null });
      running.push(taken++);
    } else {
      steps.push({ do: 'end', take: running.splice(random.next().value % running.length, 1)[0]! });
    }
  }
  return { name, balance, servers, steps };
}

function loads(): Scenario[] {
  const limited = [
    { weight: 10, maxconn: 2 },
    { weight: 20, maxconn: 1 },
    { weight: 10, maxconn: 3 },
  ];
  const scenarios: Scenario[] = [];
  for (const balance of ['roundrobin', 'static-rr', 'leastconn', 'first']) {
    scenarios.push(load(`${balance} with limits`, balance, limited, 6, 7));
    scenarios.push(load(`${balance} with limits, another order`, balance, limited, 6, 99));
  }
  scenarios.push(load('leastconn with equal weights', 'leastconn', weights(1, 1, 1, 1), 9, 3));
  scenarios.push(load('leastconn with other weights', 'leastconn', weights(10, 30, 20), 12, 5));
  scenarios.push({
    name: 'leastconn, one after the other',
    balance: 'leastconn',
    servers: weights(1, 2, 3),
    steps: gets(20),
  });
  scenarios.push({
    name: 'leastconn, weights that change between requests',
    balance: 'leastconn',
    servers: weights(1, 5, 1, 2),
    steps: [
      { do: 'weight', server: 3, weight: 10 },
      ...gets(1),
      { do: 'weight', server: 2, weight: 3 },
      ...gets(3),
      { do: 'weight', server: 1, weight: 1 },
      ...gets(2),
      { do: 'weight', server: 4, weight: 20 },
      { do: 'weight', server: 3, weight: 0 },
      ...gets(3),
      { do: 'weight', server: 3, weight: 4 },
      ...gets(6),
    ],
  });
  return scenarios;
}

const HASH_TYPES = ['map-based', 'consistent'].flatMap((method) =>
  ['sdbm', 'djb2', 'wt6', 'crc32'].flatMap((f) => [`${method} ${f}`, `${method} ${f} avalanche`]),
);

function hashes(): Scenario[] {
  const scenarios: Scenario[] = [];
  for (const hashType of HASH_TYPES) {
    scenarios.push({
      name: `uri ${hashType}`,
      balance: 'uri',
      hashType,
      servers: weights(1, 1, 1),
      steps: keyed(URIS),
    });
    scenarios.push({
      name: `header ${hashType}`,
      balance: 'hdr(x-key)',
      hashType,
      servers: weights(5, 3, 2, 10),
      steps: keyed(WORDS),
    });
    scenarios.push({
      name: `source ${hashType}`,
      balance: 'source',
      hashType,
      servers: weights(1, 2, 1),
      steps: keyed(ADDRESSES),
    });
  }
  for (const args of ['whole', 'len 12', 'depth 1', 'depth 2', 'len 9 depth 1', 'path-only', 'len 20 whole']) {
    scenarios.push({
      name: `uri ${args}`,
      balance: `uri ${args}`,
      hashType: 'map-based sdbm',
      servers: weights(...Array(13).fill(1)),
      steps: keyed(URIS),
    });
  }
  for (const method of ['map-based', 'consistent']) {
    const servers = [
      { weight: 7, id: 40 },
      { weight: 3, id: 2000 },
      { weight: 5, id: 3 },
      { weight: 5, id: 12 },
    ];
    scenarios.push({
      name: `${method}, a server leaves and comes back`, balance: 'hdr(x-key)', hashType: `${method} sdbm avalanche`, servers,
      steps: [
        ...keyed(WORDS), { do: 'state', server: 2, to: 'maint' }, ...keyed(WORDS), { do: 'state', server: 1, to: 'drain' }, ...keyed(WORDS),
        { do: 'state', server: 2, to: 'ready' }, ...keyed(WORDS),
      ],
    }); // biome-ignore format: a table
    scenarios.push({
      name: `${method}, default function`,
      balance: 'hdr(x-key)',
      hashType: method,
      servers,
      steps: keyed(WORDS),
    });
    scenarios.push({
      name: `${method}, no key`, balance: 'hdr(x-key)', hashType: method, servers: weights(3, 2, 1), steps: [...gets(20), ...keyed(WORDS.slice(0, 3)), ...gets(30)],
    }); // biome-ignore format: a table
  }
  scenarios.push({
    name: 'consistent, weights change', balance: 'hdr(x-key)', hashType: 'consistent', servers: weights(10, 20, 30),
    steps: [
      ...keyed(WORDS), { do: 'weight', server: 1, weight: 15 }, ...keyed(WORDS), { do: 'weight', server: 3, weight: 2 }, ...keyed(WORDS),
      { do: 'weight', server: 1, weight: 200 }, ...keyed(WORDS),
    ],
  }); // biome-ignore format: a table
  scenarios.push({
    name: 'use_domain_only',
    balance: 'hdr(x-key) use_domain_only',
    servers: weights(...Array(17).fill(1)),
    steps: keyed(HOSTS),
  });
  return scenarios;
}

function params(): Scenario[] {
  const targets = [
    '/?id=1', '/?id=2', '/?id=', '/?a=b&id=3', '/?xid=5&id=6', '/?id=7&id=8', '/?id=abc&x', '/?ID=1', '/?aid=4', '/?x&id=99', '/?id=a?b', '/?id=a/b',
    '/?&id=5', '/?id=zz&', '/a/b/c?d=e&id=user-1', '/?idid=3&id=4', '/?id==', '/?id=1;id=2',
  ]; // biome-ignore format: a table
  return [
    {
      name: 'url_param',
      balance: 'url_param id',
      hashType: 'map-based crc32',
      servers: weights(...Array(11).fill(1)),
      steps: keyed(targets),
    },
  ];
}

function bounded(): Scenario[] {
  const keys = Array.from({ length: 40 }, (_, i) => ['hot', 'warm', `cold-${i}`][i % 3]!);
  const mixed: Step[] = [];
  for (let i = 0; i < 20; i++) mixed.push({ do: 'take', key: i % 2 ? 'hot' : `k${i}` });
  for (let i = 0; i < 10; i++) mixed.push({ do: 'end', take: 2 * i }, { do: 'take', key: i % 2 ? 'hot' : `k${i}` });
  const hashType = 'consistent sdbm avalanche';
  return [
    {
      name: 'bounded load 125',
      balance: 'hdr(x-key)',
      hashType,
      factor: 125,
      servers: weights(1, 1, 1, 1),
      steps: takes(keys),
    },
    {
      name: 'bounded load 150, weights',
      balance: 'hdr(x-key)',
      hashType,
      factor: 150,
      servers: weights(5, 1, 10),
      steps: takes(keys),
    },
    {
      name: 'bounded load 101, ends',
      balance: 'hdr(x-key)',
      hashType,
      factor: 101,
      servers: weights(3, 2, 1),
      steps: mixed,
    },
  ];
}

function backups(): Scenario[] {
  // A single backup has weight 1: with another one, haproxy 2.6 spreads static algorithms over all backups, against its manual.
  const servers = (first: number) => [
    { weight: 1 },
    { weight: first, backup: true },
    { weight: 3, backup: true },
    { weight: 1 },
  ];
  const steps: Step[] = [
    ...gets(5), { do: 'state', server: 1, to: 'maint' }, ...gets(3), { do: 'state', server: 4, to: 'drain' }, ...gets(12),
    { do: 'state', server: 2, to: 'maint' }, ...gets(4), { do: 'state', server: 2, to: 'ready' }, ...gets(6), { do: 'state', server: 4, to: 'ready' }, ...gets(5),
  ]; // biome-ignore format: a table
  const scenarios: Scenario[] = [];
  for (const balance of ['roundrobin', 'static-rr', 'leastconn', 'first', 'hdr(x-key)']) {
    for (const allBackups of [false, true]) {
      scenarios.push({
        name: `${balance}, ${allBackups ? 'all backups' : 'first backup'}`,
        balance,
        allBackups,
        servers: servers(allBackups ? 2 : 1),
        steps,
      });
    }
  }
  return scenarios;
}

export const SCENARIOS: readonly Scenario[] = [
  ...roundRobins(), changes('roundrobin'), ...loads(), ...hashes(), ...params(), ...bounded(), ...backups(),
]; // biome-ignore format: a table
