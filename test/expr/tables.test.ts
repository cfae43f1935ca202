import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { compileExpression, evaluateText } from '../../src/expr/compile.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import { type ContextParts, context } from './context.ts';

const env = { places: place.frontendHttpRequest | place.backendHttpResponse | place.logs, proxy: 'be' };

function textOf(expression: string, parts: ContextParts): string | undefined {
  const parsed = compileExpression([expression], env);
  assert.ok(!isError(parsed), `${expression}: ${JSON.stringify(parsed)}`);
  return evaluateText(parsed.compiled, context(parts));
}

/** Rows of expression and expected text (undefined = no sample), all on one stream. */
function table(name: string, parts: ContextParts, rows: readonly (readonly [string, string | undefined])[]): void {
  describe(name, () => {
    for (const [expression, expected] of rows) {
      test(`${expression} is ${expected === undefined ? 'no sample' : JSON.stringify(expected)}`, () => {
        assert.equal(textOf(expression, parts), expected);
      });
    }
  });
}

const hex = (digits: string): string => Buffer.from(digits.replace(/\s/g, ''), 'hex').toString('latin1');

table(
  'a response',
  {
    status: 503,
    responseHeaders: [
      ['Set-Cookie', 'a=1; Path=/, b=2'],
      ['Set-Cookie', 'c="x y"; HttpOnly'],
      ['Cache-Control', 'no-cache, no-store'],
      ['Content-Length', '12'],
    ],
    responsePayload: 'hello',
  },
  [
    ['status', '503'],
    ['res.ver', '1.1'],
    ['res.hdr(cache-control)', 'no-store'],
    ['res.fhdr(cache-control)', 'no-cache, no-store'],
    ['shdr(cache-control,1)', 'no-cache'],
    ['res.hdr_cnt(set-cookie)', '3'],
    ['res.fhdr_cnt(set-cookie)', '2'],
    ['res.hdr_names', 'set-cookie,set-cookie,cache-control,content-length'],
    ['res.hdr_names(;)', 'set-cookie;set-cookie;cache-control;content-length'],
    ['res.cook(a)', '1'],
    ['res.cook(c)', '"x y"'],
    ['scook(Path)', undefined],
    ['res.cook_cnt', '2'],
    ['res.cook_names', 'a,c'],
    ['res.body', 'hello'],
    ['res.body_len', '5'],
    ['res.body_size', '12'],
    ['res.len', '139'],
    ['res.payload(1,3)', 'ell'],
    ['capture.res.ver', 'HTTP/1.1'],
    [
      'res.hdrs',
      'set-cookie: a=1; Path=/, b=2\r\nset-cookie: c="x y"; HttpOnly\r\ncache-control: no-cache, no-store\r\ncontent-length: 12\r\n\r\n',
    ],
  ],
);

table('no response yet', {}, [
  ['status', undefined],
  ['res.ver', undefined],
  ['res.hdr(a)', undefined],
  ['res.cook(a)', undefined],
  ['res.body', undefined],
]);

table(
  'a form',
  { method: 'POST', requestPayload: 'a=1&b=two&&c=&B=big&b=again', headers: [['content-length', '27']] },
  [
    ['req.body_param(b)', 'two'],
    ['req.body_param(B)', 'big'],
    ['req.body_param(C,i)', ''],
    ['req.body_param', '1'],
    ['req.body_param(none)', undefined],
    ['req.body_len', '27'],
    ['req.body_size', '27'],
  ],
);

table('a buffer', { requestPayload: hex('00 03 61 62 63 ff 02 00') }, [
  ['req.len', '65'],
  ['req.payload(2,3)', 'abc'],
  ['req.payload(2,0),hex', '616263FF0200'],
  ['req.payload(6,9)', undefined],
  ['req.payload_lv(0,2)', 'abc'],
  ['req.payload_lv(1,1)', 'abc'],
  ['req.payload_lv(0,2,+1)', 'bc\xff'],
  ['req.payload_lv(0,2,3)', 'bc\xff'],
  ['req.payload_lv(6,1,-5)', 'ab'],
  ['req.payload_lv(5,1)', undefined],
  ['payload(0,1),hex', '00'],
]);

