import { condition, expression, format, type Place } from './expressions.ts';
import type { Random } from './random.ts';

/** A line of a section, made anew each time. */
type Line = (random: Random) => string;

const STATUSES = [200, 400, 401, 403, 404, 405, 410, 421, 425, 429, 500, 501, 502, 503, 504];
const REDIRECTS = [301, 302, 303, 307, 308];
const NAMES = [
  'x-new',
  'x-a',
  'x-b',
  'host',
  'cache-control',
  'x-list',
  'X-Mixed-Case',
  'via',
  'cookie',
  'x-forwarded-for',
];

const header = (place: Place): readonly Line[] => [
  (r) => `set-header ${r.pick(NAMES)} ${format(r, place)}`,
  (r) => `add-header ${r.pick(NAMES)} ${format(r, place)}`,
  (r) => `del-header ${r.pick(['x-a', 'x-b', 'x- -m beg', 'a$ -m reg', '-server -m end', 'x-a -m str', 'ist -m sub'])}`,
  (r) =>
    `replace-header ${r.pick(NAMES)} ${r.pick(["'(.*)' '<\\1>'", "'^(.)(.*)$' '\\2\\1'", "'[0-9]+' 'n'", "'^$' empty", "'(a)(x)?' '[\\1\\2]'"])}`,
  (r) => `replace-value ${r.pick(NAMES)} ${r.pick(["'^(.*)$' '<\\1>'", "'b' c", "' *(.)(.*)' '\\2\\1'"])}`,
  (r) => `set-var(${r.pick(['txn.a', 'txn.b', 'txn.d', 'sess.s'])}) '${expression(r, place)}'`,
  (r) => `set-var(txn.n) ${r.pick(['int(4)', 'int(-12)', 'var(txn.n),add(1)'])}`,
  (r) => `set-var(txn.ip) ${r.pick(['src', 'ipv4(10.1.2.3)', 'ipv6(2001:db8::1)'])}`,
  (r) => `set-var-fmt(txn.b) ${format(r, place)}`,
  (r) => `unset-var(${r.pick(['txn.a', 'txn.n', 'sess.s'])})`,
  () => 'set-log-level silent',
  () => 'set-log-level warning',
  (r) => `set-map(words.map) ${format(r, place)} ${format(r, place)}`,
  (r) => `del-acl(words.acl) ${format(r, place)}`,
  () => 'set-tos 2',
  () => 'set-mark 0x1',
];

const REQUEST: readonly Line[] = [
  ...header('request'),
  (r) => `set-path ${r.pick(["'/new%[path]'", "'/%[path,lower]'", "'%[req.hdr(x-a)]'", '/', '/a?b=c'])}`,
  (r) => `set-pathq ${r.pick(["'/new%[pathq]'", '/q?x=1', "'%[pathq,regsub(/,-,g)]'"])}`,
  (r) => `set-query ${r.pick(["'%[query]&z=1'", "'a=%[req.hdr(x-a),url_enc]'", 'x'])}`,
  (r) => `set-uri ${r.pick(["'/uri%[path]'", 'http://other.example/x', "'%[url]'"])}`,
  (r) => `set-method ${r.pick(['GET', 'POST', 'PURGE', "'%[method,lower]'"])}`,
  (r) => `replace-path ${r.pick(["'(.*)' '/r\\1'", "'/([^/]*)/(.*)' '/\\2/\\1'", "'^/a' /z"])}`,
  (r) => `replace-pathq ${r.pick(["'(.*)' '/r\\1'", "'([^?]*)(.*)' '\\1.x\\2'"])}`,
  (r) => `replace-uri ${r.pick(["'(.*)' '\\1'", "'^/(.*)' '/u/\\1'", "'^http://[^/]*(.*)' '\\1'"])}`,
  (r) =>
    `normalize-uri ${r.pick(['fragment-strip', 'fragment-encode', 'path-merge-slashes', 'path-strip-dot', 'path-strip-dotdot', 'path-strip-dotdot full', 'percent-decode-unreserved', 'percent-decode-unreserved strict', 'percent-to-uppercase', 'percent-to-uppercase strict', 'query-sort-by-name'])}`,
  (r) => `capture '${expression(r, 'request')}' ${r.pick(['len 4', 'len 30', 'id 0'])}`,
  () => 'set-src hdr_ip(x-ip)',
  () => 'set-src-port int(1234)',
  () => 'set-dst ipv4(192.0.2.1)',
  () => 'set-dst-port int(99)',
  () => 'disable-l7-retry',
  () => 'strict-mode off',
  () => 'wait-for-body time 100ms',
  () => 'set-priority-class int(3)',
  () => 'set-timeout server 3s',
  (r) => `early-hint link ${format(r, 'request')}`,
  (r) => `cache-use ${r.pick(['small'])}`,
];

