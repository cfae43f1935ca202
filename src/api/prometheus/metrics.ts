import { STAT } from '../../model/stat-fields.ts';

/** How a metric is made of a row of statistics. */
export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Position of the field (STAT). */
  readonly field: number;
  /** Divisor: 1000 for times, which fields have in ms and metrics in s. */
  readonly unit: number;
  /** Only proxies in mode http have it. */
  readonly http: boolean;
  /** One sample for each class of response, the first one's field being `field`. */
  readonly codes: boolean;
  /** Not for servers whose checks are off; for durations, nor before the first check. */
  readonly check: 'none' | 'code' | 'duration';
}

type Field = keyof typeof STAT;
type Row = readonly [
  name: string,
  field: Field,
  help: string,
  options?: Partial<Pick<Metric, 'unit' | 'http' | 'codes' | 'check'>>,
];

/** Names that are used for several kinds of objects, with their fields. `_total` at the end makes a counter. */
const COMMON = {
  current_queue: ['current_queue', 'qcur', 'Requests waiting in the queue now'],
  max_queue: ['max_queue', 'qmax', 'Most requests seen waiting in the queue'],
  current_sessions: ['current_sessions', 'scur', 'Sessions now'],
  max_sessions: ['max_sessions', 'smax', 'Most sessions seen at once'],
  limit_sessions: ['limit_sessions', 'slim', 'Limit on sessions: maxconn, or fullconn of a backend'],
  sessions_total: ['sessions_total', 'stot', 'Sessions since the start'],
  bytes_in_total: ['bytes_in_total', 'bin', 'Bytes received from clients'],
  bytes_out_total: ['bytes_out_total', 'bout', 'Bytes sent to clients'],
  requests_denied_total: ['requests_denied_total', 'dreq', 'Requests denied by a rule'],
  responses_denied_total: ['responses_denied_total', 'dresp', 'Responses denied by a rule'],
  request_errors_total: ['request_errors_total', 'ereq', 'Invalid or unfinished requests'],
  connection_errors_total: ['connection_errors_total', 'econ', 'Connections to servers that failed'],
  response_errors_total: ['response_errors_total', 'eresp', 'Invalid or unfinished responses'],
  retry_warnings_total: ['retry_warnings_total', 'wretr', 'Attempts to connect again to the same server'],
  redispatch_warnings_total: ['redispatch_warnings_total', 'wredis', 'Requests sent to another server after a failure'],
  weight: ['weight', 'weight', 'Effective weight; of a backend: the sum of those of its servers in use'],
  uweight: ['uweight', 'uweight', 'Weight as set by users; of a backend: the sum of those of its servers in use'],
  check_up_down_total: ['check_up_down_total', 'chkdown', 'Transitions from up to down'],
  check_last_change_seconds: ['check_last_change_seconds', 'lastchg', 'Time since the last change of state'],
  downtime_seconds_total: ['downtime_seconds_total', 'downtime', 'Time spent down'],
  loadbalanced_total: ['loadbalanced_total', 'lbtot', 'Requests for which the balancing algorithm chose a server'],
  max_session_rate: ['max_session_rate', 'rate_max', 'Most new sessions seen in a second'],
  http_responses_total: [
    'http_responses_total',
    'hrsp_1xx',
    'Responses, by class of their status',
    { http: true, codes: true },
  ],
  http_requests_total: ['http_requests_total', 'req_tot', 'HTTP requests', { http: true }],
  client_aborts_total: ['client_aborts_total', 'cli_abrt', 'Transfers given up by the client'],
  server_aborts_total: ['server_aborts_total', 'srv_abrt', 'Transfers given up by the server'],
  http_comp_bytes_in_total: ['http_comp_bytes_in_total', 'comp_in', 'Bytes given to compression', { http: true }],
  http_comp_bytes_out_total: [
    'http_comp_bytes_out_total',
    'comp_out',
    'Bytes that compression made of them',
    { http: true },
  ],
  http_comp_bytes_bypassed_total: [
    'http_comp_bytes_bypassed_total',
    'comp_byp',
    'Bytes that compression let pass',
    { http: true },
  ],
  http_comp_responses_total: ['http_comp_responses_total', 'comp_rsp', 'Compressed responses', { http: true }],
  last_session_seconds: ['last_session_seconds', 'lastsess', 'Time since the last session, -1 before the first one'],
  queue_time_average_seconds: ['queue_time_average_seconds', 'qtime', 'Mean time in the queue', { unit: 1000 }],
  connect_time_average_seconds: ['connect_time_average_seconds', 'ctime', 'Mean time to connect', { unit: 1000 }],
  response_time_average_seconds: [
    'response_time_average_seconds',
    'rtime',
    'Mean time to the response',
    { unit: 1000 },
  ],
  total_time_average_seconds: ['total_time_average_seconds', 'ttime', 'Mean time of a session', { unit: 1000 }],
  max_queue_time_seconds: ['max_queue_time_seconds', 'qtime_max', 'Longest time in the queue', { unit: 1000 }],
  max_connect_time_seconds: ['max_connect_time_seconds', 'ctime_max', 'Longest time to connect', { unit: 1000 }],
  max_response_time_seconds: ['max_response_time_seconds', 'rtime_max', 'Longest time to the response', { unit: 1000 }],
  max_total_time_seconds: ['max_total_time_seconds', 'ttime_max', 'Longest session', { unit: 1000 }],
  failed_header_rewriting_total: [
    'failed_header_rewriting_total',
    'wrew',
    'Changes of headers for which there was no room',
  ],
  connection_attempts_total: ['connection_attempts_total', 'connect', 'Attempts to connect to a server'],
  connection_reuses_total: [
    'connection_reuses_total',
    'reuse',
    'Requests sent over a connection that was open already',
  ],
  http_cache_lookups_total: [
    'http_cache_lookups_total',
    'cache_lookups',
    'Requests looked up in the cache',
    { http: true },
  ],
  http_cache_hits_total: ['http_cache_hits_total', 'cache_hits', 'Requests answered by the cache', { http: true }],
  internal_errors_total: ['internal_errors_total', 'eint', 'Errors inside the load balancer'],
  denied_connections_total: ['denied_connections_total', 'dcon', 'Connections refused by a rule'],
  denied_sessions_total: ['denied_sessions_total', 'dses', 'Sessions refused by a rule'],
} as const satisfies Record<string, Row>;

