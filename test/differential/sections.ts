import { HTTP_COLUMNS } from './counters.ts';
import { condition, expression } from './expressions.ts';
import type { Family, Scenario } from './family.ts';
import { http } from './http.ts';
import type { Random } from './random.ts';
import { type Exchange, exchanges } from './requests.ts';
import { rules } from './rules.ts';
import { HEAD } from './scenario.ts';
import { SECTIONS_ACCEPTED } from './sections-accepted.ts';

/*
 * What sections have to do with each other: `defaults` of several names and what is taken over from them, `listen` sections, frontends
 * whose rules choose among several backends, and those of mode tcp from which HTTP is spoken on.
 */

const TIMEOUTS = [
  'timeout client 4s',
  'timeout connect 100ms',
  'timeout server 3s',
  'timeout tarpit 60ms',
  'timeout http-keep-alive 4s',
];

/** What may stand in any section, and be taken back where it can. */
const OPTIONS = [
  'option forwardfor', 'option forwardfor header x-client', 'option forwardfor except 127.0.0.0/8', 'option httpclose', 'option http-server-close', 'option http-keep-alive',
  'option originalto', 'option originalto header x-dst', 'option http-buffer-request', 'option dontlog-normal', 'option log-separate-errors', 'option httplog', 'option tcplog',
  'option http-pretend-keepalive', 'option persist', 'option redispatch', 'option allbackups', 'option logasap', 'option abortonclose', 'option prefer-last-server', 'option checkcache',
  'option http-ignore-probes', 'option dontlognull', 'option h1-case-adjust-bogus-client', 'option http-no-delay', 'option http-restrict-req-hdr-names delete', 'option independent-streams',
]; // biome-ignore format: a table

const TAKEN_BACK = [
  'no option httpclose', 'no option http-server-close', 'no option http-keep-alive', 'no option http-buffer-request',
  'no option dontlog-normal', 'no option log-separate-errors', 'no option persist', 'no option redispatch', 'no option allbackups', 'no option logasap', 'no option prefer-last-server',
  'no option checkcache', 'no option h1-case-adjust-bogus-client', 'no log', 'retries 3', 'errorfile 403 /dev/null', 'no option abortonclose',
]; // biome-ignore format: a table

/** What HAProxy refuses, in some sections or in all: it has to be left out without a trace. */
const REFUSED = [
  'no option forwardfor', 'no option originalto', 'default-server weight 1', 'retry-on none', 'declare capture request len 6', 'capture cookie sid len 8', 'tcp-request session set-var(sess.a) src',
  'use_backend b_line if { var(sess.n) 3 }', 'tcp-request content capture method len 8', 'http-request deny if nobody', 'server s1 {addr:s1}', 'bind {addr:fe_line}', 'stick on nothing', 'no option of-mine',
]; // biome-ignore format: a table

/** What only sections with servers take over, or a section uses by its side that has them. */
const BACK_LINES = [
  'balance roundrobin', 'balance leastconn', 'balance first', 'balance uri', 'balance hdr(x-a)', 'balance url_param a', 'balance source', 'hash-type consistent', 'hash-type map-based djb2',
  'cookie SRV insert indirect', 'cookie SRV prefix', 'cookie SRV rewrite', 'retries 0', 'retries 1', 'retry-on 503 conn-failure', 'retry-on all-retryable-errors', 'http-reuse always', 'http-reuse never',
  'default-server weight 5', 'default-server maxconn 10', 'http-send-name-header x-name', 'fullconn 10', 'compression algo gzip', 'compression algo deflate\ncompression offload',
  'errorfile 503 403.http', 'errorfiles pages', 'errorloc 503 /elsewhere', 'errorloc303 403 /elsewhere', 'http-error status 503 content-type text/plain string "gone"',
  'default-server weight 1', 'retry-on none', 'load-server-state-from-file none', 'dynamic-cookie-key k', 'max-keep-alive-queue 1', 'hash-balance-factor 150', 'hash-type consistent sdbm avalanche',
]; // biome-ignore format: a table

