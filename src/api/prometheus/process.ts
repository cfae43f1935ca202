/** A metric of the process: a field of `show info`, or a fact that is told by a label of a sample 1. */
export interface ProcessMetric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  /** Name of the field; '' for what only exists in builds with zlib: NaN. */
  readonly field: string;
  /** Label that carries the field's text. */
  readonly label: string | null;
}

type Row = readonly [name: string, field: string, help: string, label?: string];

/** `_total` at the end makes a counter; `failed_resolutions` is one too. */
const ROWS: readonly Row[] = [
  ['nbthread', 'Nbthread', 'Traffic threads'],
  ['nbproc', 'Nbproc', 'Processes that carry traffic: always 1'],
  ['relative_process_id', 'Process_num', 'Number of this process: always 1'],
  ['uptime_seconds', 'Uptime_sec', 'Time since the start'],
  ['pool_failures_total', 'PoolFailed', 'Allocations that failed'],
  ['max_fds', 'Ulimit-n', 'Limit on open descriptors'],
  ['max_sockets', 'Maxsock', 'Limit on sockets'],
  ['max_connections', 'Maxconn', 'Limit on connections'],
  ['hard_max_connections', 'Hard_maxconn', 'The most that the limit on connections can be set to'],
  ['current_connections', 'CurrConns', 'Connections now'],
  ['connections_total', 'CumConns', 'Connections since the start'],
  ['requests_total', 'CumReq', 'Requests since the start'],
  ['max_ssl_connections', 'MaxSslConns', 'Limit on TLS connections, 0 = none'],
  ['current_ssl_connections', 'CurrSslConns', 'TLS connections now'],
  ['ssl_connections_total', 'CumSslConns', 'TLS connections since the start'],
  ['max_pipes', 'Maxpipes', 'Limit on pipes, 0 = none'],
  ['pipes_used_total', 'PipesUsed', 'Pipes in use'],
  ['pipes_free_total', 'PipesFree', 'Pipes kept for use'],
  ['current_connection_rate', 'ConnRate', 'New connections in the last second'],
  ['limit_connection_rate', 'ConnRateLimit', 'Limit on new connections in a second'],
  ['max_connection_rate', 'MaxConnRate', 'Most new connections seen in a second'],
  ['current_session_rate', 'SessRate', 'New sessions in the last second'],
  ['limit_session_rate', 'SessRateLimit', 'Limit on new sessions in a second'],
  ['max_session_rate', 'MaxSessRate', 'Most new sessions seen in a second'],
  ['current_ssl_rate', 'SslRate', 'New TLS connections in the last second'],
  ['limit_ssl_rate', 'SslRateLimit', 'Limit on new TLS connections in a second'],
  ['max_ssl_rate', 'MaxSslRate', 'Most new TLS connections seen in a second'],
  ['current_frontend_ssl_key_rate', 'SslFrontendKeyRate', 'Key exchanges with clients in the last second'],
  ['max_frontend_ssl_key_rate', 'SslFrontendMaxKeyRate', 'Most key exchanges with clients seen in a second'],
  ['frontend_ssl_reuse', 'SslFrontendSessionReuse_pct', 'Clients whose TLS session was resumed, in percent'],
  ['current_backend_ssl_key_rate', 'SslBackendKeyRate', 'Key exchanges with servers in the last second'],
  ['max_backend_ssl_key_rate', 'SslBackendMaxKeyRate', 'Most key exchanges with servers seen in a second'],
  ['ssl_cache_lookups_total', 'SslCacheLookups', 'TLS sessions looked for in the cache'],
  ['ssl_cache_misses_total', 'SslCacheMisses', 'TLS sessions not found in the cache'],
  ['http_comp_bytes_in_total', 'CompressBpsIn', 'Bytes given to compression in the last second'],
  ['http_comp_bytes_out_total', 'CompressBpsOut', 'Bytes that compression made in the last second'],
  ['limit_http_comp', 'CompressBpsRateLim', 'Bytes in a second above which compression is left out'],
  ['current_zlib_memory', '', 'Memory used by compression'],
  ['max_zlib_memory', '', 'Limit on the memory used by compression'],
  ['current_tasks', 'Tasks', 'Tasks, waiting ones included'],
  ['current_run_queue', 'Run_queue', 'Tasks that wait for their turn'],
  ['idle_time_percent', 'Idle_pct', 'Idle time of the busiest thread'],
  ['node', 'node', 'Name of the node, as a label', 'node'],
  ['description', 'description', 'Description of the node, as a label', 'desc'],
  ['stopping', 'Stopping', '1 while the process is about to stop'],
  ['jobs', 'Jobs', 'Connections and listeners'],
  ['unstoppable_jobs', 'Unstoppable Jobs', 'Jobs that a soft stop does not wait for'],
  ['listeners', 'Listeners', 'Addresses listened on'],
  ['active_peers', 'ActivePeers', 'Peers connected and verified'],
  ['connected_peers', 'ConnectedPeers', 'Peers connected'],
  ['dropped_logs_total', 'DroppedLogs', 'Lines of logs that could not be delivered'],
  ['busy_polling_enabled', 'BusyPolling', '1 with busy polling'],
  ['failed_resolutions', 'FailedResolutions', 'Names that could not be resolved'],
  ['bytes_out_total', 'TotalBytesOut', 'Bytes sent since the start'],
  ['spliced_bytes_out_total', 'TotalSplicedBytesOut', 'Bytes sent through pipes since the start'],
  ['bytes_out_rate', 'BytesOutRate', 'Bytes sent in the last second'],
  ['recv_logs_total', 'CumRecvLogs', 'Lines of logs received for forwarding'],
  ['build_info', 'Build info', 'Version, as a label', 'version'],
  ['max_memory_bytes', 'Memmax_bytes', 'Limit on memory, 0 = none'],
  ['pool_allocated_bytes', 'PoolAlloc_bytes', 'Memory allocated'],
  ['pool_used_bytes', 'PoolUsed_bytes', 'Memory in use'],
  ['start_time_seconds', 'Start_time_sec', 'Date of the start, since the epoch'],
];

export const PROCESS_METRICS: readonly ProcessMetric[] = ROWS.map(([name, field, help, label]) => ({
  name: `haproxy_process_${name}`,
  type: name.endsWith('_total') || name === 'failed_resolutions' ? 'counter' : 'gauge',
  help,
  field,
  label: label ?? null,
}));

/** Counters of name servers (`scope=resolver`). */
export const RESOLVER_METRICS: readonly (readonly [counter: string, help: string])[] = [
  ['sent', 'Queries sent'],
  ['send_error', 'Queries that could not be sent'],
  ['valid', 'Valid answers'],
  ['update', 'Answers that changed an address'],
  ['cname', 'Answers with an alias'],
  ['cname_error', 'Answers with a wrong alias'],
  ['any_err', 'Answers without an address'],
  ['nx', 'Names that do not exist'],
  ['timeout', 'Queries without an answer in time'],
  ['refused', 'Queries refused'],
  ['other', 'Other errors'],
  ['invalid', 'Invalid answers'],
  ['too_big', 'Answers larger than accepted'],
  ['outdated', 'Answers that came too late'],
];
