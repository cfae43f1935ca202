import { condition, expression, format } from './expressions.ts';
import { backExtras, frontExtras } from './extras.ts';
import { Random } from './random.ts';
import { type Exchange, exchanges } from './requests.ts';
import { rules } from './rules.ts';
import { backLines, frontLines, TABLES } from './tables.ts';

const OPTIONS = [
  'option forwardfor', 'option forwardfor except 127.0.0.0/8', 'option forwardfor header x-client', 'option forwardfor if-none',
  'option originalto', 'option originalto header x-dst', 'option httpclose', 'option http-server-close', 'option http-keep-alive',
  'option http-ignore-probes', 'option dontlog-normal', 'option log-separate-errors', 'option dontlognull',
  'option http-buffer-request', 'option h1-case-adjust-bogus-client', 'option http-no-delay',
  'option http-restrict-req-hdr-names preserve', 'option http-restrict-req-hdr-names delete', 'option http-restrict-req-hdr-names reject',
  'option logasap', 'unique-id-format id-%{+X}ci\nunique-id-header x-unique', "unique-id-format '%[path,lower]'\nunique-id-header x-unique",
  'monitor-uri /monitor', 'monitor-uri /api/v1\nmonitor fail if { req.hdr(x-a) -m found }', 'errorfile 403 403.http', 'errorfile 503 empty.http',
  'errorfiles pages', 'errorfiles pages 403 404', 'http-error status 403 content-type text/plain string "mine"',
  "http-error status 400 content-type text/html lf-string 'bad %[status]' hdr x-a b", 'http-error status 503 errorfile 403.http',
  'capture cookie sid len 10', 'capture request header x-a len 5', 'capture response header x-server len 10', 'capture request header host len 20',
  'compression algo gzip\ncompression type text/html text/plain', 'compression algo deflate gzip\ncompression offload', 'compression algo identity',
  'maxconn 100', 'declare capture request len 8', 'declare capture response len 8', 'log-tag mine', 'redirect location /moved if { path /old }',
  'option disable-h2-upgrade', 'option contstats', 'option nolinger', 'option tcp-smart-accept', 'option http-pretend-keepalive',
]; // biome-ignore format: a table

const BACKEND_OPTIONS = [
  'option forwardfor', 'option httpclose', 'option http-server-close', 'option prefer-last-server', 'option originalto', 'http-send-name-header x-name',
  'http-send-name-header host', 'retries 0', 'retry-on all-retryable-errors', 'retry-on 503 empty-response\nretries 2',
  'http-reuse always', 'http-reuse never', 'http-reuse safe', 'option http-restrict-req-hdr-names delete', 'compression algo gzip', 'option redispatch',
  'errorfile 502 403.http', 'option allbackups', 'option abortonclose', 'option checkcache', 'http-request wait-for-body time 100ms',
  'option http-pretend-keepalive', 'filter compression\ncompression algo gzip', 'dynamic-cookie-key k',
]; // biome-ignore format: a table

const COOKIES = [
  'SRV insert', 'SRV insert indirect', 'SRV insert indirect nocache', 'SRV insert preserve', 'SRV insert postonly', 'SRV prefix', 'SRV rewrite',
  'SRV insert indirect httponly secure', 'SRV insert domain .example.com domain example.org', 'SRV', 'SRV insert attr SameSite=None', 'sid prefix indirect',
  'SRV insert indirect preserve nocache', 'SRV insert maxidle 1h', 'SRV insert dynamic',
]; // biome-ignore format: a table

const BALANCE = [
  'roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'uri', 'uri whole', 'uri len 4', 'uri depth 2', 'uri path-only', 'url_param a',
  'url_param b check_post', 'hdr(x-a)', 'hdr(host) use_domain_only', 'hdr(x-none)', 'hash path', 'hash req.hdr(x-a)', 'hash src,ipmask(24)', 'rdp-cookie',
]; // biome-ignore format: a table

