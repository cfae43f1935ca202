import { counters, tables } from './counters.ts';
import type { Family, Scenario } from './family.ts';
import type { Random } from './random.ts';
import { TCP_ACCEPTED } from './tcp-accepted.ts';
import { ACTS, type TcpServers, tcpServers, want } from './tcp-origin.ts';
import { PAYLOADS } from './tcp-payloads.ts';
import { tcpCondition, tcpExpression, tcpRule } from './tcp-rules.ts';
import { type TcpSent, tcpTalk } from './tcp-talk.ts';

const SERVERS = ['s1', 's2', 's3', 'banner', 'closing', 'resetting'];

const HEAD = `
global
    nbthread 1
    stats socket {sock:admin} level admin
    expose-experimental-directives
    log-send-hostname lb
defaults
    mode tcp
    option tcplog
    timeout client 4s
    timeout connect 20ms
    timeout server 3s
`;

const TABLES: readonly string[] = [
  'backend tbl',
  'stick-table type string len 32 size 100 expire 1h store gpc0,gpc1,gpt0,gpc0_rate(1h),conn_cnt,conn_cur,sess_cnt,bytes_in_cnt,bytes_out_cnt',
  'backend tblip',
  'stick-table type ip size 100 expire 1h store gpc0,gpc1,gpt0,conn_cnt,conn_cur,conn_rate(1h),sess_cnt,sess_rate(1h),bytes_in_cnt,bytes_out_cnt',
  'backend tblsrv',
  'stick-table type string len 32 size 100 expire 1h',
];

const OPTIONS = [
  'option logasap', 'option dontlognull', 'option dontlog-normal', 'option log-separate-errors', 'option clitcpka', 'option contstats', 'option tcp-smart-accept', 'option nolinger',
  'maxconn 100', 'log-tag mine', 'option socket-stats', "unique-id-format '%ci-%f'", 'timeout client-fin 1s', 'declare capture request len 10', 'option splice-auto',
  'option independent-streams',
]; // biome-ignore format: a table

const BACK_OPTIONS = [
  'retries 0', 'retries 1', 'option redispatch', 'option redispatch 1\nretries 2', 'option abortonclose', 'option tcpka', 'option srvtcpka', 'option persist', 'option allbackups',
  'option nolinger', 'fullconn 10', 'option tcp-smart-connect', 'timeout server-fin 1s', 'timeout tunnel 2s', 'persist rdp-cookie', 'persist rdp-cookie(mstshash)', 'option splice-response',
]; // biome-ignore format: a table

const BALANCE = [
  'roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'rdp-cookie', 'rdp-cookie(mstshash)', 'hash req.payload(0,4)', 'hash src', 'hash req.ssl_sni', 'hash req.len', 'hash var(txn.a)',
]; // biome-ignore format: a table

const HASHES = [
  'map-based',
  'consistent',
  'map-based djb2 avalanche',
  'consistent crc32',
  'map-based wt6',
  'consistent sdbm avalanche',
];

const STICK = [
  'stick on src table tblsrv',
  'stick on req.payload(0,4) table tblsrv',
  'stick match req.rdp_cookie(mstshash) table tblsrv\nstick store-request req.rdp_cookie(mstshash) table tblsrv',
  'stick on req.ssl_sni table tblsrv',
  'stick store-response res.payload(0,2) table tblsrv',
  'stick store-response res.payload_lv(0,2) table tblsrv\nstick match req.payload_lv(0,2) table tblsrv',
  'stick match var(txn.a) table tblsrv',
];

