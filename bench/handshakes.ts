import { createSecureContext } from 'node:tls';
import type { NativeContext } from '../src/net/bindings.ts';
import { tcpTransport } from '../src/net/tcp.ts';
import { connectTls } from '../src/net/tls.ts';
import type { Conn } from '../src/net/transport.ts';

// node bench/handshakes.ts PORT SECONDS full|resumed [NAMES]: connects over TLS 1.3 again and again, with one small request each, and
// prints how many connections that were, and how many of them resumed a session. With NAMES, the name is one of `s0.bench.test`,
// `s1.bench.test`, ... in turn; with 0 SECONDS each of them is asked for once.

const [port, seconds, kind, many = '0'] = process.argv.slice(2);
const CLIENTS = 16;
const request = 'GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n';
const context = createSecureContext({ ca: [] }).context as NativeContext;
const names = Number(many);
const end = seconds === '0' ? Number.POSITIVE_INFINITY : performance.now() + Number(seconds) * 1000;
// Names that are far apart follow each other.
const STRIDE = 7919;
let begun = 0;
const none = { onData() {}, onEnd() {}, onDrain() {}, onConnect() {} };
let requests = 0;
let resumed = 0;
let errors = 0;
let running = CLIENTS;

function next(session: Buffer | null): void {
  if (performance.now() >= end || (seconds === '0' && begun >= names)) {
    if (--running === 0) console.log(JSON.stringify({ requests, resumed, errors }));
    return;
  }
  const servername = names === 0 ? 'bench.test' : `s${(begun++ * STRIDE) % names}.bench.test`;
  let kept = session;
  let over = false;
  const done = (conn: Conn) => {
    if (over) return;
    over = true;
    conn.destroy();
    next(kind === 'resumed' ? kept : null);
  };
  const failed = () => {
    errors++;
    done(raw);
  };
  const spec = { family: 'inet', host: '127.0.0.1', port: Number(port), sourceHost: null, sourcePort: 0 } as const;
  const raw = tcpTransport.connect(spec, {
    ...none,
    onError: failed,
    onConnect() {
      const onSession = kind === 'resumed' ? (told: Buffer) => void (kept = told) : null;
      const begin = {
        context,
        servername,
        alpn: ['http/1.1'],
        session,
        onSession,
        keylog: false,
        watch: false,
        onClosed: null,
      };
      const conn = connectTls(raw, begin, {
        ...none,
        onError: failed,
        onConnect: () => void conn.writeLatin1(request),
        onData() {
          requests++;
          if (conn.tls.isSessionReused()) resumed++;
          done(conn);
        },
        onEnd: () => done(conn),
      });
      conn.hello();
    },
  });
}

for (let client = 0; client < CLIENTS; client++) next(null);