const c = COMMON;

/** The states of a frontend, listener, backend and server have no field: `STATUS` marks their place. */
export const STATUS = -1;
/** As does the status of checks, and how many servers of a backend are in each state. */
export const CHECK_STATUS = -2;
export const SERVER_STATES = -3;
export const CHECK_STATES = -4;

const place = (name: string, help: string, field: number): Metric => ({
  name, type: 'gauge', help, field, unit: 1, http: false, codes: false, check: 'none',
}); // biome-ignore format: short

function table(kind: string, rows: readonly (Row | Metric)[]): readonly Metric[] {
  return rows.map((row) => {
    if ('name' in row) return { ...row, name: `haproxy_${kind}_${row.name}` };
    const [name, field, help, options] = row;
    return {
      name: `haproxy_${kind}_${name}`,
      type: name.endsWith('_total') ? 'counter' : 'gauge',
      help,
      field: STAT[field],
      unit: options?.unit ?? 1,
      http: options?.http ?? false,
      codes: options?.codes ?? false,
      check: options?.check ?? 'none',
    };
  });
}

const status = place('status', 'State now: 1 for the one that applies', STATUS);

export const FRONTEND_METRICS = table('frontend', [
  c.current_sessions, c.max_sessions, c.limit_sessions, c.sessions_total, c.bytes_in_total, c.bytes_out_total, c.requests_denied_total, c.responses_denied_total,
  c.request_errors_total, status,
  ['limit_session_rate', 'rate_lim', 'Limit on new sessions in a second'],
  c.max_session_rate, c.http_responses_total,
  ['http_requests_rate_max', 'req_rate_max', 'Most HTTP requests seen in a second', { http: true }],
  c.http_requests_total, c.http_comp_bytes_in_total, c.http_comp_bytes_out_total, c.http_comp_bytes_bypassed_total, c.http_comp_responses_total,
  ['connections_rate_max', 'conn_rate_max', 'Most new connections seen in a second'],
  ['connections_total', 'conn_tot', 'Connections since the start'],
  ['intercepted_requests_total', 'intercepted', 'Requests answered without a backend: redirects, statistics, services', { http: true }],
  c.denied_connections_total, c.denied_sessions_total, c.failed_header_rewriting_total, c.http_cache_lookups_total, c.http_cache_hits_total, c.internal_errors_total,
]); // biome-ignore format: a table

export const LISTENER_METRICS = table('listener', [
  c.current_sessions, c.max_sessions, c.limit_sessions, c.sessions_total, c.bytes_in_total, c.bytes_out_total, c.requests_denied_total, c.responses_denied_total,
  c.request_errors_total, status, c.denied_connections_total, c.denied_sessions_total, c.failed_header_rewriting_total, c.internal_errors_total,
]); // biome-ignore format: a table

export const BACKEND_METRICS = table('backend', [
  c.current_queue, c.max_queue, c.current_sessions, c.max_sessions, c.limit_sessions, c.sessions_total, c.bytes_in_total, c.bytes_out_total, c.requests_denied_total,
  c.responses_denied_total, c.connection_errors_total, c.response_errors_total, c.retry_warnings_total, c.redispatch_warnings_total, status, c.weight,
  ['active_servers', 'act', 'Active servers that take requests'],
  ['backup_servers', 'bck', 'Backup servers that take requests'],
  c.check_up_down_total, c.check_last_change_seconds, c.downtime_seconds_total, c.loadbalanced_total, c.max_session_rate, c.http_responses_total, c.http_requests_total,
  c.client_aborts_total, c.server_aborts_total, c.http_comp_bytes_in_total, c.http_comp_bytes_out_total, c.http_comp_bytes_bypassed_total, c.http_comp_responses_total,
  c.last_session_seconds, c.queue_time_average_seconds, c.connect_time_average_seconds, c.response_time_average_seconds, c.total_time_average_seconds,
  c.failed_header_rewriting_total, c.connection_attempts_total, c.connection_reuses_total, c.http_cache_lookups_total, c.http_cache_hits_total, c.max_queue_time_seconds,
  c.max_connect_time_seconds, c.max_response_time_seconds, c.max_total_time_seconds, c.internal_errors_total, c.uweight,
  place('agg_server_status', 'Servers in each state', SERVER_STATES),
  place('agg_server_check_status', 'The same as agg_server_status, by its older name', SERVER_STATES),
  place('agg_check_status', 'Servers with each result of their last check', CHECK_STATES),
]); // biome-ignore format: a table

