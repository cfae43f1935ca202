import type { Random } from './random.ts';

/** When a rule of TCP runs: at the connection, at its session, on bytes of the client or on those of the server. */
export type Stage = 'connection' | 'session' | 'content' | 'response';

const ANYWHERE: readonly string[] = [
  'src', 'dst', 'dst_port', 'fe_id,mul(0)', 'fe_name', 'int(7)', 'str(one)', 'always_true', 'var(sess.a)', 'var(sess.n)', 'src,ipmask(16)',
  'dst_is_local', 'src_is_local', 'var(proc.none)', 'nbproc', 'src_get_gpc0(tblip)', 'src_conn_cnt(tblip)', 'src_inc_gpc0(tblip)', 'table_cnt(tblip)',
  'sc_conn_cnt(0)', 'sc0_get_gpc0', 'sc_get_gpt0(0)', 'sc_conn_cur(0)', 'sc_tracked(0)', 'sc_sess_cnt(0)', 'sc1_tracked', 'sc_inc_gpc0(0)',
]; // biome-ignore format: a table

const PAYLOAD: readonly string[] = [
  'req.len', 'req.payload(0,4)', 'req.payload(0,0)', 'req.payload(2,3)', 'req.payload(0,4),hex', 'req.payload(40,0),length', 'req.payload_lv(0,2)', 'req.payload_lv(0,4)',
  'req.payload_lv(1,1,0)', 'req.payload_lv(0,2,4)', 'req.ssl_sni', 'req.ssl_sni,lower,field(1,.)', 'req.ssl_hello_type', 'req.ssl_ver', 'req.ssl_ec_ext', 'req.ssl_st_ext',
  'req.ssl_alpn', 'req.rdp_cookie', 'req.rdp_cookie(mstshash)', 'req.rdp_cookie(msts)', 'req.rdp_cookie_cnt', 'req.rdp_cookie_cnt(msts)', 'req.proto_http', 'payload(0,2)',
  'payload_lv(0,2)', 'req_len', 'req_ssl_sni', 'rdp_cookie(mstshash)', 'var(txn.a)', 'var(txn.b)', 'be_name', 'req.payload(0,8),mqtt_is_valid', 'req.payload(0,0),mqtt_is_valid',
  'req.payload(0,0),mqtt_field_value(connect,username)', 'req.payload(0,0),mqtt_field_value(connect,protocol_version)', 'req.payload(0,0),fix_is_valid', 'req.payload(0,0),fix_tag_value(MsgType)',
  'req.payload(0,0),fix_tag_value(49)', 'req.payload(0,10),lower', 'req.payload(0,1),hex,hex2i', 'capture.req.hdr(0)', 'wait_end', 'internal.strm.is_htx',
  'req.payload(0,4),table_gpc0(tbl)', 'req.payload(0,4),in_table(tbl)', 'sc_bytes_in_rate(0),mul(0)',
]; // biome-ignore format: a table

const RESPONSE: readonly string[] = [
  'res.len', 'res.payload(0,2)', 'res.payload(0,4),hex', 'res.payload(3,0),length', 'res.payload_lv(0,2)', 'res.payload_lv(0,2,2)', 'res.ssl_hello_type', 'var(txn.a)', 'var(txn.d)',
  'srv_name', 'be_name', 'srv_id', 'rep_ssl_hello_type', 'bc_src,ipmask(8)', 'bc_dst',
]; // biome-ignore format: a table

/** An expression that may stand in rules of the stage. */
export function tcpExpression(random: Random, stage: Stage): string {
  if (stage === 'content' && random.chance(0.75)) return random.pick(PAYLOAD);
  if (stage === 'response' && random.chance(0.75)) return random.pick(RESPONSE);
  return random.pick(ANYWHERE);
}

const TESTS: Readonly<Record<Stage, readonly string[]>> = {
  connection: ['src 127.0.0.0/8', 'src 192.0.2.0/24', 'dst_port 1:100', 'src_conn_cnt(tblip) gt 2', 'sc_get_gpc0(0) gt 0', 'var(sess.n) 3', 'src_is_local'],
  session: ['src 127.0.0.0/8', 'src 192.0.2.0/24', 'sc_conn_cnt(0) gt 1', 'sc_get_gpc0(0) gt 0', 'var(sess.a) -m found', 'var(sess.n) ge 3'],
  content: [
    'req.len gt 10', 'req.len 0', 'req.len lt 5000', 'req.payload(0,4) -m str aaaa', 'req.payload(0,4) -m bin 61616161', 'req.payload(0,1) -m str a', 'req.payload(0,0) -m sub want:echo', 'req.payload(0,5) -m beg GET', 'req.ssl_hello_type 1',
    'req.ssl_sni -i www.example.com', 'req.ssl_sni -m end .example.com', 'req.ssl_sni -m found', 'req.ssl_ver gt 3.1', 'req.ssl_ver 3.0:3.4', 'req.ssl_alpn h2', 'req.proto_http', 'HTTP', 'WAIT_END', 'REQ_CONTENT', 'wait_end', 'RDP_COOKIE', 'LOCALHOST',
    'req.rdp_cookie(mstshash) ann', 'req.rdp_cookie_cnt gt 0', 'req.payload_lv(0,2) hello', 'var(txn.a) -m found', 'var(sess.n) 3', 'sc_get_gpc0(0) gt 1', 'sc_conn_cnt(0) gt 1', 'src 192.0.2.0/24', 'req.ssl_st_ext 1', 'req.ssl_ec_ext 1', 'TRUE', 'FALSE',
    'req.len -m found', 'req.payload(100,4) -m found', 'req.payload(0,0),mqtt_is_valid', 'req.payload(0,0),fix_is_valid', 'req.payload(0,3) -m reg ^[a-z]+$', 'src_get_gpc0(tblip) gt 0', 'be_sess_rate gt 1000', 'nbsrv lt 1', 'req.payload(0,4),in_table(tbl)',
  ],
  response: [
    'res.len gt 4', 'res.payload(0,2) -m str s1', 'res.payload(0,1) -m found', 'res.payload(0,0) -m sub bye', 'res.ssl_hello_type 2', 'var(txn.a) -m found', 'WAIT_END', 'wait_end', 'TRUE', 'FALSE', 'res.payload_lv(0,2) s1', 'res.payload(5000,1) -m found',
    'sc_get_gpc0(0) gt 0', 'srv_id 1', 'res.len 0',
  ],
}; // biome-ignore format: a table

