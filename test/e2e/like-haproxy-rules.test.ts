import assert from 'node:assert/strict';
import { after, suite, test } from 'node:test';
import { connect } from '../support/connection.ts';
import { origin } from '../support/origin.ts';
import { start, unlessHaproxy26 } from '../support/program.ts';

// What the differential run has found in what rules make of a request: each case holds on HAProxy, too.

/** Requests over one connection to a frontend with `a`, `b` and `c` as backends, of a server each that tells its name. */
interface Case {
  readonly name: string;
  readonly front: string;
  /** Lines of the backend `a`, which has the servers a, b and c; c is disabled. */
  readonly back?: string;
  /** What is sent, after `METHOD TARGET`, and what the response is like. A field `x-with` is a field of the response. */
  readonly exchanges: readonly (readonly [sent: string, answer: RegExp])[];
  /** The connection ends behind the one that there is. */
  readonly ends?: true;
  /** What HAProxy 2.6 does instead. */
  readonly unlike?: string;
}

const CASES: readonly Case[] = [
  {
    name: 'a name of a backend that does not exist ends the rules that choose one',
    front: `use_backend '%[path,field(2,/)]@'\nuse_backend b@`,
    exchanges: [
      ['GET /c', / 200 .*\r\n\r\nc GET/s],
      ['GET /none', / 200 .*\r\n\r\na GET/s],
      ['GET /', / 200 .*\r\n\r\na GET/s],
    ],
  },
  {
    name: 'a name of a server that does not exist ends the rules that choose one',
    front: '',
    back: `use-server '%[path,field(2,/)]' if TRUE\nuse-server b if TRUE\nbalance first`,
    exchanges: [
      ['GET /b', /\r\n\r\nb GET/],
      ['GET /none', /\r\n\r\na GET/],
    ],
  },
  {
    name: 'a rule chooses a server that is down where persistence is kept to',
    front: '',
    back: 'option persist\nuse-server c if TRUE',
    exchanges: [['GET /', /\r\n\r\nc GET/]],
  },
  {
    name: 'a rule passes over a server that is down',
    front: '',
    back: 'use-server c if TRUE\nuse-server b if TRUE',
    exchanges: [['GET /', /\r\n\r\nb GET/]],
  },
  {
    name: 'texts of answers have the status of the answer',
    front: `http-error status 403 content-type text/plain lf-string 'page %ST'
        http-request deny if { path /deny }
        http-request return status 201 content-type text/plain lf-string 'made %ST' if { path /return }
        http-response deny status 429 hdr x-status %ST if { res.hdr(x-no) 1 }`,
    exchanges: [
      ['GET /deny', / 403 .*\r\n\r\npage 403$/s],
      ['GET /return', / 201 .*\r\n\r\nmade 201$/s],
      ['GET /\nx-with: x-no: 1', / 429 .*\r\nx-status: 429\r\n/s],
    ],
  },
  {
    name: 'an http-error line takes back what the lines before it say of a status',
    front: `http-error status 403 content-type text/plain string front
        http-error status 404 content-type text/plain string front
        http-error status 404 default-errorfiles
        http-error status 200 default-errorfiles
        http-request deny if { path /front }
        http-request deny deny_status 404 if { path /built-in }
        http-request return status 200 default-errorfiles if { path /200 }`,
    back: `http-error status 403 content-type text/plain string back
        http-error status 403 default-errorfiles
        http-request deny if { path /back }
        http-request deny default-errorfiles if { path /page }`,
    exchanges: [
      ['GET /front', / 403 .*\r\n\r\nfront$/s],
      ['GET /built-in', / 404 .*content-length: 83\r\n/s],
      ['GET /200', / 200 .*<h1>200 OK/s],
      ['GET /back', / 403 .*\r\n\r\nfront$/s],
      ['GET /page', / 403 .*\r\n\r\nfront$/s],
    ],
  },
  {
    name: 'a cookie is kept out of caches where the answer to a TRACE could be kept',
    front: '',
    back: 'cookie SRV insert nocache',
    exchanges: [
      ['TRACE /\nx-with: cache-control: max-age=30', /\r\ncache-control: private\r\n/],
      ['POST /\nx-with: cache-control: max-age=30', /^(?!.*cache-control: private)/s],
    ],
  },
  {
    name: 'a HEAD that a rule makes a GET of is answered as one, and its server takes more requests',
    front: 'http-request set-method GET if { method HEAD }',
    exchanges: [
      ['HEAD /', /\r\ncontent-length: \d+\r\n(.*\r\n)*\r\n$/],
      ['GET /next', /\r\n\r\na GET \/next$/],
    ],
  },
  {
    name: "'redirect' lines are looked at behind 'http-request allow', too",
    front: `http-request allow if { path_beg /there }
        redirect location /fe if { path /there }`,
    back: `http-request allow if { path_beg /there/back }
        http-request set-header x-no 1
        redirect location /be if { path_end /back }`,
    exchanges: [
      ['GET /there', / 302 .*\r\nlocation: \/fe\r\n/s],
      ['GET /there/back', / 302 .*\r\nlocation: \/be\r\n/s],
      ['GET /', / 200 /],
    ],
  },
  {
    name: 'a response that a rule makes one without a body has none, and the connection goes on',
    front: '',
    back: `http-response set-status 204 if { res.hdr(x-no) 204 }
        http-after-response set-status 304 if { res.hdr(x-no) 304 }`,
    exchanges: [
      ['GET /\nx-with: x-no: 204', /^HTTP\/1.1 204 No Content\r\nx-no: 204\r\n\r\n$/],
      ['GET /a', /\r\n\r\n[ab] GET \/a$/],
      ['GET /\nx-with: x-no: 304', /^HTTP\/1.1 304 Not Modified\r\n(.*\r\n)*\r\n$/],
      ['GET /b', /\r\n\r\n[ab] GET \/b$/],
    ],
  },
  {
    name: 'answers of rules say nothing of a body where there is none',
    front: `http-request return status 204 if { path /204 }
        http-request return status 200 content-type text/plain string x hdr content-length 3`,
    exchanges: [
      ['GET /204', /^HTTP\/1.1 204 No Content\r\n\r\n$/],
      ['GET /', /^HTTP\/1.1 200 OK\r\ncontent-length: 1\r\ncontent-type: text\/plain\r\n\r\nx$/],
    ],
  },
  {
    name: 'rules see the length that a response without a body has',
    front: 'http-response set-header x-names %[res.hdr_names]',
    exchanges: [['GET /\nx-status: 204', /^HTTP\/1.1 204 .*\r\nx-names: content-length\r\n\r\n$/]],
  },
  {
    name: 'the backend of a request that has none is the frontend',
    front: `http-after-response set-header x-backend %[be_name]
        http-request return status 200`,
    exchanges: [['GET /', /\r\nx-backend: web\d+\r\n/]],
  },
  {
    name: 'the port of a target is told where its host is an address',
    front: `http-request return status 200 content-type text/plain lf-string '<%[url_port]>'`,
    exchanges: [
      ['GET http://192.0.2.1:81/', /<81>/],
      ['GET http://192.0.2.1/', /<80>/],
      ['GET https://192.0.2.1/', /<443>/],
      ['GET http://a.example:81/', /<>/],
    ],
  },
  {
    name: 'a CONNECT that a rule grants ends its connection',
    front: 'http-request return status 200',
    exchanges: [['CONNECT a:443', /^HTTP\/1.1 200 /]],
    ends: true,
  },
  {
    name: 'a request that a rule makes a HEAD of is answered at once, and its connection ends',
    front: 'http-request set-method HEAD',
    exchanges: [['GET /', /^HTTP\/1.1 200 .*\r\ncontent-length: 8\r\nconnection: close\r\n\r\n$/s]],
    ends: true,
    unlike: 'goes on behind the head as if a body had come',
  },
  {
    name: 'a CONNECT that a server grants and a rule refuses ends its connection',
    front: 'http-after-response set-status 404',
    exchanges: [['CONNECT a:443', /^HTTP\/1.1 404 .*\r\ncontent-length: 0\r\nconnection: close\r\n\r\n$/s]],
    ends: true,
    unlike: 'goes on with the tunnel',
  },
  {
    name: 'texts of which one begins with the other are apart by 1',
    front: `http-request set-var(txn.a) str(hello)
        http-request return status 200 content-type text/plain lf-string '%[str(h),strcmp(txn.a)] %[str(hello.),strcmp(txn.a)] %[str(b),strcmp(txn.a)]'`,
    exchanges: [['GET /', /\r\n\r\n-1 1 -6$/]],
  },
  {
    name: 'credentials of both schemes tell their scheme; a token is all that follows its own',
    front: `http-request return status 200 content-type text/plain lf-string '%[http_auth_type]: %[http_auth_bearer]'`,
    exchanges: [
      ['GET /\nauthorization: bearer  a b', /\r\n\r\nBearer: a b$/],
      ['GET /\nauthorization: basic YTpi', /\r\n\r\nBasic: $/],
      ['GET /\nauthorization: Digest x', /\r\n\r\n: $/],
      ['GET /', /\r\n\r\n: $/],
    ],
  },
  {
    name: 'pages that lead elsewhere have their fields in one order',
    front: 'errorloc 403 /there\nhttp-request deny',
    exchanges: [['GET /', / 302 Found\r\ncache-control: no-cache\r\ncontent-length: 0\r\nlocation: \/there\r\n\r\n$/]],
  },
  {
    name: 'a path that a rule has taken away is a key, too',
    front: '',
    back: `http-request set-path '%[req.hdr(x-none)]'\nbalance uri path-only`,
    exchanges: [
      ['GET /x?q', /\r\n\r\na GET/],
      ['GET /y?q', /\r\n\r\na GET/],
    ],
  },
  {
    name: 'rules do not change what tells the length of a message',
    front: `http-request set-header content-length 30
        http-request del-header Transfer-Encoding
        http-request del-header -length -m end
        http-response del-header content -m sub
        http-response add-header content-length 3`,
    exchanges: [
      ['GET /first', /\r\ncontent-length: 12\r\n\r\na GET \/first$/],
      ['GET /next', /\r\ncontent-length: 11\r\n\r\n[ab] GET \/next$/],
    ],
    unlike: 'ends connections whose lengths were changed, without an answer',
  },
  {
    name: 'a question mark stays where a query is taken away',
    front: `http-request set-query '%[req.hdr(x-none)]'`,
    exchanges: [
      ['GET /x?q', /\r\n\r\na GET \/x\?$/],
      ['GET /x', /\r\n\r\n[ab] GET \/x$/],
    ],
  },
  {
    name: 'what rules put in the place of no path is a path',
    front: `http-request set-path '%[path]x'`,
    exchanges: [
      ['GET http://a.example', /\r\n\r\na GET http:\/\/a.example\/x$/],
      ['GET http://a.example?q', /\r\n\r\n[ab] GET http:\/\/a.example\/x\?q$/],
      ['GET http://a.example/y', /\r\n\r\n[ab] GET http:\/\/a.example\/yx$/],
    ],
    unlike: 'sends the path alone, and refuses a query behind the authority',
  },
];