const ALIASES =
  '%ci %b %s %ts %B %U %sq %bq %rc %ID %f %ft %[src] %[be_name] %[fe_name] %[srv_name] %{+Q}b %{+X}B %cc %hr %[bytes_in] %[bytes_out] %[txn.total_time,mul(0)] %Tw %Tc %Tt %Th'
    .split(' ')
    .filter((alias) => !/^%(T|\[txn)/.test(alias));

/** A scenario that follows from the seed of `random` alone. */
function make(random: Random, id: number): Scenario {
  const lines = [
    `frontend fe_${id}`,
    'bind {addr:fe_line}'.replace('fe_line', `fe_${id}`),
    'log {addr:log} len 4096 local0',
    ...frontend(random, id),
    `backend a_${id}`,
    ...backend(random),
    `backend b_${id}`,
    ...backend(random),
    ...TABLES,
  ];
  const connections = Array.from({ length: 1 + random.below(4) }, () => sends(random));
  return { family: tcp, id, lines: lines.flatMap((line) => line.split('\n')), connections };
}

function frontend(random: Random, id: number): string[] {
  const early = random.chance(0.4)
    ? [...random.some(2, () => tcpRule(random, 'connection')), ...random.some(2, () => tcpRule(random, 'session'))]
    : [];
  return [
    'tcp-request inspect-delay 200ms',
    log(random),
    ...random.some(3, () => random.pick(OPTIONS)),
    ...early,
    ...random.some(5, () => tcpRule(random, 'content')),
    ...random.some(2, () => tcpRule(random, 'response')),
    ...random.some(
      2,
      () => `use_backend ${random.pick(['a', 'b', 'b'])}_${id}${tcpCondition(random, 'content') || ' if TRUE'}`,
    ),
    `default_backend ${random.chance(0.05) ? `'%[str(b_${id})]'` : `a_${id}`}`,
  ];
}

function log(random: Random): string {
  if (random.chance(0.5)) return 'option tcplog';
  if (random.chance(0.1)) return 'no option tcplog';
  const words = [
    ...random.some(8, () => random.pick(ALIASES)),
    ...random.some(3, () => `%[${tcpExpression(random, random.pick(['connection', 'content', 'response']))}]`),
  ];
  return `log-format 'fe_line ${words.join(' ')}|%b/%s %ts'`;
}

function backend(random: Random): string[] {
  const servers = ['s1', 's2', 's3'].map((name) => {
    const words = [
      `server ${name} {addr:${random.chance(0.12) ? random.pick(['refused', ...SERVERS.slice(3)]) : name}}`,
    ];
    if (random.chance(0.2)) words.push(`weight ${random.pick([0, 1, 5, 100])}`);
    if (random.chance(0.08)) words.push('backup');
    if (random.chance(0.05)) words.push('disabled');
    return words.join(' ');
  });
  if (random.chance(0.06)) servers.splice(0, 3, `server s1 {addr:${random.pick(['refused', ...SERVERS.slice(3)])}}`);
  return [
    `balance ${random.pick(BALANCE)}`,
    ...random.some(1, () => `hash-type ${random.pick(HASHES)}`),
    ...random.some(2, () => random.pick(BACK_OPTIONS)),
    ...(random.chance(0.3) ? [random.pick(STICK)] : []),
    ...(random.chance(0.4)
      ? ['tcp-request inspect-delay 200ms', ...random.some(2, () => tcpRule(random, 'content'))]
      : []),
    ...(random.chance(0.4)
      ? [
          ...random.some(1, () => 'tcp-response inspect-delay 200ms'),
          ...random.some(2, () => tcpRule(random, 'response')),
        ]
      : []),
    ...(servers.length > 1 && random.chance(0.15)
      ? [`use-server s2${tcpCondition(random, 'content') || ' if TRUE'}`]
      : []),
    ...servers,
  ];
}

const ASKED = ['echo', 'echo', 'echo', 'echo', 'size', 'size', ...Object.keys(ACTS)];

function sends(random: Random): TcpSent[] {
  return Array.from({ length: 1 + random.below(2) }, () => {
    const payload = random.chance(0.05) ? '' : random.pick(PAYLOADS);
    const asked = random.chance(0.92) ? want(random.pick(ASKED)) : '';
    const pieces = random.chance(0.15) ? 2 + random.below(2) : 1;
    const next = random.chance(0.12) ? 'end' : random.chance(0.06) ? 'reset' : 'wait';
    // What was on its way when a client goes would be a matter of luck.
    return { bytes: payload + (next === 'reset' && asked !== '' ? want('size') : asked), pieces, next };
  });
}

let servers: TcpServers;

/** TCP: rules on connections and their content, balance by what is in it, clients and servers that leave. */
export const tcp: Family = {
  name: 'tcp',
  sample: 20,
  head: HEAD,
  accepted: TCP_ACCEPTED,
  make,
  async servers(scope, saw) {
    servers = await tcpServers(scope, SERVERS, saw);
    return servers.ports;
  },
  async play(run, { id, connections }, on, patience) {
    const observed = new Map<string, string>();
    for (const [index, exchanges] of connections.entries()) {
      const to = { host: on.host, port: run.port(`fe_${id}`) };
      const heard = await tcpTalk(to, exchanges as TcpSent[], patience, servers.calm);
      if (heard.refused) return null;
      for (const [at, text] of heard.exchanges.entries()) observed.set(`${index}.${at}`, text);
      observed.set(`${index} closed`, heard.end);
      await servers.settle(patience.answer);
    }
    observed.set('counters', await counters(run, id, patience.answer));
    observed.set('tables', await tables(run, id));
    return observed;
  },
};
