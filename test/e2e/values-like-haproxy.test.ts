import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { isHaproxy, type Run, start } from '../support/program.ts';

// Sample fetches and converters that need a running process: tables, maps, responses, connections. Each is evaluated in HAProxy and
// here, in the same order, after the same requests.

const HAPROXY = '/usr/sbin/haproxy';
const skip = isHaproxy || !existsSync(HAPROXY) ? 'needs an installed HAProxy to compare with' : false;

const MAPS = ['beg', 'dir', 'dom', 'end', 'int', 'ip', 'reg', 'str', 'sub'];
const TABLES = [
  ...['conn_cnt', 'conn_cur', 'conn_rate', 'sess_cnt', 'sess_rate', 'http_req_cnt', 'http_req_rate', 'http_err_cnt'],
  ...[
    'http_err_rate',
    'http_fail_cnt',
    'http_fail_rate',
    'bytes_in_rate',
    'bytes_out_rate',
    'gpc0',
    'gpc1',
    'gpc0_rate',
    'gpc1_rate',
  ],
  ...['gpt0', 'kbytes_in', 'kbytes_out', 'trackers', 'expire', 'server_id'],
];
const COUNTED = TABLES.filter((name) => !['gpt0', 'gpc0', 'gpc1', 'expire', 'server_id'].includes(name));

/** A value of each kind for the maps, and one that they do not have. */
const LOOKED_UP = ['/shop/list', 'a.example.com', '10.1.2.3', '2001:db8::5', '42', 'x/shop', 'none'];

const OUTPUTS: Readonly<Record<string, readonly [suffix: string, other: string]>> = {
  '': ['', 'none'],
  _int: ['-int', '7'],
  _ip: ['-ip', '192.0.2.1'],
};

const mapped = MAPS.flatMap((kind) =>
  Object.entries(OUTPUTS).flatMap(([output, [suffix, other]]) =>
    LOOKED_UP.flatMap((key) => [
      `str(${key}),map_${kind}${output}({dir}/${kind}${suffix}.map)`,
      `str(${key}),map_${kind}${output}({dir}/${kind}${suffix}.map,${other})`,
    ]),
  ),
);

const numbers = ['42', '7', '-1'].flatMap((key) =>
  ['int', 'ip'].flatMap((kind) =>
    Object.entries(OUTPUTS).map(([output, [suffix]]) => `int(${key}),map_${kind}${output}({dir}/${kind}${suffix}.map)`),
  ),
);

