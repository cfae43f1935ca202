import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { connectionErrorLine, connectLine } from '../../src/expr/log/connection.ts';
import { gmtDate, localDate, localDateWithMs } from '../../src/expr/log/dates.ts';
import {
  CLF_LOG_FORMAT,
  HTTP_LOG_FORMAT,
  HTTPS_LOG_FORMAT,
  TCP_CLF_LOG_FORMAT,
  TCP_LOG_FORMAT,
} from '../../src/expr/log/default-formats.ts';
import { compileLogFormat } from '../../src/expr/log/format.ts';
import type { LogFormatOptions } from '../../src/expr/log/parser.ts';
import { place } from '../../src/expr/row.ts';
import { isError } from '../../src/expr/sample.ts';
import type { ClientTlsFacts, ExprContext } from '../../src/expr/types.ts';
import { context, logFacts } from './context.ts';

const date = localDateWithMs(logFacts.acceptDate);
const requestDate = localDateWithMs(logFacts.requestDate);

function format(text: string, ctx: ExprContext = context(), options: LogFormatOptions = { line: true }): string {
  const compiled = compileLogFormat(text, { places: place.logs }, options);
  assert.ok(!isError(compiled), JSON.stringify(compiled));
  return compiled.format(ctx);
}

describe('the default formats', () => {
  test('print a line of option httplog', () => {
    assert.equal(
      format(HTTP_LOG_FORMAT),
      `192.0.2.7:50123 [${requestDate}] fe be/s1 1/2/3/4/16 200 2750 - - ---- 1/2/3/4/0 0/0 "GET /a?b=c HTTP/1.1"`,
    );
  });

  test('print captures, cookies and retries', () => {
    const log = {
      captures: { request: ['a{b', null], response: ['c'] },
      requestCookie: 'sid=1',
      retries: 2,
      redispatched: true,
      logAsap: true,
      termination: 'SDVN',
      serverName: '<STATS>',
    };
    assert.equal(
      format(HTTP_LOG_FORMAT, context({ log })),
      `192.0.2.7:50123 [${requestDate}] fe be/<STATS> 1/2/3/4/+16 200 +2750 sid=1 - SDVN 1/2/3/4/+2 0/0 ` +
        '{a#7Bb|} {c} "GET /a?b=c HTTP/1.1"',
    );
  });

  test('print a line of option httpslog on a clear connection', () => {
    assert.ok(format(HTTPS_LOG_FORMAT).endsWith(' "GET /a?b=c HTTP/1.1" 0/-/-/-/0 -/-/-'));
  });

  test('print a line of option httpslog on a TLS connection', () => {
    const tls = {
      sni: 'a.b',
      alpn: 'h2',
      resumed: true,
      error: 255,
      certificateError: 1,
      authorityError: 2,
      protocol: 'TLSv1.3',
      cipher: 'TLS_AES_128_GCM_SHA256',
      certificateUsed: true,
    } as ClientTlsFacts;
    const ctx = context({ log: { ssl: true, sslVersion: 'TLSv1.3', sslCipher: 'AES' }, more: { tls } });
    const line = format(HTTPS_LOG_FORMAT, ctx);
    assert.ok(line.includes(' fe~ be/s1 '));
    assert.ok(line.endsWith(' 0/00000000000000FF/1/2/1 a.b/TLSv1.3/AES'));
  });

  test('print a line of option tcplog', () => {
    assert.equal(
      format(TCP_LOG_FORMAT, context(), { line: true, http: false }),
      `192.0.2.7:50123 [${date}] fe be/s1 2/3/21 2750 -- 1/2/3/4/0 0/0`,
    );
  });

  test('print lines of the CLF forms', () => {
    const ctx = context({ log: { captures: { request: [null, 'x'], response: [] } } });
    assert.equal(
      format(CLF_LOG_FORMAT, ctx),
      `192.0.2.7 - - [${gmtDate(logFacts.requestDate)}] "GET /a?b=c HTTP/1.1" 200 2750 "" "" 50123 007 ` +
        '"fe" "be" "s1" 1 2 3 4 16 ---- 1 2 3 4 0 0 0 "" "" "" "x" ',
    );
    assert.ok(
      format(TCP_CLF_LOG_FORMAT, ctx, { line: true, http: false }).includes('] "TCP " 000 2750 "" "" 50123 007 '),
    );
  });
});

