/** The sections of a configuration as resources. */

import { BIND_OPTIONS } from './bind-options.ts';
import { GLOBAL_ROWS } from './global-rows.ts';
import { onOff, present, type Row, row, type SectionKind } from './kind.ts';
import { BACKEND_ROWS, checkRows, DEFAULTS_ROWS, FRONTEND_ROWS, LISTEN_ROWS } from './proxy-rows.ts';
import { SERVER_OPTIONS } from './server-options.ts';
import { SPOE_SECTIONS } from './spoe.ts';

function section(
  title: string,
  model: string,
  path: string,
  keyword: string,
  rows: readonly Row[],
  more: Partial<SectionKind> = {},
): SectionKind {
  return { title, model, path, keyword, naming: 'named', inherits: false, rows, ...more };
}

const STEPS =
  'accept|any|close|connect|error|request|response|http-req|http-res|http-after-res|quic-init|tcp-req-conn|tcp-req-cont|tcp-req-sess';

export const SECTIONS: readonly SectionKind[] = [
  section('global section', 'global', 'global', 'global', GLOBAL_ROWS, { naming: 'single' }),
  section('defaults section', 'defaults', 'defaults', 'defaults', DEFAULTS_ROWS, { naming: 'unnamed', inherits: true }),
  section('frontend', 'frontend', 'frontends', 'frontend', FRONTEND_ROWS, { inherits: true }),
  section('backend', 'backend', 'backends', 'backend', BACKEND_ROWS, { inherits: true }),
  section('listen section', 'listen', 'listens', 'listen', LISTEN_ROWS, { inherits: true }),
  section('userlist', 'userlist', 'userlists', 'userlist', []),
  section('mailers section', 'mailers_section', 'mailers_section', 'mailers', [row('', 'timeout mail <timeout:time>')]),
  section('peers section', 'peer_section', 'peer_section', 'peers', [
    present('enabled', 'enabled'),
    present('disabled', 'disabled'),
    row('', 'shards <shards:int>'),
    row('default_server', 'default-server [...]', {}, SERVER_OPTIONS),
    row('default_bind', 'default-bind [...]', {}, BIND_OPTIONS),
  ]),
  section('http-errors section', 'http_errors_section', 'http_errors_sections', 'http-errors', [
    row('error_files[]', 'errorfile <code:int> <file>'),
  ]),
  section('FastCGI application', 'fcgi_app', 'fcgi_apps', 'fcgi-app', [
    row('', 'docroot <docroot>'),
    row('', 'index <index>'),
    row('', 'path-info <path_info>'),
    row('', 'option max-reqs <max_reqs:int>'),
    ...onOff('get_values', 'option get-values'),
    ...onOff('keep_conn', 'option keep-conn'),
    ...onOff('mpxs_conns', 'option mpxs-conns'),
    row('set_params[]', 'set-param <name> <format> ?if'),
    row('pass_headers[]', 'pass-header <name> ?if'),
    row('log_stderrs[]', 'log-stderr global', { 'log_stderrs[].global': true }),
    row(
      'log_stderrs[]',
      'log-stderr <address> [len <len:int>] [format <format>] [sample <ranges>:<size:int>]@sample / <facility> <level?> <minlevel?>',
    ),
  ]),
  section('ring', 'ring', 'rings', 'ring', [
    row('', 'description <description...>'),
    row('', 'format <format:iso|local|raw|rfc3164|rfc5424|short|priority|timed>'),
    row('', 'maxlen <maxlen:int>'),
    row('', 'size <size:size>'),
    row('', 'timeout connect <timeout_connect:time>'),
    row('', 'timeout server <timeout_server:time>'),
  ]),
  section('log forwarding', 'log_forward', 'log_forwards', 'log-forward', [
    present('assume-rfc6587-ntf', 'option assume-rfc6587-ntf'),
    present('dont-parse-log', 'option dont-parse-log'),
    row('', 'backlog <backlog:int>'),
    row('', 'maxconn <maxconn:int>'),
    row('', 'timeout client <timeout_client:time>'),
  ]),
  section('cache', 'cache', 'caches', 'cache', [
    row('', 'total-max-size <total_max_size:1..4095>'),
    row('', 'max-object-size <max_object_size:int>'),
    row('', 'max-age <max_age:int>'),
    row('', 'process-vary <process_vary:bool>'),
    row('', 'max-secondary-entries <max_secondary_entries:int>'),
  ]),
  section('resolvers section', 'resolver', 'resolvers', 'resolvers', [
    row('', 'accepted_payload_size <accepted_payload_size:512..8192>'),
    ...['nx', 'obsolete', 'other', 'refused', 'timeout', 'valid'].map((what) =>
      row('', `hold ${what} <hold_${what}:time>`),
    ),
    present('parse-resolv-conf', 'parse-resolv-conf'),
    row('', 'resolve_retries <resolve_retries:int>'),
    row('', 'timeout resolve <timeout_resolve:time>'),
    row('', 'timeout retry <timeout_retry:time>'),
  ]),
  section('certificate store', 'crt_store', 'crt_stores', 'crt-store', [
    row('', 'crt-base <crt_base>'),
    row('', 'key-base <key_base>'),
  ]),
  section('traces section', 'traces', 'traces', 'traces', [row('entries[]', 'trace <trace...>')], {
    naming: 'single',
  }),
  section('log profile', 'log_profile', 'log_profiles', 'log-profile', [
    row('', 'log-tag <log_tag>'),
    row('steps[]', `on <step:${STEPS}> [drop=drop:enabled] [-=drop:disabled] [format <format>] [sd <sd>]`),
  ]),
  section('ACME provider', 'acme_provider', 'acme', 'acme', [
    row('', 'account-key <account_key>'),
    row('', 'bits <bits:int>'),
    row('', 'challenge <challenge>'),
    row('', 'contact <contact>'),
    row('', 'curves <curves>'),
    row('', 'directory <directory>'),
    row('', 'keytype <keytype:RSA|ECDSA>'),
    row('', 'map <map>'),
    row('', 'provider-name <acme_provider>'),
    row('', 'acme-vars <acme_vars:vars>'),
    row('', 'reuse-key <reuse_key:onoff>'),
    row('', 'profile <profile>'),
    row('', 'challenge-ready <challenge_ready>'),
    row('', 'dns-delay <dns_delay:time>'),
    row('', 'dns-timeout <dns_timeout:time>'),
  ]),
  section('named health check', 'healthcheck', 'healthchecks', 'healthcheck', [
    row('', 'type spop-check', { type: 'spop-check' }),
    ...checkRows('type', 'type'),
  ]),
];

/** The kind of a section by the keyword that begins it; undefined for one that the API does not know. */
export function sectionKind(keyword: string): SectionKind | undefined {
  return [...SECTIONS, ...SPOE_SECTIONS].find((kind) => kind.keyword === keyword);
}
