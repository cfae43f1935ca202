import type { Random } from './random.ts';

/** Where an expression stands: in a rule on requests or in one on responses. */
export type Place = 'request' | 'response';

type Kind = 'str' | 'int' | 'bool' | 'ip' | 'bin';

const ANYWHERE: Readonly<Record<Kind, readonly string[]>> = {
  str: [
    'fe_name',
    'str(one.two/three)',
    'str("A b")',
    'var(txn.a)',
    'var(txn.b)',
    'var(sess.s)',
    'capture.req.hdr(0)',
    'capture.req.uri',
    'capture.req.method',
    'method',
    'var(txn.c,none)',
    'capture.req.ver',
    'str()',
  ],
  int: [
    'int(7)',
    'int(-3)',
    'var(txn.n)',
    'int(9223372036854775807)',
    'nbsrv',
    'fc_http_major',
    'var(txn.n,5)',
    'int(0)',
  ],
  bool: ['always_true', 'always_false', 'http_first_req', 'bool(true)', 'dst_is_local'],
  ip: ['src', 'dst', 'ipv4(192.0.2.17)', 'ipv6(2001:db8::7)', 'var(txn.ip)', 'fc_src'],
  bin: ['bin(00ff80414a)', 'bin(68656c6c6f)', 'var(txn.bin)'],
};

const REQUEST: Readonly<Record<Kind, readonly string[]>> = {
  str: [
    'path',
    'pathq',
    'query',
    'url',
    'base',
    'baseq',
    'req.hdr(x-a)',
    'req.hdr(x-a,1)',
    'req.hdr(x-a,-1)',
    'req.hdr(x-a,2)',
    'req.hdr(x-a,-2)',
    'req.fhdr(x-a)',
    'req.fhdr(x-a,-1)',
    'req.hdr(host)',
    'req.hdr(x-b)',
    'req.hdr(x-json)',
    'req.hdr(x-num)',
    'req.hdr(x-ip)',
    'req.hdr(x-date)',
    'req.cook(sid)',
    'req.cook(theme)',
    'cookie(sid)',
    'req.cook',
    'url_param(a)',
    'urlp(b)',
    'urlp(a,;)',
    'url_param',
    'req.hdr_names',
    'req.hdr_names(:)',
    'req.ver',
    'http_auth_user',
    'http_auth_pass',
    'http_auth_type',
    'http_auth_bearer',
    'req.hdr(user-agent)',
    'req.hdr(accept-language)',
    'req.hdr(x-kv)',
    'req.hdr',
    'req.hdr(x-a,9)',
    'hdr(x-empty)',
    'req.body_param(a)',
    'req.body_param',
    'unique-id',
  ],
  int: [
    'req.hdr_cnt(x-a)',
    'req.fhdr_cnt(x-a)',
    'req.hdr_val(x-num)',
    'req.hdr_val(x-a)',
    'req.cook_cnt(sid)',
    'req.cook_val(num)',
    'urlp_val(n)',
    'url_port',
    'base32',
    'url32',
    'req.body_len',
    'req.body_size',
    'req.hdr_cnt',
    'req.cook_cnt',
    'url_ip',
  ],
  bool: ['http_auth(users)', 'req.hdr(x-num),bool', 'req.proto_http'],
  ip: ['req.hdr_ip(x-ip)', 'req.hdr_ip(x-ip,-1)', 'url_ip', 'req.hdr_ip(x-ip,1)'],
  bin: ['req.body', 'base32+src', 'url32+src', 'req.hdrs_bin', 'req.hdrs'],
};

const RESPONSE: Readonly<Record<Kind, readonly string[]>> = {
  str: [
    'res.hdr(x-a)',
    'res.hdr(x-a,-1)',
    'res.hdr(x-a,1)',
    'res.fhdr(x-a)',
    'res.hdr(x-server)',
    'res.hdr(content-type)',
    'res.ver',
    'res.cook(sid)',
    'res.cook(SRV)',
    'res.hdr(location)',
    'res.hdr_names',
    'srv_name',
    'be_name',
    'scook(sid)',
    'res.hdr(x-list)',
    'res.hdr(x-list,2)',
    'res.cook',
    'capture.res.ver',
    'capture.res.hdr(0)',
    'res.hdr(set-cookie)',
    'res.comp_algo',
  ],
  int: [
    'status',
    'res.hdr_cnt(x-a)',
    'res.fhdr_cnt(x-list)',
    'res.hdr_val(x-a)',
    'res.cook_cnt(sid)',
    'srv_id',
    'bc_http_major',
    'res.body_len',
    'res.body_size',
    'res.hdr_cnt(set-cookie)',
  ],
  bool: ['res.comp', 'res.cache_hit'],
  ip: ['res.hdr_ip(x-ip)', 'bc_dst'],
  bin: ['res.body', 'res.hdrs'],
};