/** On requests: the source is tracked in `st` by counter 0, its text in `arr` by counter 1; nothing by counter 2. */
const REQUEST: readonly string[] = [
  ...mapped,
  ...numbers,
  'path,map_regm({dir}/regm.map)',
  'str(/u/abc/7),map_regm({dir}/regm.map)',
  'str(/u/abc/7),map_regm({dir}/regm.map,none)',
  'src,map_ip({dir}/ip.map)',
  ...TABLES.map((name) => `src,table_${name}(st)`),
  ...TABLES.map((name) => `str(192.0.2.77),table_${name}(st)`),
  ...TABLES.map((name) => `str(10.0.0.9),table_${name}(st)`),
  ...TABLES.map((name) => `int(167772169),table_${name}(st)`),
  ...['127.0.0.1/x', '127.0.0.1:80', '010.001.02.0003z', '127.0.0.1.', '127.0.0', '127.0.0.256', '2001:db8::1/'].map(
    (text) => `str(${text}),ipmask(32,128)`,
  ),
  'src,in_table(st)',
  'str(192.0.2.77),in_table(st)',
  'str(10.0.0.9),in_table(st)',
  'str(nothing),in_table(st)',
  'str(10.0.0.9),table_expire(st,99)',
  'str(192.0.2.77),table_expire(st,99)',
  'str(192.0.2.77),table_idle(st,99)',
  'str(key),table_gpc(0,arr)',
  'str(key),table_gpc(2,arr)',
  'str(key),table_gpc(3,arr)',
  'str(key),table_gpc_rate(1,arr)',
  'str(key),table_gpt(0,arr)',
  'str(key),table_gpt(1,arr)',
  'str(key),table_gpt(2,arr)',
  'str(key),table_gpc0(arr)',
  'str(key),table_gpt0(arr)',
  'str(none),table_gpc(0,arr)',
  'table_avl(st)',
  'table_avl(arr)',
  'table_cnt(st)',
  'table_cnt(arr)',
  ...[0, 1, 2].flatMap((n) => COUNTED.map((name) => `sc${n}_${name}`)),
  ...[0, 1, 2].flatMap((n) => COUNTED.filter((name) => name !== 'conn_cur').map((name) => `sc_${name}(${n},st)`)),
  ...[0, 1, 2, 7].flatMap((n) => COUNTED.map((name) => `sc_${name}(${n})`)),
  ...[0, 1].flatMap((n) => COUNTED.map((name) => `sc_${name}(${n},ips)`)),
  ...[0, 1, 2].flatMap((n) => COUNTED.map((name) => `sc${n}_${name}(st)`)),
  ...[0, 1, 2, 7].flatMap((n) =>
    ['get_gpc0', 'get_gpc1', 'get_gpt0', 'gpc0_rate', 'gpc1_rate', 'tracked'].flatMap((name) => [
      `sc_${name}(${n})`,
      `sc_${name}(${n},st)`,
      `sc_${name}(${n},arr)`,
    ]),
  ),
  ...[0, 1, 2].flatMap((n) => ['inc_gpc0', 'clr_gpc0'].map((name) => `sc${n}_${name}(st)`)),
  ...['get_gpc0', 'get_gpc1', 'get_gpt0', 'gpc0_rate', 'http_req_cnt'].map((name) => `src_${name}(arr)`),
  ...['get_gpc0', 'get_gpc1', 'get_gpt0', 'gpc0_rate', 'http_req_cnt'].map((name) => `src_${name}(ips)`),
  ...['conn_cur', 'http_req_cnt', 'gpc0', 'gpt0', 'trackers', 'expire', 'idle'].flatMap((name) => [
    `src,table_${name}(ips)`,
    `str(key),table_${name}(arr)`,
    `str(no address),table_${name}(st)`,
  ]),
  'sc1_clr_gpc(0)',
  'sc1_clr_gpc(2)',
  'sc1_clr_gpc(2)',
  ...[0, 1, 2].flatMap((n) =>
    ['get_gpc0', 'get_gpc1', 'get_gpt0', 'inc_gpc0', 'inc_gpc1', 'clr_gpc0', 'clr_gpc1', 'get_gpc0', 'tracked'].map(
      (name) => `sc${n}_${name}`,
    ),
  ),
  ...['inc_gpc0', 'inc_gpc1', 'clr_gpc0', 'clr_gpc1', 'get_gpc0', 'get_gpt0', 'tracked', 'trackers'].map(
    (name) => `sc_${name}(0)`,
  ),
  ...['get_gpc', 'inc_gpc', 'inc_gpc', 'get_gpc', 'gpc_rate', 'clr_gpc', 'get_gpc', 'get_gpt'].flatMap((name) => [
    `sc_${name}(0,1)`,
    `sc_${name}(1,1)`,
    `sc_${name}(5,1)`,
    `sc_${name}(1,0,arr)`,
    `sc_${name}(1,0,st)`,
  ]),
  ...COUNTED.filter((name) => name !== 'trackers').map((name) => `src_${name}(st)`),
  ...['get_gpc0', 'inc_gpc0', 'inc_gpc1', 'get_gpc1', 'clr_gpc0', 'clr_gpc1', 'get_gpc0', 'get_gpt0'].map(
    (name) => `src_${name}(st)`,
  ),
  // HAProxy 2.6 ends at those that change an entry.
  ...['get_gpc', 'gpc_rate', 'get_gpt'].map((name) => `src_${name}(0,ips)`),
  'src_updt_conn_cnt(ips)',
  'src_updt_conn_cnt(ips)',
  ...['req.hdr_cnt(x-list)', 'req.hdr_cnt', 'req.hdr_val(x-num)', 'req.hdr_val(x-num,2)', 'req.hdr_val(x-list)'],
  ...['req_ver', 'req_proto_http', 'req.proto_http', 'capture.req.ver', 'capture.res.ver'],
  ...['fc_src', 'fc_dst', 'fc_src_is_local', 'fc_dst_is_local', 'fc_dst_port', 'fc_pp_unique_id', 'dst_conn'],
  ...['fc_lost', 'fc_fackets', 'fc_sacked', 'fc_unacked', 'fc_reordering', 'fc_retrans', 'fc_rtt,bool'],
  ...['fe_sess_rate,bool', 'fe_req_rate,bool', 'be_sess_rate(app),bool', 'srv_sess_rate(app/s1),bool'],
  ...['internal.strm.is_htx'],
  ...['ssl_fc_npn'],
  ...['ssl_fc_cipherlist_str', 'ssl_fc_cipherlist_xxh', 'ssl_fc_session_id', 'ssl_fc_has_early', 'ssl_c_ca_err_depth'],
  ...['str(a),debug', 'str(a),debug(x)', 'int(5),htonl,hex', 'int(-1),htonl,hex', 'int(4294967296),htonl,hex'],
  'hdr(x-cookie),capture-req(0)',
  'str(abc),capture-req(0)',
  'str(abc),capture-req(5)',
  'capture.req.hdr(0)',
  'str(xyz),capture-res(0)',
  `req.hdr(x-jwt),jwt_header_query('$.alg')`,
  `req.hdr(x-jwt),jwt_header_query('$.none')`,
  `req.hdr(x-jwt),jwt_payload_query('$.sub')`,
  `req.hdr(x-jwt),jwt_payload_query('$.n')`,
  `req.hdr(x-jwt),jwt_payload_query('$.n','int')`,
  'req.hdr(x-jwt),jwt_verify(HS256,secret)',
  'req.hdr(x-jwt),jwt_verify(HS256,wrong)',
  'req.hdr(x-jwt),jwt_verify(HS512,secret)',
  'str(a.b.c),jwt_verify(HS256,secret)',
  'str(a.b),jwt_payload_query',
  'req.hdr(x-none),jwt_payload_query',
  'bin(00),aes_gcm_dec(128,txn.nonce,txn.key,txn.tag)',
  'var(txn.sealed),b64dec,aes_gcm_dec(128,txn.nonce,txn.key,txn.tag)',
  'var(txn.sealed),b64dec,aes_gcm_dec(256,txn.nonce,txn.key,txn.tag)',
  'var(txn.sealed),aes_gcm_dec(128,txn.nonce,txn.key,txn.tag)',
];