const rdp = hex('03 00 00 2a 25 e0 00 00 00 00 00') + 'Cookie: mstshash=user\r\n\x01\x00';
table('an RDP request', { requestPayload: rdp }, [
  ['req.rdp_cookie', 'user'],
  ['req.rdp_cookie(MSTSHASH)', 'user'],
  ['req.rdp_cookie(msts)', undefined],
  ['req.rdp_cookie_cnt', '1'],
  ['rdp_cookie_cnt(msts)', '0'],
]);

table('a distcc message', { requestPayload: 'DIST00000001ARGC00000002ARGV00000002ccARGV00000002-cDOTI00000004ab' }, [
  ['distcc_param(DIST)', '1'],
  ['distcc_param(ARGC)', '2'],
  ['distcc_body(ARGV)', 'cc'],
  ['distcc_body(ARGV,2)', '-c'],
  ['distcc_param(DOTI)', '4'],
  ['distcc_body(DOTI)', undefined],
  ['distcc_param(NFIL)', undefined],
]);

/** A ClientHello with server name, curves, ALPN and an empty session ticket. */
function clientHello(): string {
  const u16 = (value: number) => String.fromCharCode(value >> 8, value & 255);
  const extension = (type: number, body: string) => u16(type) + u16(body.length) + body;
  const name = 'www.example.com';
  const serverName = `\x00${u16(name.length)}${name}`;
  const extensions =
    extension(0, u16(serverName.length) + serverName) +
    extension(10, `${u16(2)}\x00\x1d`) +
    extension(35, '') +
    extension(13, `${u16(4)}\x04\x03\x08\x04`) +
    extension(51, u16(9) + u16(0x1d) + u16(1) + 'k' + u16(0x17) + u16(0)) +
    extension(16, `${u16(12)}\x02h2\x08http/1.1`);
  const body = `\x03\x03${'r'.repeat(32)}\x00${u16(2)}\x13\x01\x01\x00${u16(extensions.length)}${extensions}`;
  const message = `\x01\x00${u16(body.length)}${body}`;
  return `\x16\x03\x01${u16(message.length)}${message}`;
}

table('a TLS ClientHello', { requestPayload: clientHello() }, [
  ['req.ssl_sni', 'www.example.com'],
  ['req_ssl_sni,lower', 'www.example.com'],
  ['req.ssl_alpn', 'h2'],
  ['req.ssl_hello_type', '1'],
  ['req.ssl_ver', String(0x30003)],
  ['req.ssl_ec_ext', '1'],
  ['req.ssl_st_ext', '1'],
  ['req.ssl_cipherlist,hex', '1301'],
  ['req.ssl_supported_groups,hex', '001D'],
  ['req.ssl_sigalgs,hex', '04030804'],
  ['req.ssl_keyshare_groups,hex', '001D0017'],
]);

table('a cut off ClientHello', { requestPayload: clientHello().slice(0, 60) }, [
  ['req.ssl_sni', undefined],
  ['req.ssl_alpn', undefined],
  ['req.ssl_hello_type', undefined],
  ['req.ssl_st_ext', undefined],
]);

table('timers and counters', { log: { idleTime: -1, captures: { request: ['x', null], response: ['y'] } } }, [
  ['req.timer.idle', undefined],
  ['req.timer.hdr', '1'],
  ['req.timer.tq', '1'],
  ['req.timer.queue', '2'],
  ['bc.timer.connect', '3'],
  ['res.timer.hdr', '4'],
  ['res.timer.data', '6'],
  ['accept_date', '1707480771'],
  ['accept_date(ms)', '1707480771007'],
  ['accept_date(us)', '1707480771007000'],
  ['request_date(ms)', '1707480772655'],
  ['date(5)', '1707480778'],
  ['date(0,ms)', '1707480773250'],
  ['date_us', '250000'],
  ['bytes_in', '100'],
  ['bytes_out', '2750'],
  ['req.bytes_in', '100'],
  ['req.bytes_out', '110'],
  ['res.bytes_in', '2740'],
  ['res.bytes_out', '2760'],
  ['txn.status', '200'],
  ['txn.sess_term_state', '--'],
  ['capture.req.hdr(0)', 'x'],
  ['capture.req.hdr(1)', undefined],
  ['capture.req.hdr(9)', undefined],
  ['capture.res.hdr(0)', 'y'],
  ['unique-id', 'id-1'],
  ['bc_dst', '10.0.0.9'],
  ['bc_dst_port', '8080'],
  ['be_name', 'be'],
  ['srv_name', 's1'],
  ['srv_id', '1'],
]);