/** What takes a string or bytes, with what it gives. */
const OF_TEXT: readonly (readonly [Kind, string])[] = [
  ['str', 'lower'], ['str', 'upper'], ['str', 'url_dec'], ['str', 'url_dec(1)'], ['str', 'url_enc'], ['str', 'field(1,/)'],
  ['str', 'field(2,.)'], ['str', 'field(-1,/)'], ['str', 'field(2,/,2)'], ['str', 'field(1,=,0)'], ['str', 'word(1,/)'],
  ['str', 'word(2,.,2)'], ['str', 'word(-1,/)'], ['str', 'word(1,;)'], ['str', 'regsub([aeiou],_,g)'], ['str', 'regsub(^/,)'],
  ['str', 'regsub("(.)/(.)","\\2-\\1",g)'], ['str', 'regsub(O,0,gi)'], ['str', 'ltrim(/)'], ['str', 'rtrim(/0123)'], ['str', 'json'],
  ['str', 'json(utf8s)'], ['str', 'json(utf8ps)'], ['str', 'json(ascii)'], ['str', 'concat(<,txn.a,>)'], ['str', 'concat(-)'],
  ['str', 'concat(,txn.b)'], ['str', 'add_item(;,txn.a)'], ['str', 'add_item(;,txn.a,z)'], ['str', 'language(en;fr;de,none)'],
  ['str', 'json_query($.a)'], ['str', 'json_query($.b.c)'], ['int', 'json_query($.n,int)'], ['str', 'json_query($.l)'],
  ['str', 'host_only'], ['int', 'port_only'], ['str', 'cut_crlf'], ['str', 'map(words.map,none)'], ['str', 'map(words.map)'],
  ['str', 'map_beg(begins.map,none)'], ['str', 'map_end(ends.map,none)'], ['str', 'map_sub(ends.map)'], ['str', 'map_dom(doms.map,none)'],
  ['str', 'map_dir(doms.map,none)'], ['str', 'map_reg(regs.map,none)'], ['str', 'map_regm(regs.map)'], ['int', 'map_str_int(numbers.map,0)'],
  ['str', 'map_ip(nets.map,none)'], ['str', 'map_int(ints.map,none)'], ['int', 'length'], ['int', 'strcmp(txn.a)'],
  ['bool', 'secure_memcmp(txn.b)'], ['bin', 'b64dec'], ['bin', 'ub64dec'], ['str', 'fix_tag_value(MsgType)'], ['bool', 'fix_is_valid'],
  ['str', 'iif(yes,no)'], ['str', 'nbsrv'], ['str', 'jwt_header_query($.alg)'], ['str', 'jwt_payload_query($.sub)'], ['str', 'jwt_payload_query()'],
  ['int', 'jwt_verify(HS256,secret)'], ['str', 'base64'], ['str', 'ub64enc'], ['str', 'hex'], ['int', 'hex2i'], ['str', 'bytes(1)'],
  ['str', 'bytes(2,3)'], ['str', 'bytes(0,4)'], ['int', 'crc32'], ['int', 'crc32(1)'], ['int', 'crc32c'], ['int', 'djb2'], ['int', 'djb2(1)'],
  ['int', 'sdbm'], ['int', 'sdbm(1)'], ['int', 'wt6'], ['int', 'wt6(1)'], ['int', 'xxh32'], ['int', 'xxh32(5)'], ['int', 'xxh64'], ['int', 'xxh64(7)'],
  ['int', 'xxh3'], ['int', 'xxh3(3)'], ['bin', 'sha1'], ['bin', 'sha2'], ['bin', 'sha2(512)'], ['bin', 'digest(sha384)'], ['bin', 'hmac(sha256,c2VjcmV0)'],
  ['str', 'be2hex(:,2)'], ['str', 'be2dec(-,2)'], ['str', 'be2hex(,3,1)'], ['str', 'protobuf(1)'], ['str', 'ungrpc(1)'],
  ['str', 'set-var(txn.d)'], ['str', 'capture-req(0)'], ['str', 'unset-var(txn.d)'],
]; // biome-ignore format: a table

const OF_INT: readonly (readonly [Kind, string])[] = [
  ['int', 'add(3)'],
  ['int', 'sub(txn.n)'],
  ['int', 'mul(-7)'],
  ['int', 'div(3)'],
  ['int', 'div(0)'],
  ['int', 'mod(5)'],
  ['int', 'mod(0)'],
  ['int', 'neg'],
  ['int', 'cpl'],
  ['int', 'and(12)'],
  ['int', 'or(9)'],
  ['int', 'xor(255)'],
  ['bool', 'even'],
  ['bool', 'odd'],
  ['bool', 'bool'],
  ['bool', 'not'],
  ['int', 'htonl'],
  ['str', 'http_date'],
  ['str', 'http_date(5)'],
  ['str', 'utime(%Y-%m-%dT%H:%M:%S)'],
  ['str', 'hex'],
  ['str', 'map_int(ints.map,none)'],
  ['int', 'mul(9223372036854775807)'],
  ['str', 'utime(%a %j %U,3600)'],
  ['str', 'ltime(%e/%b/%y)'],
  ['ip', 'ipmask(8)'],
  ['str', 'iif(odd,even)'],
];

