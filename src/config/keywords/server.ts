/** Options of `server`, `server-template`, `default-server` and `add server` (manual, section 5.2). */

import type { ServerDraft } from '../draft-server.ts';
import { inertOptions, OptionTable } from './option.ts';
import { SERVER_CHECK_OPTIONS } from './server-checks.ts';
import { SERVER_NAME_OPTIONS } from './server-names.ts';
import { SERVER_PROXY_HEADER_OPTIONS } from './server-proxy-header.ts';
import { SERVER_SOURCE_OPTIONS } from './server-source.ts';
import { SERVER_TLS_OPTIONS } from './server-tls.ts';
import { SERVER_TRAFFIC_OPTIONS } from './server-traffic.ts';

export const SERVER_OPTIONS = new OptionTable<ServerDraft>([
  ...SERVER_TRAFFIC_OPTIONS,
  ...SERVER_CHECK_OPTIONS,
  ...SERVER_NAME_OPTIONS,
  ...SERVER_SOURCE_OPTIONS,
  ...SERVER_PROXY_HEADER_OPTIONS,
  ...inertOptions<ServerDraft>('noticed', 'the kernel default is used.', ['tfo', 'no-tfo']),
  ...inertOptions<ServerDraft>('noticed', 'health checks open their own connection.', [
    'check-pool-conn-name <name>',
    'check-reuse-pool',
    'no-check-reuse-pool',
  ]),
  ...inertOptions<ServerDraft>('refused', 'Logs are not balanced over servers.', ['log-bufsize <size>'], {
    notDynamic: true,
  }),
  ...inertOptions<ServerDraft>('refused', 'Servers are spoken to over TCP.', ['quic-cc-algo <algorithm>'], {
    notDynamic: true,
  }),
  ...SERVER_TLS_OPTIONS,
]);