/** On responses. */
const RESPONSE: readonly string[] = [
  ...['res.hdr(x-list)', 'res.hdr(x-list,1)', 'res.hdr(x-list,-1)', 'res.hdr_cnt(x-list)', 'res.hdr_val(x-num)'],
  ...['res.hdr_ip(x-ip)', 'res.hdr_ip(x-ip,2)', 'res.fhdr(x-list)', 'res.fhdr_cnt(x-list)', 'res.fhdr_cnt'],
  ...['shdr(x-list)', 'shdr_cnt(x-list)', 'shdr_ip(x-ip)', 'shdr_val(x-num)', 'resp_ver', 'res.ver', 'status'],
  ...['res.hdrs', 'res.hdrs_bin,hex', 'res.hdr_names(;)', 'res.body', 'res.body_len', 'res.body_size'],
  ...['res.cook(sid)', 'res.cook_val(n)', 'res.cook_cnt(sid)', 'res.cook(none)', 'scook(sid)', 'scook_val(n)'],
  ...['scook_cnt(sid)', 'res.cache_hit', 'res.cache_name', 'capture.res.ver'],
  ...['bc_http_major', 'bc_src', 'bc_dst', 'bc_dst_port', 'ssl_bc', 'ssl_bc_alpn', 'ssl_bc_npn', 'ssl_bc_is_resumed'],
  ...['srv_id', 'srv_name', 'be_id,bool', 'be_name', 'fe_name', 'srv_queue(app/s1)', 'be_server_timeout'],
  ...['cur_server_timeout', 'cur_tunnel_timeout', 'be_tunnel_timeout'],
  ...['str(res),capture-res(0)', 'capture.res.hdr(0)', 'sc0_http_req_cnt', 'sc0_bytes_in_rate,bool'],
];