const OF_IP: readonly (readonly [Kind, string])[] = [
  ['ip', 'ipmask(24)'],
  ['ip', 'ipmask(8,32)'],
  ['str', 'map_ip(nets.map,none)'],
  ['int', 'map_ip_int(netints.map,0)'],
  ['str', 'hex'],
  ['str', 'lower'],
  ['ip', 'ipmask(0,0)'],
  ['int', 'add(1)'],
];

const OF_BOOL: readonly (readonly [Kind, string])[] = [
  ['bool', 'not'],
  ['str', 'iif(yes,no)'],
  ['int', 'add(1)'],
  ['str', 'upper'],
];

const CONVERTERS: Readonly<Record<Kind, readonly (readonly [Kind, string])[]>> = {
  str: OF_TEXT,
  bin: OF_TEXT,
  int: OF_INT,
  ip: OF_IP,
  bool: OF_BOOL,
};

const KINDS: readonly Kind[] = ['str', 'str', 'str', 'str', 'int', 'bool', 'ip', 'bin'];

/** A fetch and up to three converters; texts of fetches that are bytes are made printable. */
export function expression(random: Random, place: Place): string {
  return made(random, place).text;
}

function made(random: Random, place: Place): { kind: Kind; text: string } {
  let kind = random.pick(KINDS);
  const own = place === 'request' ? REQUEST : RESPONSE;
  let text = random.pick(random.chance(0.25) ? ANYWHERE[kind] : own[kind]);
  for (let left = random.below(4); left > 0; left--) {
    const [next, converter] = random.pick(CONVERTERS[kind]);
    // What HAProxy makes of dates that no calendar has is not the same twice.
    if (
      /time|date/.test(converter) &&
      /xxh|922337|mul|div|mod|cpl|neg|sub|htonl|hex2i|\(999|json_query|map_str_int/.test(text)
    )
      continue;
    text += `,${converter}`;
    kind = next;
  }
  if (kind === 'bin') return { kind: 'str', text: `${text},hex` };
  return { kind, text };
}

const MATCHES: Readonly<Record<Kind, readonly string[]>> = {
  str: [
    '-m found',
    '-m str a one hello',
    '-m beg / b t',
    '-m end 1 e .html',
    '-m sub e a',
    '-i -m sub E O',
    '-m dir b api',
    '-m dom example www',
    '-m len 0:3 7',
    '-m reg ^[a-z/]+$ [0-9]',
    '-i -m reg ^/A',
    '-m str -f words.acl',
    '-i -m beg -f words.acl',
    '-m int 0:100',
    '-m int gt 3',
    '-m ip 192.0.2.0/24 127.0.0.1',
    '-m len ge 4',
    '-m bin 68 6f',
    '-m bool',
    'a b c',
    '-m str -- -f',
  ],
  int: ['-m found', '0:10', 'gt 5', '7', 'lt 0', '-m str 7', 'ge 1 le 3', '-m int eq 2', '-m bool', '-m len 1'],
  bool: ['-m found', '', '-m bool false', '-m int 1', '-m str 1'],
  ip: [
    '-m found',
    '127.0.0.0/8',
    '192.0.2.17 ::1',
    '-m str 127.0.0.1',
    '2001:db8::/32',
    '-m ip -f nets.acl',
    '-m beg 127',
  ],
  bin: ['-m found'],
};

/** A condition (` if ...`), or nothing. */
export function condition(random: Random, place: Place): string {
  if (random.chance(0.45)) return '';
  const terms = [term(random, place)];
  if (random.chance(0.3)) terms.push(term(random, place));
  return ` ${random.pick(['if', 'if', 'if', 'unless'])} ${terms.join(random.pick([' ', ' || ']))}`;
}

const NAMED = [
  'TRUE',
  'FALSE',
  'METH_GET',
  'METH_POST',
  'HTTP_1.0',
  'HTTP_1.1',
  'HTTP_CONTENT',
  'HTTP_URL_ABS',
  'HTTP_URL_SLASH',
  'LOCALHOST',
  'HTTP',
  'METH_HEAD',
];

function term(random: Random, place: Place): string {
  const not = random.chance(0.25) ? '!' : '';
  if (place === 'request' && random.chance(0.2)) return not + random.pick([...NAMED, 'mine', 'mine', 'yours']);
  const { kind, text } = made(random, place);
  return `${not}{ '${text}' ${random.pick(MATCHES[kind])} }`;
}

const LITERALS = ['', 'v', 'a b', 'x=', ';', '%%', 'é', '"', '<', 'long-literal-text'];

/** A log-format text of literals and expressions, in single quotes. */
export function format(random: Random, place: Place): string {
  let text = random.pick(LITERALS);
  for (let left = 1 + random.below(3); left > 0; left--) {
    const flags = random.pick(['', '', '', '{+Q}', '{+X}', '{+E}', '{-Q}']);
    text += `%${flags}[${expression(random, place)}]${random.pick(LITERALS)}`;
  }
  return `'${text}'`;
}
