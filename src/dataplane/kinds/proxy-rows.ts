/** The statements of frontends, backends and `defaults` that are fields of the section (manual, section 4). */

import { onOff, present, type Row, row } from './kind.ts';
import { SERVER_OPTIONS } from './server-options.ts';

const MODES = 'http|tcp|log|spop|health';

const FORWARDED =
  'option forwarded [proto=proto] [host=host] [host-expr <host_expr>] [by=by] [by-expr <by_expr>] [by_port=by_port] [by_port-expr <by_port_expr>] [for=for] [for-expr <for_expr>] [for_port=for_port] [for_port-expr <for_port_expr>]';

/** Of both sides. */
const COMMON: readonly Row[] = [
  row('', `mode <mode:${MODES}>`),
  row('', 'description <description...>'),
  row('', 'id <id:int>'),
  row('', 'guid <guid>'),
  present('disabled', 'disabled'),
  present('enabled', 'enabled'),
  row('', 'log-tag <log_tag>'),
  row('forwardfor', 'option forwardfor [except <except>] [header <header>] [if-none=ifnone]', {
    'forwardfor.enabled': 'enabled',
  }),
  row('forwarded', FORWARDED, { 'forwarded.enabled': 'enabled' }),
  row('', 'no option forwarded', { 'forwarded.enabled': 'disabled' }),
  row('originalto', 'option originalto [except <except>] [header <header>]', { 'originalto.enabled': 'enabled' }),
  row('', 'option httpclose', { http_connection_mode: 'httpclose' }),
  row('', 'option http-server-close', { http_connection_mode: 'http-server-close' }),
  row('', 'option http-keep-alive', { http_connection_mode: 'http-keep-alive' }),
  row('', 'option http-restrict-req-hdr-names <http_restrict_req_hdr_names:preserve|delete|reject>'),
  row('', 'timeout http-request <http_request_timeout:time>'),
  row('', 'timeout http-keep-alive <http_keep_alive_timeout:time>'),
  row('', 'timeout tarpit <tarpit_timeout:time>'),
  ...onOff('http-buffer-request', 'option http-buffer-request'),
  ...onOff('http-use-htx', 'option http-use-htx'),
  ...onOff('independent_streams', 'option independent-streams'),
  ...onOff('nolinger', 'option nolinger'),
  ...onOff('splice_auto', 'option splice-auto'),
  ...onOff('splice_request', 'option splice-request'),
  ...onOff('splice_response', 'option splice-response'),
  ...onOff('tcpka', 'option tcpka'),
  row('error_files[]', 'errorfile <code:int> <file>'),
  row('errorfiles_from_http_errors[]', 'errorfiles <name> <codes*?:int>'),
  row('errorloc302', 'errorloc302 <code:int> <url>'),
  row('errorloc303', 'errorloc303 <code:int> <url>'),
  row('email_alert', 'email-alert from <from>'),
  row('email_alert', 'email-alert to <to>'),
  row('email_alert', 'email-alert mailers <mailers>'),
  row('email_alert', 'email-alert level <level>'),
  row('email_alert', 'email-alert myhostname <myhostname>'),
  row('compression', 'compression algo <algorithms*>'),
  row('compression', 'compression type <types*>'),
  row('compression', 'compression algo-req <algo-req>'),
  row('compression', 'compression algo-res <algos-res*>'),
  row('compression', 'compression type-req <types-req*>'),
  row('compression', 'compression type-res <types-res*>'),
  row('compression', 'compression direction <direction:request|response|both>'),
  row('compression', 'compression minsize-req <minsize_req:size>'),
  row('compression', 'compression minsize-res <minsize_res:size>'),
  row('compression', 'compression offload', { 'compression.offload': true }),
  row('stats_options', 'stats enable', { 'stats_options.stats_enable': true }),
  row('stats_options', 'stats hide-version', { 'stats_options.stats_hide_version': true }),
  row('stats_options', 'stats show-legends', { 'stats_options.stats_show_legends': true }),
  row('stats_options', 'stats show-modules', { 'stats_options.stats_show_modules': true }),
  row('stats_options', 'stats maxconn <stats_maxconn:int>'),
  row('stats_options', 'stats refresh <stats_refresh_delay:stime>'),
  row('stats_options', 'stats show-desc <stats_show_desc...>'),
  row('stats_options', 'stats show-node <stats_show_node_name>'),
  row('stats_options', 'stats uri <stats_uri_prefix>'),
  row('stats_options', 'stats realm <stats_realm_realm>', { 'stats_options.stats_realm': true }),
  row('stats_options', 'stats admin ?if:stats_admin_', { 'stats_options.stats_admin': true }),
  row('stats_options.stats_http_requests[]', 'stats http-request <type:allow|deny|auth> [realm <realm>] ?if'),
  row('stats_options.stats_auths[]', 'stats auth <user>:<passwd>'),
];