/** The keys of each map. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  beg: ['/shop', 'a.ex', '10.', 'x'],
  dir: ['shop', 'list', 'x'],
  dom: ['example', 'example.com', '10'],
  end: ['/list', '.com', 'shop'],
  int: ['42', '1:9', ':0'],
  ip: ['10.0.0.0/8', '10.1.0.0/16', '127.0.0.0/8', '2001:db8::/32', '0.0.0.42'],
  reg: ['^/shop', '^[0-9.]+$', 'example'],
  str: ['/shop/list', 'a.example.com', '42', '10.1.2.3'],
  sub: ['hop', 'exam', '::'],
};

const lines = (keys: readonly string[], value: (at: number) => string) =>
  keys.map((key, at) => `${key} ${value(at)}\n`).join('');

const files = Object.fromEntries([
  ['regm.map', '^/u/([a-z]+)/([0-9])$ user=\\1;n=\\2;\\\\;\\0\n'],
  ...Object.entries(KEYS).flatMap(([kind, keys]) => [
    [`${kind}.map`, lines(keys, (at) => `${kind} number ${at}`)],
    [`${kind}-int.map`, lines(keys, (at) => String(1000 + at))],
    [`${kind}-ip.map`, lines(keys, (at) => (at % 2 === 0 ? `10.0.0.${at}` : `2001:db8::${at}`))],
  ]),
]);

const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/** Several are asked for at once. */
function inGroups(expressions: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (let at = 0; at < expressions.length; at += 10) groups.push(expressions.slice(at, at + 10));
  return groups;
}

function config(request: readonly string[], response: readonly string[]): string {
  const rules = inGroups(request).map((group, i) => {
    const text = quoted(group.map((expression) => `<%[${expression}]>`).join('|'));
    return `    http-request return status 200 content-type text/plain lf-string ${text} if { req.hdr(x-case) -m str ${i} }`;
  });
  const responses = response.map(
    (text, i) =>
      `    http-response set-header x-told ${quoted(`<%[${text}]>`)} if { capture.req.hdr(1) -m str ${10_000 + i} }`,
  );
  return `
global
    nbthread 1
    stats socket {sock:admin} level admin
defaults
    mode http
    timeout connect 1s
    timeout client 5s
    timeout server 3s
    timeout tunnel 7s
frontend web
    bind {addr:web}
    declare capture request len 20
    declare capture request len 20
    declare capture response len 20
    tcp-request connection track-sc0 src table st
    http-request track-sc1 str(key) table arr
    http-request set-var(txn.nonce) str(MDEyMzQ1Njc4OWFi)
    http-request set-var(txn.key) str(MDEyMzQ1Njc4OWFiY2RlZg==)
    http-request set-var(txn.tag) req.hdr(x-tag)
    http-request set-var(txn.sealed) req.hdr(x-sealed)
    http-request sc-inc-gpc0(0)
    http-request sc-inc-gpc(2,1)
    http-request sc-set-gpt0(0) 9
    http-request sc-set-gpt(1,1) int(8)
    http-request capture req.hdr(x-case) id 1
${rules.join('\n')}
    default_backend app
backend app
${responses.join('\n')}
    server s1 {addr:app}
backend st
    stick-table type ip size 100 expire 1h store ${[...STORED].join(',')}
backend ips
    stick-table type ip size 100 expire 1h store gpc(2),gpc_rate(2,1h),gpt(1),conn_cnt
backend arr
    stick-table type string len 20 size 100 expire 1h store gpc(3),gpc_rate(3,1h),gpt(2)
`;
}