const RESPONSE: readonly Line[] = [
  ...header('response'),
  (r) => `set-status ${r.pick(STATUSES)}${r.pick(['', ' reason "Be fine"'])}`,
  (r) =>
    `replace-header ${r.pick(['set-cookie', 'location'])} ${r.pick(["'(.*)' '\\1;x'", "'^http:(.*)' 'https:\\1'"])}`,
  () => 'capture res.hdr(x-server) id 0',
  () => 'cache-store small',
  () => 'wait-for-body time 100ms',
];

/** What answers in place of a server; `rules` says whose. */
const FINAL: Readonly<Record<Place, readonly Line[]>> = {
  request: [
    (r) => `deny${reply(r, 'request')}`,
    (r) => `return ${returned(r, 'request')}`,
    (r) => `redirect ${redirection(r)}`,
    () => 'allow',
    (r) => `auth${r.pick(['', ' realm Mine', ' realm "My realm"'])}`,
    (r) => `reject${r.pick([''])}`,
    (r) => `tarpit${r.pick(['', ' deny_status 429'])}`,
  ],
  response: [
    (r) => `deny${reply(r, 'response')}`,
    (r) => `return ${returned(r, 'response')}`,
    (r) => `redirect location ${format(r, 'response')} ${r.pick(['', 'code 307', 'ignore-empty'])}`,
    () => 'allow',
  ],
};

function reply(r: Random, place: Place): string {
  return r.pick([
    '',
    ` deny_status ${r.pick(STATUSES)}`,
    ` status ${r.pick(STATUSES)} content-type text/plain string "no way"`,
    ` status ${r.pick(STATUSES)} hdr x-why ${format(r, place)}`,
    ' errorfiles pages',
    ' default-errorfiles',
    ' errorfile 403.http',
  ]);
}

function returned(r: Random, place: Place): string {
  return r.pick([
    `status ${r.pick(STATUSES)}`,
    `status 200 content-type text/plain lf-string ${format(r, place)}`,
    `status ${r.pick(STATUSES)} content-type "text/html" string "<p>hi" hdr x-a ${format(r, place)} hdr x-b 2`,
    'status 200 content-type text/plain file page.txt',
    `status 201 content-type text/plain lf-file page.lf hdr location /there`,
    'errorfile 403.http',
    'status 503 default-errorfiles',
    'status 403 errorfiles pages',
    'status 200',
    '',
  ]);
}

function redirection(r: Random): string {
  const to = r.pick([
    `location ${format(r, 'request')}`,
    "location 'https://%[hdr(host)]%[path]'",
    'prefix https://www.example.com',
    'prefix /',
    'prefix ""',
    'scheme https',
    "scheme 'ht%[str(tp)]s'",
    'location /plain',
  ]);
  const code = r.chance(0.6) ? ` code ${r.pick(REDIRECTS)}` : '';
  return (
    to +
    code +
    r.pick([
      '',
      '',
      ' drop-query',
      ' append-slash',
      ' drop-query append-slash',
      ' set-cookie seen=1',
      ' clear-cookie sid',
      ' ignore-empty',
    ])
  );
}

/** Lines of http-request, http-response and http-after-response for a proxy. */
export function rules(random: Random, most: number): string[] {
  const request = random.some(most, () => {
    const line = random.chance(0.18) ? random.pick(FINAL.request) : random.pick(REQUEST);
    return `http-request ${line(random)}${condition(random, 'request')}`;
  });
  const response = random.some(most, () => {
    const line = random.chance(0.12) ? random.pick(FINAL.response) : random.pick(RESPONSE);
    return `http-response ${line(random)}${condition(random, 'response')}`;
  });
  const after = random.some(2, () => {
    const line = random.pick([...header('response').slice(0, 8), RESPONSE[header('response').length]!]);
    return `http-after-response ${line(random)}${condition(random, 'response')}`;
  });
  return [...request, ...response, ...after];
}