const STICK_TABLE =
  'stick-table type <type:ip|ipv6|integer|string|binary> [len <keylen:int>] / [size <size:size>] [expire <expire:time>] [nopurge=nopurge] [peers <peers>] [srvkey <srvkey:addr|name>] [write-to <write_to>] [recv-only=recv_only] [brates-factor <brates_factor:int>] [store <store>]';

/** Of clients' side. */
const FRONT: readonly Row[] = [
  row('', 'maxconn <maxconn:int>'),
  row('', 'backlog <backlog:int>'),
  row('', 'default_backend <default_backend>'),
  row('', 'timeout client <client_timeout:time>'),
  row('', 'timeout client-fin <client_fin_timeout:time>'),
  row('', 'timeout client-hs <client_hs_timeout:time>'),
  row('', 'log-format <log_format>'),
  row('', 'log-format-sd <log_format_sd>'),
  row('', 'log-steps <log_steps:list>'),
  row('', 'error-log-format <error_log_format>'),
  row('', 'unique-id-format <unique_id_format>'),
  row('', 'unique-id-header <unique_id_header>'),
  row('', 'monitor-uri <monitor_uri>'),
  row('monitor_fail', 'monitor fail ?if'),
  row('', 'clitcpka-cnt <clitcpka_cnt:int>'),
  row('', 'clitcpka-idle <clitcpka_idle:stime>'),
  row('', 'clitcpka-intvl <clitcpka_intvl:stime>'),
  present('httplog', 'option httplog'),
  present('clflog', 'option httplog clf'),
  present('tcplog', 'option tcplog'),
  ...onOff('httpslog', 'option httpslog'),
  ...onOff('accept_invalid_http_request', 'option accept-invalid-http-request'),
  ...onOff('accept_unsafe_violations_in_http_request', 'option accept-unsafe-violations-in-http-request'),
  ...onOff('clitcpka', 'option clitcpka'),
  ...onOff('contstats', 'option contstats'),
  ...onOff('disable_h2_upgrade', 'option disable-h2-upgrade'),
  ...onOff('dontlog_normal', 'option dontlog-normal'),
  ...onOff('dontlognull', 'option dontlognull'),
  ...onOff('h1_case_adjust_bogus_client', 'option h1-case-adjust-bogus-client'),
  ...onOff('http_drop_response_trailers', 'option http-drop-response-trailers'),
  ...onOff('http_ignore_probes', 'option http-ignore-probes'),
  ...onOff('http_use_proxy_header', 'option http-use-proxy-header'),
  ...onOff('idle_close_on_response', 'option idle-close-on-response'),
  ...onOff('log_separate_errors', 'option log-separate-errors'),
  ...onOff('logasap', 'option logasap'),
  ...onOff('socket_stats', 'option socket-stats'),
  ...onOff('tcp_smart_accept', 'option tcp-smart-accept'),
];

const PLAIN_BALANCE = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random', 'log-hash', 'sticky'];