describe('aliases', () => {
  test('print hosts, ports and numbers in hex where told to', () => {
    assert.equal(format('%{+X}ci:%{+X}cp %{+X}pid %{+X}rt %{+X}Ts'), 'C0000207:C3CB 1092 0011 65C616C3');
    const ctx = context({ source: { host: '2001:db8::1', port: 1 } });
    assert.equal(format('%ci %{+X}ci', ctx), '2001:db8::1 20010DB8000000000000000000000001');
  });

  test('tell of unix clients', () => {
    assert.equal(format('%ci:%cp', context({ source: { host: '', port: 0 } })), 'unix:1');
  });

  test('print times, -1 for phases never reached', () => {
    const log = { requestTime: -1, queueTime: -1, connectTime: -1, responseTime: -1, dataTime: -1 };
    assert.equal(format('%Th %Ti %TR %Tq %Tw %Tc %Tr %Td %Ta %Tt %Tu'), '0 5 1 6 2 3 4 6 16 21 16');
    assert.equal(format('%TR %Tq %Tw %Tc %Tr %Td', context({ log })), '-1 -1 -1 -1 -1 -1');
  });

  test('print what cannot be parsed as a request', () => {
    const ctx = context({ log: { requestLine: '<BADREQ>' } });
    assert.equal(format('%r|%HM|%HP|%HPO|%HQ|%HU|%HV', ctx), new Array(7).fill('<BADREQ>').join('|'));
  });

  test('print the rest', () => {
    assert.equal(format('%H %pid %ac %fc %bc %sc %U %rt %ID'), 'node1 4242 1 2 3 4 100 17 id-1');
    assert.equal(format('%si:%sp %bi:%bp'), '10.0.0.9:8080 10.0.0.8:4000');
    assert.equal(format('%OG', context({ log: { origin: 'txn' } })), 'txn');
    assert.equal(format('%T', context()), '09/Feb/2024:12:12:51 +0000');
    assert.equal(format('%Tl %trl'), `${localDate(logFacts.acceptDate)} ${localDate(logFacts.requestDate)}`);
  });

  test('count lines per frontend when nobody else does', () => {
    const ctx = context();
    assert.equal(format('%lc %lc', ctx), '0 1');
    assert.equal(format('%lc', context({ log: { logCount: 77 } })), '77');
  });

  test('of HTTP are refused elsewhere', () => {
    const refused = compileLogFormat('%ci %r', { places: place.logs }, { line: true, http: false });
    assert.deepEqual(refused, { error: "format alias 'r' is reserved for HTTP mode" });
  });
});

describe('expressions in lines', () => {
  test('cannot forge a line', () => {
    assert.equal(format('%[str("a\\r\\nb\\tc")]'), 'a#0D#0Ab\tc');
  });

  test('must be available where logs are made', () => {
    const refused = compileLogFormat('%[req.hdr(host)]', { places: place.logs }, { line: true });
    assert.deepEqual(refused, {
      error:
        "sample fetch <req.hdr> may not be reliably used here because it needs 'HTTP request headers' which is not available here",
    });
  });
});