table('RFC 7239', {}, [
  ['str("for=192.0.2.60;proto=http;by=203.0.113.43"),rfc7239_is_valid', '1'],
  ['str("for=192.0.2.43, for=198.51.100.17"),rfc7239_is_valid', '1'],
  ['str("for=\\"[2001:db8:cafe::17]:4711\\""),rfc7239_is_valid', '1'],
  ['str("for=_mdn"),rfc7239_is_valid', '1'],
  ['str("for=unknown;for=unknown"),rfc7239_is_valid', '0'],
  ['str("for=[::1]"),rfc7239_is_valid', '0'],
  ['str("for=192.0.2.43,,"),rfc7239_is_valid', '0'],
  ['str("ext=a;host=\\"h:80\\""),rfc7239_is_valid', '1'],
  ['str("for=127.0.0.1;proto=https;host=\\"a.b:81\\""),rfc7239_field(host)', 'a.b:81'],
  ['str("for=127.0.0.1;proto=https"),rfc7239_field(by)', undefined],
  ['str("for=\\"127.0.0.1:9\\""),rfc7239_field(for),rfc7239_n2nn', '127.0.0.1'],
  ['str("for=\\"127.0.0.1:9\\""),rfc7239_field(for),rfc7239_n2np,add(1)', '10'],
  ['str("[2001:0DB8::1]:_p"),rfc7239_n2nn,ipmask(8,16)', '2001::'],
  ['str("[2001:db8::1]:_p"),rfc7239_n2np', '_p'],
  ['str(_id),rfc7239_n2nn', '_id'],
]);

/** A TCP SYN over IPv4 over tagged Ethernet. */
const frame =
  '0a0b0c0d0e0f 010203040506 8100 6064 0800' +
  '4510003c 12344000 40060000 c0000201 c6336407' +
  'd431 01bb 00000007 00000000 a0 02 faf0 0000 0000' +
  '020405b4 0402080a 0000000900000000 01 030307';
table('a saved SYN', { requestPayload: hex(frame) }, [
  ['req.body,eth.dst,hex', '0A0B0C0D0E0F'],
  ['req.body,eth.src,hex', '010203040506'],
  ['req.body,eth.proto', String(0x0800)],
  ['req.body,eth.vlan', '100'],
  ['req.body,eth.data,ip.ver', '4'],
  ['req.body,eth.data,ip.src', '192.0.2.1'],
  ['req.body,eth.data,ip.dst', '198.51.100.7'],
  ['req.body,eth.data,ip.ttl', '64'],
  ['req.body,eth.data,ip.tos', '16'],
  ['req.body,eth.data,ip.df', '1'],
  ['req.body,eth.data,ip.proto', '6'],
  ['req.body,eth.data,ip.data,tcp.src', String(0xd431)],
  ['req.body,eth.data,ip.data,tcp.dst', '443'],
  ['req.body,eth.data,ip.data,tcp.seq', '7'],
  ['req.body,eth.data,ip.data,tcp.flags', '2'],
  ['req.body,eth.data,ip.data,tcp.win', String(0xfaf0)],
  ['req.body,eth.data,ip.data,tcp.options.mss', '1460'],
  ['req.body,eth.data,ip.data,tcp.options.sack', '1'],
  ['req.body,eth.data,ip.data,tcp.options.tsopt', '1'],
  ['req.body,eth.data,ip.data,tcp.options.tsval', '9'],
  ['req.body,eth.data,ip.data,tcp.options.wscale', '7'],
  ['req.body,eth.data,ip.data,tcp.options_list,hex', '0204080103'],
  ['req.body,ip.src', undefined],
]);

function fixMessage(): string {
  const body = '35=A\x0149=CLI\x0156=SRV\x0134=1\x01';
  const start = `8=FIX.4.4\x019=${body.length}\x01${body}`;
  const sum = [...start].reduce((total, char) => (total + char.charCodeAt(0)) & 255, 0);
  return `${start}10=${String(sum).padStart(3, '0')}\x01`;
}
table('a FIX message', { requestPayload: fixMessage() }, [
  ['req.body,fix_is_valid', '1'],
  ['req.body,fix_tag_value(35)', 'A'],
  ['req.body,fix_tag_value(SenderCompID)', 'CLI'],
  ['req.body,fix_tag_value(99)', undefined],
  ['req.body,bytes(1),fix_is_valid', '0'],
]);

