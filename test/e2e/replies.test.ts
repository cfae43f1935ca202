import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { get } from '../support/connection.ts';
import { runToEnd, start } from '../support/program.ts';

/* Answers that rules make: each form of `return`, `deny` and `tarpit`. */

const run = await start(
  { after },
  `
http-errors errs
    errorfile 404 {dir}/page.http
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
    timeout tarpit 10
    errorfile 503 {dir}/page.http
frontend fe
    bind {addr:fe}
    http-request return if { path /r1 }
    http-request return status 404 if { path /r2 }
    http-request return status 404 default-errorfiles if { path /r4 }
    http-request return status 503 default-errorfiles if { path /r5 }
    http-request return errorfile {dir}/page.http if { path /r7 }
    http-request return status 404 errorfiles errs if { path /r8 }
    http-request return status 403 errorfiles errs if { path /r9 }
    http-request return status 200 hdr x-a "%[path]" hdr x-b b if { path /r10 }
    http-request return status 200 content-type text/plain file {dir}/raw.txt hdr x-a 1 if { path /r11 }
    http-request return content-type text/plain lf-file {dir}/raw.txt if { path /r12 }
    http-request return status 200 file {dir}/empty.txt if { path /r13 }
    http-request deny if { path /d1 }
    http-request deny deny_status 429 if { path /d2 }
    http-request deny status 418 if { path /d3 }
    http-request deny status 404 hdr x-a b if { path /d4 }
    http-request deny status 404 content-type text/plain string "gone %[path]" if { path /d5 }
    http-request deny status 404 content-type text/plain lf-string "gone %[path]" hdr x-a b if { path /d6 }
    http-request deny errorfiles errs if { path /d7 }
    http-request deny status 404 errorfiles errs if { path /d8 }
    http-request deny errorfile {dir}/page.http if { path /d10 }
    http-request deny status 404 if { path /d11 }
    http-request return status 500 errorfile {dir}/page.http if { path /r14 }
    http-request return status 499 errorfile {dir}/page.http if { path /r15 }
    http-request tarpit status 429 content-type text/plain string slow if { path /t1 }
    http-request tarpit if { path /t2 }
    http-request tarpit deny_status 404 if { path /t3 }
`,
  {
    files: {
      'page.http': 'HTTP/1.1 418 Teapot\r\nX-From: file\r\nContent-Type: text/x\r\n\r\nfile body',
      'raw.txt': 'raw %[path]',
      'empty.txt': '',
    },
  },
);

const page = ['x-from: file', 'content-type: text/x'];
const html = ['cache-control: no-cache', 'content-type: text/html'];
const plain = ['content-type: text/plain'];

/** Path; status; fields but for the length and the connection; how the body begins. */
const cases: readonly [string, number, readonly string[], string][] = [
  ['/r1', 200, [], ''],
  ['/r2', 404, [], ''],
  ['/r4', 404, html, '<html><body><h1>404 Not Found'],
  ['/r5', 418, page, 'file body'],
  ['/r7', 418, page, 'file body'],
  ['/r8', 418, page, 'file body'],
  ['/r9', 403, [], ''],
  ['/r10', 200, ['x-a: /r10', 'x-b: b'], ''],
  ['/r11', 200, ['x-a: 1', ...plain], 'raw %[path]'],
  ['/r12', 200, plain, 'raw /r12'],
  ['/r13', 200, [], ''],
  ['/d1', 403, html, '<html><body><h1>403 Forbidden'],
  ['/d2', 429, html, '<html><body><h1>429 Too Many Requests'],
  ['/d3', 418, [], ''],
  ['/d4', 404, ['x-a: b'], ''],
  ['/d5', 404, plain, 'gone %[path]'],
  ['/d6', 404, ['x-a: b', ...plain], 'gone /d6'],
  ['/d7', 403, [], ''],
  ['/d8', 418, page, 'file body'],
  ['/d10', 418, page, 'file body'],
  ['/d11', 404, [], ''],
  ['/r14', 418, page, 'file body'],
  ['/r15', 418, page, 'file body'],
  ['/t1', 429, plain, 'slow'],
  ['/t2', 500, html, '<html><body><h1>500 Internal Server Error'],
  ['/t3', 404, html, '<html><body><h1>404 Not Found'],
];

for (const [path, status, fields, body] of cases) {
  test(`${path} is answered with ${status}`, async () => {
    const answer = await get(run.port('fe'), path);
    const shown = answer.fields
      .map(([name, value]) => `${name}: ${value}`)
      .filter((field) => !/^(?:content-length|connection):/.test(field));
    assert.deepEqual([answer.status, shown], [status, fields]);
    if (body === '') assert.equal(answer.text, '');
    else assert.ok(answer.text.startsWith(body), answer.text);
  });
}

for (const [line, why] of [
  ['http-request return status 200 string abc', /a content type must be defined when non-empty payload/],
  ['http-request return status 204 content-type text/plain string abc', /No body expected for 204 responses/],
  ['http-request return errorfiles nobody', /unknown http-errors section 'nobody' referenced by an http reply/],
  ['http-request return errorfile /nonexistent', /\/nonexistent/],
  ['http-request return status 99', /status/],
  [
    'http-request return content-type text/plain string a string b',
    /unexpected 'string' argument, 'string' already defined\.$/m,
  ],
  [
    'http-request deny status 404 default-errorfiles errorfile /x',
    /'errorfile' argument, 'default-errorfiles' already/,
  ],
  [
    'http-request return status 418 default-errorfiles',
    /status code '418' not handled by default with 'default-errorf/,
  ],
  [
    'http-request tarpit deny_status 418',
    /status code '418' not handled by default with 'default-errorfiles' argument/,
  ],
  ['http-request return lf-file /dev/null', /a content type must be defined with a log-format payload/],
  ['http-request return deny_status 404', /'deny_status' is not supported here/],
  ['http-request redirect location /x set-cookie', /missing argument for 'set-cookie'/],
  ['http-request redirect location /x clear-cookie', /missing argument for 'clear-cookie'/],
  ['tcp-response content accept', /tcp-response content is only allowed in 'backend' sections/],
] as const) {
  test(`refused: ${line}`, async () => {
    const exit = await runToEnd(`frontend f\n    mode http\n    bind {addr:a}\n    ${line}\n`, {
      argv: ['-c', '-f', '{config}'],
    });
    assert.equal(exit.code, 1);
    assert.match(exit.stderr, why);
  });
}

for (const [line, why] of [
  [
    'status 404 content-type text/plain',
    "content-type 'text/plain' ignored by the http reply because neither errorfile nor payload",
  ],
  [
    'status 404 default-errorfiles content-type a/b',
    "content-type 'a/b' ignored by the http reply when used with an errorfile",
  ],
  ['status 404 default-errorfiles hdr a b', 'hdr parameters ignored by the http reply when used with an errorfile'],
  ['content-type a/b file /dev/null', "content-type 'a/b' ignored by the http reply when used with an empty payload"],
  ['status 500 errorfiles errs', "status '500' referenced by an http reply not declared in http-errors section 'errs'"],
] as const) {
  test(`without effect, and told: ${line}`, async () => {
    const text = `http-errors errs\nfrontend f\n    mode http\n    bind {addr:a}\n    http-request return ${line}\n`;
    const exit = await runToEnd(text, { argv: ['-c', '-f', '{config}'] });
    assert.equal(exit.code, 0);
    assert.match(exit.stderr, /parsing \[.*:5\] : /);
    assert.ok(exit.stderr.includes(why), exit.stderr);
  });
}