const HASHES = [
  'map-based',
  'consistent',
  'map-based djb2',
  'consistent djb2 avalanche',
  'map-based wt6',
  'consistent crc32',
  'map-based sdbm avalanche',
  'consistent wt6 avalanche',
];

const ALIASES =
  '%ci %b %s %ST %B %U %CC %CS %ts %tsc %hr %hs %hrl %hsl %{+Q}r %HM %HP %HPO %HQ %HU %HV %sq %bq %rc %ID %f %ft %fi %bi %si %Ts %lc %{+Q}hr %{+E}HU %{+X}ST %Tt %TR %t'
    .split(' ')
    .filter((alias) => !['%fi', '%bi', '%si', '%Ts', '%lc', '%Tt', '%TR', '%t'].includes(alias)); // times, and addresses that are not the same in two runs

/** A scenario without what tells its family. */
export interface HttpScenario {
  readonly id: number;
  readonly lines: readonly string[];
  readonly connections: readonly (readonly Exchange[])[];
}

/** A scenario that follows from the seed of `random` alone. */
export function scenario(random: Random, id: number): HttpScenario {
  const front = frontend(random, id);
  const backs = ['a', 'b'].map((name) => [`backend ${name}_${id}`, ...backend(random)]);
  const connections = random.chance(0.1) ? [exchanges(random), exchanges(random)] : [exchanges(random)];
  // Of its own draws, so that the rest stays what it was.
  const more = new Random(random.below(2 ** 32));
  const tables = more.chance(0.5);
  const extra = new Random(more.below(2 ** 32));
  const extras = extra.chance(0.5);
  const proxied = extras && extra.chance(0.2);
  const lines = [
    `frontend fe_${id}`,
    `bind {addr:fe_${id}}${proxied ? ' accept-proxy' : ''}`,
    `log {addr:log} len 4096 local0`,
    ...front.slice(0, -1),
    ...(tables ? frontLines(more) : []),
    ...(extras ? frontExtras(extra, id) : []),
    ...front.slice(-1),
    ...backs.flatMap(([head = '', ...back]) => [
      head,
      ...(tables ? backLines(more) : []),
      ...(extras ? backExtras(extra) : []),
      ...back,
    ]),
    ...(tables ? TABLES : []),
    'cache small',
    'total-max-size 1',
    'max-age 60',
  ];
  return {
    id,
    lines: lines.flatMap((line) => line.split('\n')),
    connections: proxied ? connections.map(fromElsewhere) : connections,
  };
}

/** The same over a connection that a proxy in front tells the client of. */
function fromElsewhere([first, ...others]: readonly Exchange[]): Exchange[] {
  return [{ ...first!, bytes: `PROXY TCP4 192.0.2.7 192.0.2.80 4711 80\r\n${first!.bytes}` }, ...others];
}

function frontend(random: Random, id: number): string[] {
  const captures = ['declare capture request len 12', 'declare capture response len 12'];
  const acls = [
    `acl mine '${expression(random, 'request')}' -m found`,
    'acl mine path_beg /api',
    `acl yours req.hdr(x-a) -m ${random.pick(['str a', 'sub b', 'reg .'])}`,
  ];
  const use = random.some(1, () => `use_backend b_${id}${condition(random, 'request') || ' if METH_POST'}`);
  return [
    ...captures,
    ...acls,
    log(random),
    ...random.some(4, () => random.pick(OPTIONS)),
    'http-request set-var(txn.a) req.hdr(x-a)',
    ...rules(random, 5),
    ...use,
    `default_backend ${random.chance(0.05) ? `'%[str(b_${id})]'` : `a_${id}`}`,
  ];
}

function log(random: Random): string {
  if (random.chance(0.25)) return 'option httplog';
  if (random.chance(0.1)) return 'option httplog clf';
  const words = [
    ...random.some(10, () => random.pick(ALIASES)),
    ...random.some(2, () => format(random, 'response').slice(1, -1)),
  ];
  const lines = [`log-format 'fe_line ${words.join(' ')}|%b/%s %ST'`];
  if (random.chance(0.1)) lines.push(`error-log-format 'fe_line error %ST %ci'`);
  return lines.join('\n');
}