const STORED = new Set([
  ...['conn_cnt', 'conn_cur', 'conn_rate(1h)', 'sess_cnt', 'sess_rate(1h)', 'http_req_cnt', 'http_req_rate(1h)'],
  ...['http_err_cnt', 'http_err_rate(1h)', 'http_fail_cnt', 'http_fail_rate(1h)', 'bytes_in_cnt', 'bytes_in_rate(1h)'],
  ...['bytes_out_cnt', 'bytes_out_rate(1h)', 'gpc0', 'gpc1', 'gpc0_rate(1h)', 'gpc1_rate(1h)', 'gpt0', 'server_id'],
]);

const JWT =
  'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhYmMiLCJuIjo0Mn0.OqpHHTuNuo7vy3HVBPFOkLM4t8D4bWW1NPPMxfQhR3I';

const HEADERS = [
  'Host: h',
  'X-List: a, b',
  'X-List: c',
  'X-Num: 12, 34',
  'X-Cookie: zz',
  `X-Jwt: ${JWT}`,
  'X-Sealed: s3aj3A==',
  'X-Tag: AAAAAAAAAAAAAAAAAAAAAA==',
  'Connection: close',
];

async function ask(t: TestContext, run: Run, path: string, number: number): Promise<readonly [string, string]> {
  const connection = await connect(t, run.port('web'));
  const answer = await connection.exchange(
    [`GET ${path} HTTP/1.1`, ...HEADERS, `X-Case: ${number}`, '', ''].join('\n'),
  );
  connection.socket.destroy();
  return [answer.text, answer.get('x-told') ?? ''];
}

/** Ages and ports are not the same twice. */
function steady(text: string, run: Run, app: number): string {
  return text
    .replaceAll(String(run.port('web')), '{port:web}')
    .replaceAll(String(app), '{port:app}')
    .replaceAll(/\b35\d{5}\b/g, '{an hour}');
}

test('tables, maps, responses and connections have the values that they have in HAProxy', { skip }, async (t) => {
  const app = await origin(t, {
    headers: { 'x-list': 'a, b', 'x-num': '5, 6', 'x-ip': '10.0.0.1, 10.0.0.2', 'set-cookie': 'sid=abc; n=42; Path=/' },
    body: 'body',
  });
  const options = { ports: { app }, files };
  const text = config(REQUEST, RESPONSE);
  const runs = await Promise.all([start(t, text, options), start(t, text, { ...options, program: HAPROXY })]);
  for (const run of runs)
    await run.cli(
      'set table st key 10.0.0.9 data.gpc0 5 data.gpc1 6 data.gpt0 7 data.conn_cnt 8 data.server_id 3 data.bytes_in_cnt 2100',
    );
  const differences: string[] = [];
  const compare = async (path: string, number: number, which: 0 | 1, expressions: readonly string[]) => {
    const [ours, theirs] = await Promise.all(
      runs.map(async (run) => steady((await ask(t, run, path, number))[which], run, app.port).split('>|<')),
    );
    for (const [i, expression] of expressions.entries())
      if (ours![i] !== theirs![i]) differences.push(`${expression}: ${ours![i]} where HAProxy has ${theirs![i]}`);
  };
  for (const [i, group] of inGroups(REQUEST).entries()) await compare('/', i, 0, group);
  for (const [i, expression] of RESPONSE.entries()) await compare('/app', 10_000 + i, 1, [expression]);
  assert.deepEqual(differences, []);
});