table('newer converters', {}, [
  ['str(abc),reverse', 'cba'],
  ['str(www.example.com),reverse_dom', 'com.example.www'],
  ['bin(0102),base2', '0000000100000010'],
  ['bin(01020304),le2dec(:,2)', '513:1027'],
  ['int(258),htonl,hex', '00000102'],
  ['str("Tue, 14 Nov 2023 22:13:20 GMT"),date', '1700000000'],
  ['str(nonsense),date', undefined],
  ['int(1700000000123),ms_utime("%H:%M:%S.%N")', '22:13:20.123000000'],
  ['int(1700000000000042),us_utime("%S.%N")', '20.000042000'],
  ['str(a=1&b=2),param(b)', '2'],
  ['str(a=1;b=2;c),param(b,;)', '2'],
  ['str(a=1&b&c=),param(b)', ''],
  ['str(a=1&aa=2),param(aa)', '2'],
  ['str(a=1),param(b)', undefined],
  ['str(be/s2),srv_is_up', '0'],
  ['str(s1),srv_queue', '4'],
  ['str(fe),fe_exists', '1'],
  ['str(no),fe_exists', '0'],
]);

describe('ciphers and signatures', () => {
  test('decrypt what they have encrypted, and nothing else', () => {
    const key = Buffer.alloc(16, 1).toString('base64');
    const nonce = Buffer.alloc(12, 2).toString('base64');
    const ctx = context({ requestPayload: 'secret' });
    const run = (text: string) => {
      const parsed = compileExpression([text], env);
      assert.ok(!isError(parsed), JSON.stringify(parsed));
      return evaluateText(parsed.compiled, ctx);
    };
    run(`req.body,aes_gcm_enc(128,${nonce},${key},txn.tag),set-var(txn.enc)`);
    assert.equal(run(`var(txn.enc),aes_gcm_dec(128,${nonce},${key},txn.tag)`), 'secret');
    assert.equal(run(`var(txn.enc),bytes(1),aes_gcm_dec(128,${nonce},${key},txn.tag)`), undefined);
    const iv = Buffer.alloc(16, 3).toString('base64');
    run(`req.body,aes_cbc_enc(128,${iv},${key}),set-var(txn.cbc)`);
    assert.equal(run(`var(txn.cbc),aes_cbc_dec(128,${iv},${key})`), 'secret');
  });

  test('verify tokens of HMAC, RSA and ECDSA keys', () => {
    const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const files = new Map<string, string>();
    const verify = (algorithm: string, key: string, token: string) => {
      const withFiles = { ...env, readFile: (path: string) => files.get(path) ?? null };
      const parsed = compileExpression([`req.body,jwt_verify(${algorithm},"${key}")`], withFiles);
      assert.ok(!isError(parsed), JSON.stringify(parsed));
      return evaluateText(parsed.compiled, context({ requestPayload: token }));
    };
    const body = `${encode({ alg: 'x' })}.${encode({ iss: 'me', n: 5 })}`;
    const mac = createHmac('sha256', 'secret').update(body).digest('base64url');
    assert.equal(verify('HS256', 'secret', `${body}.${mac}`), '1');
    assert.equal(verify('HS256', 'other', `${body}.${mac}`), '0');
    assert.equal(verify('HS256', 'secret', body), '-3');
    for (const [algorithm, keys] of [
      ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
      ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ] as const) {
      files.set('/key.pem', keys.publicKey.export({ type: 'spki', format: 'pem' }).toString());
      const signature = sign('sha256', Buffer.from(body), { key: keys.privateKey, dsaEncoding: 'ieee-p1363' });
      assert.equal(verify(algorithm, '/key.pem', `${body}.${signature.toString('base64url')}`), '1');
      assert.equal(verify(algorithm, '/key.pem', `${body}x.${signature.toString('base64url')}`), '0');
    }
    assert.equal(textOf('req.body,jwt_payload_query("$.iss")', { requestPayload: `${body}.${mac}` }), 'me');
    assert.equal(textOf('req.body,jwt_payload_query("$.n","int"),add(1)', { requestPayload: `${body}.${mac}` }), '6');
    assert.equal(textOf('req.body,jwt_header_query', { requestPayload: `${body}.${mac}` }), '{"alg":"x"}');
  });
});