/** A condition behind a rule; nothing at times. */
export function tcpCondition(random: Random, stage: Stage): string {
  if (random.chance(0.3)) return '';
  const test = () => `${random.pick(['', '', '!'])}{ ${random.pick(TESTS[stage])} }`;
  const word = random.chance(0.85) ? 'if' : 'unless';
  if (random.chance(0.7)) return ` ${word} ${test()}`;
  return ` ${word} ${test()}${random.pick([' ', ' || '])}${test()}`;
}

type Line = (random: Random, stage: Stage) => string;

const SETS: readonly Line[] = [
  (r, at) => `set-var(sess.a) ${tcpExpression(r, at)}`,
  (r) => `set-var(sess.n) ${r.pick(['int(3)', 'var(sess.n),add(1)', 'int(-1)'])}`,
  () => 'unset-var(sess.a)',
  (r, at) => `set-var-fmt(sess.a) '%[${tcpExpression(r, at)}]-%ci'`,
];

const COUNTS: readonly Line[] = [
  (r) => `sc-inc-gpc0(${r.pick([0, 1])})`,
  () => 'sc-inc-gpc1(0)',
  (r) => `sc-set-gpt0(0) ${r.pick(['7', 'int(3)', 'dst_port'])}`,
];

const TRACKS: readonly Line[] = [
  (r) => `track-sc${r.pick([0, 0, 1])} src table tblip`,
  (r) => `track-sc${r.pick([0, 1])} ${r.pick(['src', 'dst', 'src,ipmask(24)'])} table tblip`,
];

const ADDRESSES: readonly Line[] = [
  (r) => `set-src ${r.pick(['ipv4(192.0.2.9)', 'src,ipmask(24)', 'var(sess.a)'])}`,
  () => 'set-src-port int(1234)',
  () => 'set-dst ipv4(192.0.2.1)',
  () => 'set-dst-port int(99)',
];

const ENDS: readonly Line[] = [() => 'accept', () => 'reject'];

const CONTENT: readonly Line[] = [
  (r) => `set-var(txn.${r.pick(['a', 'b'])}) ${tcpExpression(r, 'content')}`,
  (r) => `set-var(txn.${r.pick(['a', 'b'])}) ${tcpExpression(r, 'content')}`,
  (r) => `capture ${tcpExpression(r, 'content')} len ${r.pick([4, 20])}`,
  (r) =>
    `track-sc${r.pick([0, 1, 2])} ${r.pick(['req.payload(0,4)', 'req.ssl_sni', 'req.rdp_cookie(mstshash)', 'req.payload_lv(0,2)', 'be_name', 'var(txn.a)'])} table tbl`,
  () => 'set-log-level warning',
  () => 'set-log-level silent',
  () => 'set-priority-class int(3)',
  () => 'set-priority-offset int(-100)',
  () => 'set-nice 5',
  () => 'set-tos 2',
  () => 'set-mark 0x1',
  () => 'silent-drop',
];

const LINES: Readonly<Record<Stage, readonly Line[]>> = {
  connection: [...SETS, ...COUNTS, ...TRACKS, ...ADDRESSES, ...ENDS],
  session: [...SETS, ...COUNTS, ...TRACKS, ...ADDRESSES.slice(0, 2), ...ENDS],
  content: [...SETS, ...COUNTS, ...TRACKS, ...ADDRESSES, ...ENDS, ...ENDS, ...CONTENT, ...CONTENT],
  response: [
    ...SETS,
    ...COUNTS,
    ...ENDS,
    () => 'close',
    (r) => `set-var(txn.d) ${tcpExpression(r, 'response')}`,
    () => 'set-log-level notice',
    () => 'set-nice 3',
    () => 'set-tos 2',
    () => 'set-mark 1',
  ],
};

/** A rule of the stage. */
export function tcpRule(random: Random, stage: Stage): string {
  const line = random.pick(LINES[stage])(random, stage);
  // What ends most connections has always a condition, so that other rules are seen as well.
  const condition = tcpCondition(random, stage);
  const ends = /^(reject|silent-drop|close)/.test(line);
  const when = ends && condition === '' ? ` if { ${random.pick(TESTS[stage])} }` : condition;
  return stage === 'response' ? `tcp-response content ${line}${when}` : `tcp-request ${stage} ${line}${when}`;
}