const BALANCE: readonly Row[] = [
  ...PLAIN_BALANCE.map((algorithm) => row('balance', `balance ${algorithm}`, { 'balance.algorithm': algorithm })),
  row('balance', 'balance random(<random_draws:int>)', { 'balance.algorithm': 'random' }),
  row(
    'balance',
    'balance uri [whole=uri_whole] [len <uri_len:int>] [depth <uri_depth:int>] [path-only=uri_path_only]',
    {
      'balance.algorithm': 'uri',
    },
  ),
  row(
    'balance',
    'balance url_param <url_param> [check_post <url_param_check_post:int>] [max_wait <url_param_max_wait:int>]',
    {
      'balance.algorithm': 'url_param',
    },
  ),
  row('balance', 'balance hdr(<hdr_name>) [use_domain_only=hdr_use_domain_only]', { 'balance.algorithm': 'hdr' }),
  row('balance', 'balance hash <hash_expression...>', { 'balance.algorithm': 'hash' }),
  row('balance', 'balance rdp-cookie', { 'balance.algorithm': 'rdp-cookie' }),
  row('balance', 'balance rdp-cookie(<rdp_cookie_name>)', { 'balance.algorithm': 'rdp-cookie' }),
];

const CHECK_METHODS = 'OPTIONS|HEAD|GET|POST|PUT|DELETE|TRACE|CONNECT|PATCH';

/** The kind of health check; `path` is where its parameters are. */
export function checkRows(field: string, keyword: string): Row[] {
  return [
    ...['ldap-check', 'redis-check', 'ssl-hello-chk', 'tcp-check'].map((name) =>
      row('', `${keyword} ${name}`, { [field]: name }),
    ),
    row('httpchk_params', `${keyword} httpchk <method:${CHECK_METHODS}> <uri> <version...?>`, { [field]: 'httpchk' }),
    row('httpchk_params', `${keyword} httpchk <uri?>`, { [field]: 'httpchk' }),
    row('smtpchk_params', `${keyword} smtpchk <hello?> <domain?>`, { [field]: 'smtpchk' }),
    row(
      'mysql_check_params',
      `${keyword} mysql-check [user <username>] [post-41=client_version:post-41] [pre-41=client_version:pre-41]`,
      { [field]: 'mysql-check' },
    ),
    row('pgsql_check_params', `${keyword} pgsql-check user <username>`, { [field]: 'pgsql-check' }),
  ];
}

/** The address that connections to servers come from. What stands behind `usesrc` is told by rows of their own. */
const SOURCE: readonly Row[] = [
  row('source', 'source <@address> usesrc client [interface <interface>]', { 'source.usesrc': 'client' }),
  row('source', 'source <@address> usesrc clientip [interface <interface>]', { 'source.usesrc': 'clientip' }),
  row('source', 'source <@address> usesrc hdr_ip(<hdr>{,<occ>}) [interface <interface>]', {
    'source.usesrc': 'hdr_ip',
  }),
  row('source', 'source <@address> usesrc <address_second>{:<port_second:port>} [interface <interface>]', {
    'source.usesrc': 'address',
  }),
  row('source', 'source <@address> [interface <interface>]', { 'source.usesrc': undefined }),
];