export const SERVER_METRICS = table('server', [
  c.current_queue, c.max_queue, c.current_sessions, c.max_sessions, c.limit_sessions, c.sessions_total, c.bytes_in_total, c.bytes_out_total, c.responses_denied_total,
  c.connection_errors_total, c.response_errors_total, c.retry_warnings_total, c.redispatch_warnings_total, status, c.weight,
  ['active', 'act', '1 for an active server'],
  ['backup', 'bck', '1 for a backup server'],
  ['check_failures_total', 'chkfail', 'Failed health checks'],
  c.check_up_down_total, c.check_last_change_seconds, c.downtime_seconds_total,
  ['queue_limit', 'qlimit', 'Limit on waiting requests: maxqueue'],
  ['current_throttle', 'throttle', 'How much of its weight a slowly starting server has, in percent'],
  c.loadbalanced_total, c.max_session_rate,
  place('check_status', 'Result of the last health check: 1 for the one that applies', CHECK_STATUS),
  ['check_code', 'check_code', 'Status or exit code that the last health check got, 0 without one', { check: 'code' }],
  ['check_duration_seconds', 'check_duration', 'Duration of the last health check', { unit: 1000, check: 'duration' }],
  c.http_responses_total, c.client_aborts_total, c.server_aborts_total, c.last_session_seconds, c.queue_time_average_seconds, c.connect_time_average_seconds,
  c.response_time_average_seconds, c.total_time_average_seconds, c.failed_header_rewriting_total, c.connection_attempts_total, c.connection_reuses_total,
  ['idle_connections_current', 'srv_icur', 'Idle connections kept for reuse'],
  ['idle_connections_limit', 'src_ilim', 'Limit on idle connections: pool-max-conn'],
  c.max_queue_time_seconds, c.max_connect_time_seconds, c.max_response_time_seconds, c.max_total_time_seconds, c.internal_errors_total,
  ['unsafe_idle_connections_current', 'idle_conn_cur', 'Idle connections that may be closed at any time'],
  ['safe_idle_connections_current', 'safe_conn_cur', 'Idle connections that have been reused before'],
  ['used_connections_current', 'used_conn_cur', 'Connections in use'],
  ['need_connections_current', 'need_conn_est', 'Connections that are estimated to be needed'],
  c.uweight,
]); // biome-ignore format: a table

/** A counter of a protocol (`extra-counters`): its module and what it counts. */
type Extra = readonly [module: 'h1' | 'h2' | 'ssl', field: Field, help: string];

const TLS: readonly Extra[] = [
  ['ssl', 'ssl_sess', 'TLS sessions'],
  ['ssl', 'ssl_reused_sess', 'TLS sessions that were resumed'],
  ['ssl', 'ssl_failed_handshake', 'TLS handshakes that failed'],
];

const PROTOCOLS: readonly Extra[] = [
  ...TLS,
  ['h2', 'h2_detected_conn_protocol_errors', 'HTTP/2 connections ended for a violation of the protocol'],
  ['h2', 'h2_open_connections', 'HTTP/2 connections now'],
  ['h2', 'h2_backend_open_streams', 'HTTP/2 streams now'],
  ['h2', 'h2_total_connections', 'HTTP/2 connections since the start'],
  ['h2', 'h2_backend_total_streams', 'HTTP/2 streams since the start'],
  ['h1', 'h1_open_connections', 'HTTP/1 connections now'],
  ['h1', 'h1_open_streams', 'HTTP/1 exchanges now'],
  ['h1', 'h1_total_connections', 'HTTP/1 connections since the start'],
  ['h1', 'h1_total_streams', 'HTTP/1 exchanges since the start'],
  ['h1', 'h1_bytes_in', 'Bytes received over HTTP/1 connections'],
  ['h1', 'h1_bytes_out', 'Bytes sent over HTTP/1 connections'],
];

/** A metric of a module carries its name as the label `mod`. */
export interface ExtraMetric extends Metric {
  readonly module: string;
}

function extras(kind: string, rows: readonly Extra[]): readonly ExtraMetric[] {
  return rows.map(([module, field, help]) => ({ ...place(`haproxy_${kind}_${field}`, help, STAT[field]), module }));
}

export const EXTRA_METRICS = {
  frontend: extras('frontend', PROTOCOLS),
  listener: extras('listener', TLS),
  backend: extras('backend', PROTOCOLS),
  server: extras('server', TLS),
} as const;