suite('what the differential run has found in rules', async () => {
  const servers = Object.fromEntries(
    await Promise.all(
      ['a', 'b', 'c'].map(async (name) => {
        const server = await origin({ after }, name);
        server.script = (request) => {
          const [field, value] = request.get('x-with')?.split(': ') ?? [];
          if (request.get('x-status') === '204') return 'HTTP/1.1 204 None\r\ncontent-length: 0\r\n\r\n';
          return {
            body: `${name} ${request.method} ${request.target}`,
            headers: field === undefined ? {} : { [field]: value! },
          };
        };
        return [name, server] as const;
      }),
    ),
  );
  const config = CASES.map(
    ({ front, back }, i) => `
    frontend web${i}
        bind {addr:web${i}}
        ${front.replaceAll('@', String(i))}
        default_backend a${i}
    backend a${i}
        ${back ?? 'balance first'}
        server a {addr:a} cookie a
        server b {addr:b} cookie b
        server c {addr:c} cookie c disabled
    backend b${i}
        server b {addr:b}
    backend c${i}
        server c {addr:c}
`,
  );
  const defaults = `
    defaults
        mode http
        timeout client 5s
        timeout connect 5s
        timeout server 5s
`;
  const run = await start({ after }, defaults + config.join(''), { ports: servers });
  for (const [i, { name, exchanges, ends, unlike }] of CASES.entries()) {
    test(name, unlike === undefined ? {} : unlessHaproxy26(unlike), async (t) => {
      const client = await connect(t, run.port(`web${i}`));
      for (const [sent, expected] of exchanges) {
        const request = `${sent.replace(/$/m, ` HTTP/1.1\r\nhost: ${/:\/\/([^/?\s]*)/.exec(sent)?.[1] ?? 'a'}`)}\r\n\r\n`;
        if (ends === true) {
          client.send(request);
          assert.match(await client.rest(), expected);
          continue;
        }
        const answer = await client.exchange(request);
        assert.match(answer.head + answer.text, expected);
      }
    });
  }
});