/** Of servers' side. */
const BACK: readonly Row[] = [
  ...BALANCE,
  row(
    'hash_type',
    'hash-type <method:map-based|consistent> <function:sdbm|djb2|wt6|crc32|none?> <modifier:=avalanche?>',
  ),
  row('', 'hash-balance-factor <hash_balance_factor:int>'),
  row('', 'hash-preserve-affinity <hash_preserve_affinity:always|maxconn|maxqueue>'),
  ...checkRows('adv_check', 'option'),
  row(
    'cookie',
    'cookie <name> [rewrite=type:rewrite] [insert=type:insert] [prefix=type:prefix] [indirect=indirect] [nocache=nocache] [postonly=postonly] [preserve=preserve] [httponly=httponly] [secure=secure] [dynamic=dynamic] [domain <value>]*domain [attr <value>]*attr [maxidle <maxidle:seconds>] [maxlife <maxlife:seconds>]',
  ),
  row('', 'dynamic-cookie-key <dynamic_cookie_key>'),
  row('default_server', 'default-server [...]', {}, SERVER_OPTIONS),
  row('', 'external-check path <external_check_path>'),
  row('', 'external-check command <external_check_command>'),
  row('', 'fullconn <fullconn:int>'),
  row('', 'http-reuse <http_reuse:aggressive|always|never|safe>'),
  row('', 'http-send-name-header <http_send_name_header>'),
  row('', 'load-server-state-from-file <load_server_state_from_file:global|local|none>'),
  row('', 'max-keep-alive-queue <max_keep_alive_queue:int>'),
  row('persist_rule', 'persist rdp-cookie', { 'persist_rule.type': 'rdp-cookie' }),
  row('persist_rule', 'persist rdp-cookie(<rdp_cookie_name>)', { 'persist_rule.type': 'rdp-cookie' }),
  row('redispatch', 'option redispatch <interval:int?>', { 'redispatch.enabled': 'enabled' }),
  row('redispatch', 'no option redispatch', { 'redispatch.enabled': 'disabled' }),
  row('', 'retries <retries:int>'),
  row('', 'retry-on <retry_on...>'),
  row('', 'server-state-file-name <server_state_file_name>'),
  ...SOURCE,
  row('', 'srvtcpka-cnt <srvtcpka_cnt:int>'),
  row('', 'srvtcpka-idle <srvtcpka_idle:stime>'),
  row('', 'srvtcpka-intvl <srvtcpka_intvl:stime>'),
  row('', 'timeout check <check_timeout:time>'),
  row('', 'timeout connect <connect_timeout:time>'),
  row('', 'timeout queue <queue_timeout:time>'),
  row('', 'timeout server <server_timeout:time>'),
  row('', 'timeout server-fin <server_fin_timeout:time>'),
  row('', 'timeout tunnel <tunnel_timeout:time>'),
  row('', 'use-fcgi-app <use_fcgi_app>'),
  row('force_persist_list[]', 'force-persist ?if'),
  row('ignore_persist_list[]', 'ignore-persist ?if'),
  ...onOff('abortonclose', 'option abortonclose'),
  ...onOff('accept_invalid_http_response', 'option accept-invalid-http-response'),
  ...onOff('accept_unsafe_violations_in_http_response', 'option accept-unsafe-violations-in-http-response'),
  ...onOff('allbackups', 'option allbackups'),
  ...onOff('checkcache', 'option checkcache'),
  ...onOff('external_check', 'option external-check'),
  ...onOff('h1_case_adjust_bogus_server', 'option h1-case-adjust-bogus-server'),
  ...onOff('http_drop_request_trailers', 'option http-drop-request-trailers'),
  ...onOff('http_pretend_keepalive', 'option http-pretend-keepalive'),
  ...onOff('http_proxy', 'option http_proxy'),
  ...onOff('log_health_checks', 'option log-health-checks'),
  ...onOff('persist', 'option persist'),
  ...onOff('prefer_last_server', 'option prefer-last-server'),
  ...onOff('spop_check', 'option spop-check'),
  ...onOff('srvtcpka', 'option srvtcpka'),
  ...onOff('tcp_smart_connect', 'option tcp-smart-connect'),
  ...onOff('transparent', 'option transparent'),
];

const TABLE = row('stick_table', STICK_TABLE);

export const FRONTEND_ROWS: readonly Row[] = [
  ...COMMON,
  ...FRONT,
  ...onOff('http_no_delay', 'option http-no-delay'),
  TABLE,
];
export const BACKEND_ROWS: readonly Row[] = [
  ...COMMON,
  ...BACK,
  ...onOff('http-no-delay', 'option http-no-delay'),
  TABLE,
];
export const DEFAULTS_ROWS: readonly Row[] = [
  ...COMMON,
  ...FRONT,
  ...BACK,
  ...onOff('http_no_delay', 'option http-no-delay'),
];
export const LISTEN_ROWS: readonly Row[] = [...DEFAULTS_ROWS, TABLE];
