/** Keywords of the `global` section that are without effect here, or refused. */

import type { ConfigDraft } from '../draft.ts';
import type { Row } from './global-keyword.ts';
import { noticed, refused } from './table.ts';

/** Without effect: it is said why under `-V`. */
export const GLOBAL_NOTICED: Row[] = [
  ...noticed<ConfigDraft>(
    "Node's event loop polls by itself.",
    ['noepoll', 'noevports', 'nokqueue', 'nopoll', 'busy-polling'],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('there is one process; nbthread sets the number of traffic threads.', ['nbproc <number>']),
  ...noticed<ConfigDraft>(
    'the kernel places the threads.',
    [
      'cpu-map <threads> <cpus>',
      'cpu-affinity <mode>',
      'cpu-policy <policy>',
      'cpu-set <directive>',
      'numa-cpu-mapping',
      'thread-group <group> <threads>',
      'thread-groups <number>',
      'max-threads-per-group <number>',
    ],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('memory is managed by the JavaScript engine.', [
    'no-memory-trimming',
    'prealloc-fd',
    'maxpipes <number>',
  ]),
  ...noticed<ConfigDraft>('compression keeps no memory between the pieces of a body.', ['maxzlibmem <number>']),
  ...noticed<ConfigDraft>(
    'it is for the debugging of HAProxy itself.',
    [
      'set-dumpable',
      'stress-level <number>',
      'force-cfg-parser-pause <time>',
      'profiling.memory {on|off}',
      'warn-blocked-traffic-after <time>',
      'anonkey <number>',
    ],
    { negatable: true },
  ),
  ...noticed<ConfigDraft>('messages are left out with -q.', ['quiet']),
  ...noticed<ConfigDraft>('no keyword here is experimental or deprecated.', [
    'expose-deprecated-directives',
    'expose-experimental-directives',
  ]),
  ...noticed<ConfigDraft>('there is no QUIC.', ['limited-quic', 'no-quic']),
  ...noticed<ConfigDraft>('data is always moved through buffers.', ['nosplice']),
  ...noticed<ConfigDraft>("the threads' sockets need it.", ['noreuseport']),
  ...noticed<ConfigDraft>("names are resolved by the machine's resolver.", ['nogetaddrinfo']),
  ...noticed<ConfigDraft>('set nbthread.', ['thread-hard-limit <number>']),
  ...noticed<ConfigDraft>('the limit is that of the process, which ulimit-n sets.', ['fd-hard-limit <number>']),
  ...noticed<ConfigDraft>('both families are asked for; resolve-prefer chooses.', [
    'dns-accept-family {ipv4|ipv6|auto}',
  ]),
  ...noticed<ConfigDraft>('a reload starts no process.', ['mworker-max-reloads <number>']),
  ...noticed<ConfigDraft>('limits that cannot be set are reported and never end the start.', ['strict-limits'], {
    negatable: true,
  }),
  ...noticed<ConfigDraft>('connections close over time by their timeouts.', ['close-spread-time <time>']),
  ...noticed<ConfigDraft>('statistics are kept across reloads, which do not start a new process.', [
    'shm-stats-file <file>',
    'shm-stats-file-max-objects <number>',
  ]),
  ...noticed<ConfigDraft>('privileged source ports are not treated apart.', [
    'harden.reject-privileged-ports.quic {on|off}',
    'harden.reject-privileged-ports.tcp {on|off}',
  ]),
  ...noticed<ConfigDraft>(
    'requests to ACME and OCSP servers have limits of their own, and names are resolved by the machine.',
    [
      'httpclient.resolvers.disabled {on|off}',
      'httpclient.resolvers.id <name>',
      'httpclient.resolvers.prefer {ipv4|ipv6}',
      'httpclient.retries <number>',
      'httpclient.timeout.connect <time>',
    ],
  ),
  ...noticed<ConfigDraft>('there are no QUIC connections, which it is for.', ['cluster-secret <secret>']),
];

/** Refused: each says what to use. */
export const GLOBAL_REFUSED: Row[] = [
  ...refused<ConfigDraft>('Use http-request rules.', [
    'lua-load <file>',
    'lua-load-per-thread <file>',
    'lua-prepend-path <path>',
  ]),
  ...refused<ConfigDraft>('Detect devices in the application.', [
    '51degrees-cache-size <number>',
    '51degrees-data-file <file>',
    '51degrees-property-name-list <names>',
    '51degrees-property-separator <string>',
    'deviceatlas-json-file <file>',
    'deviceatlas-log-level <number>',
    'deviceatlas-properties-cookie <name>',
    'deviceatlas-separator <string>',
    'wurfl-cache-size <number>',
    'wurfl-data-file <file>',
    'wurfl-information-list <names>',
    'wurfl-information-list-separator <string>',
  ]),
];