/** What frontends have, and what they take over. */
const FRONT_LINES = [
  'maxconn 100', 'backlog 10', 'unique-id-format %{+X}ci\nunique-id-header x-unique', "unique-id-format '%[path,lower]'", 'unique-id-header x-id', 'monitor-uri /monitor', 'rate-limit sessions 1000',
  'log-tag mine', 'log-tag other', "log-format 'fe_line %HM %ST|%b/%s'", "log-format 'fe_line %ci %B|%b/%s %ts'",
  "error-log-format 'fe_line error %ST'", 'errorfile 400 403.http', 'errorfiles pages 403 404', 'errorloc302 404 /elsewhere', 'http-error status 400 content-type text/plain lf-string "bad %ST"', 'option socket-stats',
  'compression algo gzip\ncompression type text/plain text/html', 'timeout http-request 2s', 'max-session-srv-conns 1',
]; // biome-ignore format: a table

/** What each frontend has for itself. */
const OWN_FRONT_LINES = [
  ...FRONT_LINES,
  'capture request header x-a len 5', 'capture cookie sid len 8', 'capture response header x-server len 4', 'declare capture request len 6',
]; // biome-ignore format: a table

/** Rules in front of HTTP, which see it where they have waited for it. */
const TCP_RULES = [
  'tcp-request content accept if HTTP', 'tcp-request content reject if !HTTP', 'tcp-request content reject if { req.hdr(x-b) -m found }', 'tcp-request content set-var(txn.a) req.hdr(x-a)',
  'tcp-request content set-var(txn.b) path,lower', 'tcp-request content set-var(sess.p) path if { path_beg /api }', 'tcp-request content set-var(sess.n) int(3)', 'tcp-request content accept if { path_beg /a }',
  'tcp-request content capture req.hdr(host) len 8', 'tcp-request content capture method len 8', 'tcp-request content set-log-level warning if METH_POST', 'tcp-request content reject if { path /old }',
  'tcp-request content accept if WAIT_END', 'tcp-request content set-dst ipv4(192.0.2.1)', 'tcp-request content set-src hdr_ip(x-ip)', 'tcp-request content set-var(txn.a) req.payload(0,4)', 'tcp-request content accept if { req.len gt 5 }',
  'tcp-request session set-var(sess.a) src', 'tcp-request connection set-var(sess.n) dst_port,mul(0)', 'tcp-request content reject if { req.len lt 3 } WAIT_END', 'tcp-request content set-var-fmt(txn.b) "%[method]-%[url]"',
  'tcp-request content silent-drop if { path /1234 }', 'tcp-request content set-priority-class int(3)', 'tcp-request content reject unless { req.proto_http }',
]; // biome-ignore format: a table

/** Those that a section without clients has, too. */
const BACK_TCP_RULES = TCP_RULES.filter((rule) => /^tcp-request content (?!capture|switch-mode)/.test(rule));

/** ACLs that conditions name. */
const ACLS = ['acl mine path_beg /api', 'acl yours req.hdr(x-a) -m found'];

const CHOICES = [
  '{ path_beg /a }', 'METH_POST', '{ req.hdr(x-a) -m found }', '{ var(txn.a) -m found }', '{ path -m end .html }', '{ url_param(a) -m found }', '!{ hdr(host) -i www.example.com }', 'HTTP', '!HTTP', 'HTTP_1.0',
  '{ method GET HEAD }', '{ be_name -m found }', '{ nbsrv(b_line) gt 2 }', '{ srv_is_up(q_line/s1) }', '{ var(sess.n) -m int 3 }', 'TRUE', '{ req.len gt 40 }', '{ query -m found } METH_GET', '{ path / } || { path /hello }',
]; // biome-ignore format: a table

/** Which sections of defaults the others of a scenario take over from. */
interface Sources {
  /** For frontends, backends, and sections that are both. */
  readonly front: readonly string[];
  readonly back: readonly string[];
  readonly listen: readonly string[];
}

