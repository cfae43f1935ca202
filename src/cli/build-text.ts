import os from 'node:os';
import { FEATURES } from '../util/features.ts';
import { uringProblem } from '../util/libc.ts';
import { versionText } from './version.ts';

/** How events come, the preferred way first: io_uring for connections in the clear, epoll for all else and where there is none. */
function pollers(): string {
  const usable = uringProblem() === null;
  const uring = `   io_uring : pref=400,  test result ${usable ? 'OK' : 'FAILED'}`;
  const total = `Total: 2 (${usable ? 2 : 1} usable), will use ${usable ? 'io_uring' : 'epoll'}.`;
  return [uring, '      epoll : pref=300,  test result OK', total].join('\n');
}

/** What `-vv` prints: test tools look for TARGET, the feature list and the services, once each and in this order. */
export function buildText(): string {
  const features = Object.entries(FEATURES).map(([name, works]) => `${works ? '+' : '-'}${name}`);
  const { node, v8, uv } = process.versions;
  return `${versionText()}Build options :
  TARGET  = linux-glibc
  CPU     = ${process.arch}
  RUNTIME = node ${node} (v8 ${v8}, libuv ${uv})

Feature list : ${features.join(' ')}

Default settings :
  bufsize = 16384, maxrewrite = 1024

Built with multi-threading support (default=${os.availableParallelism()}).
Built with the Prometheus exporter as a service

Available polling systems :
${pollers()}

Available multiplexer protocols :
(protocols marked as <default> cannot be specified using 'proto' keyword)
         h2 : mode=HTTP  side=FE     mux=H2
  <default> : mode=HTTP  side=FE|BE  mux=H1
         h1 : mode=HTTP  side=FE|BE  mux=H1
  <default> : mode=TCP   side=FE|BE  mux=PASS

Available services : prometheus-exporter
`;
}