function backend(random: Random): string[] {
  const cookie = random.chance(0.4) ? [`cookie ${random.pick(COOKIES)}`] : [];
  const balance = [`balance ${random.pick(BALANCE)}`, ...random.some(1, () => `hash-type ${random.pick(HASHES)}`)];
  const servers = ['s1', 's2', 's3'].map((name) => {
    const words = [`server ${name} {addr:${name}}`];
    if (random.chance(0.8)) words.push(`cookie ${name}c`);
    if (random.chance(0.2)) words.push(`weight ${random.pick([0, 1, 5, 100, 256])}`);
    if (random.chance(0.08)) words.push('backup');
    if (random.chance(0.05)) words.push('disabled');
    return words.join(' ');
  });
  if (random.chance(0.04)) servers.splice(0, 3, 'server s1 {addr:refused}');
  const use = random.some(
    1,
    () => `use-server ${random.pick(['s1', 's2'])}${condition(random, 'request') || ' if METH_POST'}`,
  );
  return [
    ...balance,
    ...cookie,
    ...random.some(3, () => random.pick(BACKEND_OPTIONS)),
    ...(random.chance(0.5) ? rules(random, 2) : []),
    ...(servers.length > 1 ? use : []),
    ...servers,
  ];
}

/** Files that rules name, by name. */
export const FILES: Readonly<Record<string, string>> = {
  'backs.map': 'a b\nhello b\n/a b\n/api a\n/hello nowhere\n',
  'words.map': 'a one\nb two words\nhello greeting\n/ root\nOne 1\n# comment\n\n  x  y  z  \na again\n',
  'begins.map': '/a begins-a\n/ slash\nhel h\n1 digit\n/api/v1 v1\n',
  'ends.map': '.html html\nlo lo\n1 one\ne e\na a\n',
  'doms.map': 'example.com example\nwww www\napi api\nv1 version\none one\n',
  'regs.map': '^/a(.) begins-\\1\n[0-9]+$ digits\n^$ nothing\nO big-o\n(l+) <\\1>\n',
  'numbers.map': 'a 1\nb 22\nhello 333\n/ 4\n',
  'ints.map': '7 seven\n0 zero\n200 ok\n1 one\n403 forbidden\n404:410 gone-or-so\n',
  'nets.map': '127.0.0.0/8 loop\n192.0.2.0/24 doc\n192.0.2.17 exact\n2001:db8::/32 doc6\n0.0.0.0/0 any\n',
  'netints.map': '127.0.0.1 1\n192.0.2.0/24 2\n',
  'words.acl': 'a\nb\nhello\n/\n/api\nOne\n',
  'nets.acl': '127.0.0.1\n192.0.2.0/25\n2001:db8::/48\n',
  '403.http': 'HTTP/1.0 403 Mine\r\nContent-Length: 5\r\nX-Page: 403\r\n\r\nmine\n',
  '404.http': 'HTTP/1.1 404 Not Mine\r\nContent-Length: 6\r\nContent-Type: text/plain\r\n\r\nnone!\n',
  'empty.http': '',
  'page.txt': 'a page\n',
  'page.lf': 'a page for %[method] of %[path,upper]\n',
};

/** What stands before the proxies. */
export const HEAD = `
global
    nbthread 1
    stats socket {sock:admin} level admin
    expose-experimental-directives
    tune.maxrewrite 1024
    log-send-hostname lb
    h1-case-adjust x-a X-a
    h1-case-adjust host HOST
    h1-case-adjust content-length Content-Length
defaults
    mode http
    option httplog
    timeout client 4s
    timeout connect 100ms
    timeout server 3s
    timeout tarpit 60ms
    timeout http-keep-alive 4s
userlist users
    group g1 users ann
    user ann insecure-password secret
    user bob insecure-password other
http-errors pages
    errorfile 403 403.http
    errorfile 404 404.http
`;