/** A scenario that follows from the seed of `random` alone. */
function make(random: Random, id: number): Scenario {
  const raw = random.chance(0.35);
  const { lines: first, sources } = defaults(random);
  const own = [
    ...first,
    ...(raw ? rawFront(random, sources) : front(random, sources)),
    ...['a', 'b', 'q'].flatMap((name) => back(random, name, raw, sources)),
    'cache small',
    'total-max-size 1',
    'max-age 60',
  ].flatMap((line) => line.split('\n'));
  if (random.chance(0.15)) own.splice(1 + random.below(own.length - 4), 0, random.pick(REFUSED));
  return {
    family: sections,
    id,
    lines: own.map((line) => line.replaceAll('_line', `_${id}`)),
    connections: Array.from({ length: 1 + random.below(3) }, () => exchanges(random)) satisfies Exchange[][],
  };
}

/**
 * Sections of defaults: `d`, `e`, which may build on it, `g`, which has rules, and `f`, that others take over from by standing behind it.
 * Rules are for sections of one kind, and the last section is named by all or by none: HAProxy refuses the rest, which is rare here.
 */
function defaults(random: Random): { lines: string[]; sources: Sources } {
  const own = () => [
    ...TIMEOUTS,
    ...random.some(3, () => random.pick(OPTIONS)),
    ...random.some(2, () => random.pick(BACK_LINES)),
    ...random.some(2, () => random.pick(FRONT_LINES)),
  ];
  const ruled = random.chance(0.45) ? random.pick(['front', 'back'] as const) : null;
  const implicit = random.chance(0.5) ? ['', ''] : [' from f_line'];
  const mixed = random.chance(0.05) ? ['', ' from f_line', ' from g_line'] : [];
  const any = [...implicit, ' from d_line', ' from e_line', ...mixed];
  const rulesOf = (side: 'front' | 'back') => [
    ...random.some(2, () => random.pick(side === 'front' ? TCP_RULES : BACK_TCP_RULES)),
    // Slots for captures are those of a frontend.
    ...rules(random, 2).filter((rule) => !/ capture .* id \d/.test(rule)),
  ];
  const lines = [
    'defaults d_line',
    'mode http',
    random.pick(['option httplog', 'option httplog clf', "log-format 'fe_line d %ST|%b/%s'"]),
    ...own(),
    `defaults e_line${random.chance(0.7) ? ' from d_line' : '\nmode http\noption httplog'}`,
    ...own(),
    ...random.some(2, () => random.pick(TAKEN_BACK)),
    ...(ruled === null
      ? []
      : [
          `defaults g_line${random.pick([' from d_line', ' from e_line', '\nmode http\noption httplog'])}`,
          ...own(),
          ...rulesOf(ruled),
        ]),
    `defaults f_line${random.chance(0.3) ? ' from e_line' : '\nmode http\noption httplog'}`,
    ...own(),
    ...random.some(1, () => random.pick(TAKEN_BACK)),
  ];
  const of = (side: 'front' | 'back') => (ruled === side ? [...any, ' from g_line', ' from g_line'] : any);
  return { lines, sources: { front: of('front'), back: of('back'), listen: any } };
}

const choice = (random: Random): string =>
  random.chance(0.75)
    ? ` ${random.pick(['if', 'if', 'unless'])} ${random.pick(CHOICES)}`
    : condition(random, 'request');

function choices(random: Random): string[] {
  const names = ['a_line', 'b_line', 'q_line', "'%[req.hdr(x-a),map(backs.map,a)]_line'", "'%[str(q)]_line'"];
  return random.some(4, () => `use_backend ${random.pick(names)}${choice(random)}`);
}

/** The first lines of the section that clients come to. */
function head(random: Random, listen: boolean, sources: Sources): string[] {
  return [
    `${listen ? 'listen' : 'frontend'} fe_line${random.pick(listen ? sources.listen : sources.front)}`,
    'bind {addr:fe_line}',
    'log {addr:log} len 4096 local0',
    ...(random.chance(0.8) ? ['declare capture request len 12', 'declare capture response len 12'] : []),
    ...ACLS,
  ];
}