describe('encoded lines', () => {
  const text =
    '%{+json}o %(client)ci:%cp %(port)cp %(request)r "text" %(status:str)ST %(cookie)CC %[src] %(expr)[str("a\\"\\n")] ' +
    '%(flag)[bool(1)] %(none)[var(txn.none)] %(n:sint)[str(12)] %(yes:bool)[int(3)] %(big)[int(9223372036854775807)]';

  test('are JSON with the named items only', () => {
    const line = format(text);
    assert.equal(
      line,
      '{"client": "192.0.2.7", "port": 50123, "request": "GET /a?b=c HTTP/1.1", "status": "200", "cookie": "", ' +
        '"expr": "a\\"\\n", "flag": true, "none": "", "n": 12, "yes": true, "big": 9223372036854775807}',
    );
    JSON.parse(line);
  });

  test('are numbers even when written early', () => {
    assert.equal(format('%{+json}o %(bytes)B', context({ log: { logAsap: true } })), '{"bytes": 2750}');
  });

  test('are CBOR in hex, or bytes', () => {
    // {_ "a": 200, "b": -1, "c": "x", "d": true, "e": null}, RFC 8949.
    const cbor = 'BF616118C8616220616361786164F56165F6FF';
    const items = '%(a)ST %(b)[int(-1)] %(c)[str(x)] %(d)[bool(1)] %(e)[var(txn.none)]';
    assert.equal(format(`%{+cbor}o ${items}`), cbor);
    assert.equal(
      Buffer.from(format(`%{+cbor,+bin}o ${items}`), 'latin1')
        .toString('hex')
        .toUpperCase(),
      cbor,
    );
    assert.equal(format('%{+cbor}o %(n)[int(4294967296)]'), 'BF616E1B0000000100000000FF');
  });

  test('may be single items', () => {
    assert.equal(format('x=%{+json}[str("a\\"b")]'), 'x="a\\"b"');
    assert.equal(format('%{+json}ST %{+json}hr %(:str){+json}[int(5)] %{+json}[var(txn.none)]|'), '200 null "5" ""|');
    assert.equal(format('%{+cbor}[str(x)] %{+cbor}ST'), '6178 18C8');
  });

  test('have an escape for each byte that is no visible ASCII in JSON, and the bytes themselves in CBOR', () => {
    const text = 'str(A%1B[31m%09B%22C%5CD%C3%A9),url_dec';
    assert.equal(format(`%{+json}[${text}]`), '"A\\u001B[31m\\tB\\"C\\\\D\\u00C3\\u00A9"');
    assert.equal(format('%{+cbor}[str(A%C3%A9B),url_dec]'), '6441C3A942');
    assert.equal(format('%{+json}[str(Gw==),b64dec]'), '"\\u001B"');
  });

  test('tell bytes from text in CBOR, and captures one by one', () => {
    assert.equal(format('%{+cbor}o%(v)[str(qq==),b64dec]'), 'BF61765F41AAFFFF');
    const ctx = context({ log: { captures: { request: ['a', null, '"'], response: [] } } });
    assert.equal(
      format('%{+json}o %(hr)hr %(hrl)hrl %(hs)hs %(hsl)hsl %(ms)ms', ctx),
      '{"hr": "{a||#22}", "hrl": ["a", "-", "#22"], "hs": null, "hsl": null, "ms": 7}',
    );
    assert.equal(format('%{+cbor}o %(a)hrl', ctx), 'BF61619F7F6161FF7F612DFF7F6063233232FFFFFF');
  });

  test('are encoded one way only, which holds for what is in front of %o, too, and not where some of them are not', () => {
    assert.equal(
      format('%(a)ST %{+json,+cbor}o %{+cbor}(b)ST'.replace('%{+cbor}(b)', '%(b){+cbor}')),
      '{"a": 200, "b": 200}',
    );
    assert.equal(format('%{+json}o %(a)HM %{-json}o %(b)HM'), ' "GET" GET'.slice(1));
  });

  test('are no headers: encoding is for lines and variables', () => {
    assert.equal(format('%{+json}o %(a)HM', context(), {}), ' GET');
    assert.equal(format('%{+json}o %(a)HM', context(), { raw: true }), '{"a": "GET"}');
  });

  test('keep bytes where all items are to', () => {
    const compiled = compileLogFormat('%{+bin}o %[str(AQoC),b64dec]|', { places: place.logs }, { line: true });
    assert.ok(!isError(compiled));
    assert.deepEqual([compiled.binary, compiled.format(context())], [true, '\x01\n\x02|']);
    assert.equal(format('%{+bin}[str(AQoC),b64dec]|'), '#01#0A#02|');
  });

  test('refuse names and types that they do not know', () => {
    for (const bad of ['%(a.b)ST', '%(a:int)ST', '%(a']) {
      assert.ok(isError(compileLogFormat(bad, { places: place.logs })), bad);
    }
  });
});

describe('formats', () => {
  test('take a % in front of a sign for nothing', () => {
    assert.equal(format('%-a %.5 %"%%'), '-a .5 "%');
  });

  test('refuse a % that nothing follows that it could stand for', () => {
    for (const [text, error] of [
      [
        '% a',
        "unexpected alias name near ' ' at position 1 line : '% a'. Maybe you want to write a single '%', use the syntax '%%'",
      ],
      [
        '%1',
        "unexpected alias name near '1' at position 1 line : '%1'. Maybe you want to write a single '%', use the syntax '%%'",
      ],
      ['a%', "truncated line after '%'"],
      ['%{+Q}', "parse argument modifier without alias name near '%{+Q}'"],
      ['%{+Q}-', "parse argument modifier without alias name near '%{+Q}'"],
    ] as const)
      assert.deepEqual(compileLogFormat(text, { places: place.logs }, { line: true }), { error });
  });

  test('of unique IDs begin with no blank and have one where several are', () => {
    assert.equal(format('%{+X}o %pid  %[str(a)]', context(), { merged: true }), '1092 a');
  });
});

describe('lines without a format', () => {
  test('tell of a connection that failed, and of a new one', () => {
    const ctx = context();
    assert.equal(
      connectionErrorLine(ctx, 'Connection closed'),
      `192.0.2.7:50123 [${date}] fe/public: Connection closed`,
    );
    const unnamed = context({ more: { listenerName: '' }, source: { host: '', port: 0 } });
    assert.equal(connectionErrorLine(unnamed, 'x'), `unix:1 [${date}] fe/1: x`);
    assert.equal(connectLine(ctx, 'HTTP'), 'Connect from 192.0.2.7:50123 to 127.0.0.1:80 (fe/HTTP)');
    assert.equal(connectLine(unnamed, 'TCP'), 'Connect from unix:1 (fe/TCP)');
  });
});

test('texts of rules keep blanks and encode control chars', () => {
  assert.equal(format('a  %[str("x\\ny")]  %[var(txn.none)]|', context(), {}), 'a  x%0Ay  |');
  const constant = compileLogFormat('50%% of  it', { places: place.logs });
  assert.ok(!isError(constant));
  assert.equal(constant.constant, '50% of  it');
});