/** A frontend or a `listen` section of HTTP. */
function front(random: Random, sources: Sources): string[] {
  const listen = random.chance(0.4);
  return [
    ...head(random, listen, sources),
    ...random.some(1, () => random.pick(OWN_FRONT_LINES)),
    ...random.some(2, () => random.pick([...OPTIONS, ...TAKEN_BACK])),
    ...(random.chance(0.6) ? ['tcp-request inspect-delay 100ms', ...random.some(3, () => random.pick(TCP_RULES))] : []),
    ...random.some(1, () => `http-request set-var(txn.a) '${expression(random, 'request')}'`),
    ...(random.chance(0.5) ? rules(random, 2) : []),
    ...choices(random),
    ...(listen ? [...random.some(2, () => random.pick(BACK_LINES)), ...servers(random)] : []),
    ...(random.chance(listen ? 0.2 : 0.85) ? [`default_backend ${random.pick(['a', 'b', 'q'])}_line`] : []),
  ];
}

/** A frontend or a `listen` section of mode tcp, whose backends speak HTTP, or which speaks it itself from a rule on. */
function rawFront(random: Random, sources: Sources): string[] {
  const listen = random.chance(0.3);
  return [
    ...head(random, listen, sources),
    'mode tcp',
    random.pick(['option tcplog', 'option httplog', "log-format 'fe_line %ci %ft %ST|%b/%s %ts'"]),
    'tcp-request inspect-delay 100ms',
    ...random.some(4, () => random.pick(TCP_RULES)),
    ...(random.chance(0.5)
      ? [`tcp-request content switch-mode http${random.pick(['', ' proto h1', ''])}${choice(random)}`]
      : []),
    ...random.some(2, () => random.pick(TCP_RULES)),
    ...random.some(1, () => `http-request set-header x-front ${random.pick(['1', '%[fe_name]', '%[var(txn.a)]'])}`),
    ...choices(random),
    ...(listen ? [...random.some(1, () => random.pick(BACK_LINES)), ...servers(random)] : []),
    ...(random.chance(listen ? 0.3 : 0.9) ? [`default_backend ${random.pick(['a', 'b', 'q'])}_line`] : []),
  ];
}

function back(random: Random, name: string, raw: boolean, sources: Sources): string[] {
  const listen = random.chance(0.15);
  const inspects = random.chance(0.3);
  return [
    `${listen ? 'listen' : 'backend'} ${name}_line${random.pick(listen ? sources.listen : sources.back)}`,
    ...(raw && random.chance(0.35) ? ['mode tcp'] : []),
    ...ACLS,
    ...random.some(2, () => random.pick(BACK_LINES)),
    ...random.some(2, () => random.pick([...OPTIONS, ...TAKEN_BACK])),
    ...(inspects
      ? ['tcp-request inspect-delay 100ms', ...random.some(2, () => random.pick(listen ? TCP_RULES : BACK_TCP_RULES))]
      : []),
    ...random.some(
      1,
      () => `http-request set-header x-back ${random.pick(['%[be_name]', '%[fe_name]', '%[var(txn.a)]'])}`,
    ),
    ...(random.chance(0.3) ? rules(random, 1) : []),
    ...servers(random),
  ];
}

function servers(random: Random): string[] {
  if (random.chance(0.06)) return [];
  const names = random.chance(0.04) ? ['refused'] : ['s1', 's2', 's3'].slice(0, 1 + random.below(3));
  return [
    ...random.some(1, () =>
      random.pick(['default-server weight 3', 'default-server backup', 'default-server disabled']),
    ),
    ...names.map((name) => {
      const words = [`server ${name === 'refused' ? 's1' : name} {addr:${name}}`];
      if (random.chance(0.6)) words.push(`cookie ${name}c`);
      if (random.chance(0.2))
        words.push(random.pick(['backup', 'weight 2', 'weight 0', 'no-backup', 'enabled', 'disabled']));
      return words.join(' ');
    }),
  ];
}

/** Sections and what they take over from each other. */
export const sections: Family = {
  name: 'sections',
  sample: 20,
  head: HEAD,
  columns: HTTP_COLUMNS,
  accepted: SECTIONS_ACCEPTED,
  make,
  play: (run, scenario, on, patience) => http.play(run, scenario, on, patience),
};
