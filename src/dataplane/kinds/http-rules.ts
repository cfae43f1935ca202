/** `http-request`, `http-response`, `http-after-response`, `http-error`, `quic-initial` (manual, section 4.2). */

import { ANSWER } from './answers.ts';
import { type ChildKind, type Variant, variant } from './kind.ts';

const LEVEL = 'emerg|alert|crit|err|warning|notice|info|debug|silent';
const BANDWIDTH = '<bandwidth_limit_name> [limit <bandwidth_limit_limit>] [period <bandwidth_limit_period>]';
const VAR = '(<var_scope>.<var_name>{,<var_cond>})';

type Ruleset = 'request' | 'response' | 'after';
const ALL: readonly Ruleset[] = ['request', 'response', 'after'];
const BOTH: readonly Ruleset[] = ['request', 'response'];
const REQUEST: readonly Ruleset[] = ['request'];
const RESPONSE: readonly Ruleset[] = ['response'];

/** Type, what is written of it, and where it may stand. */
const ACTIONS: readonly (readonly [type: string, words: string, rulesets: readonly Ruleset[]])[] = [
  ['add-acl', 'add-acl(<acl_file>) <acl_keyfmt>', ALL],
  ['add-header', 'add-header <hdr_name> <hdr_format>', ALL],
  ['allow', 'allow', ALL],
  ['auth', 'auth [realm <auth_realm>]', REQUEST],
  ['cache-store', 'cache-store <cache_name>', RESPONSE],
  ['cache-use', 'cache-use <cache_name>', REQUEST],
  ['capture', 'capture <capture_sample> [len <capture_len:int>] [id <capture_id:int>]', REQUEST],
  ['capture', 'capture <capture_sample> [id <capture_id:int>]', ['response', 'after']],
  ['del-acl', 'del-acl(<acl_file>) <acl_keyfmt>', ALL],
  ['del-header', 'del-header <hdr_name> [-m <hdr_method>]', ALL],
  ['del-map', 'del-map(<map_file>) <map_keyfmt>', ALL],
  ['deny', 'deny [status|deny_status <deny_status:200..599>] [...]', BOTH],
  ['disable-l7-retry', 'disable-l7-retry', REQUEST],
  ['do-log', 'do-log [profile <log_profile>]', ALL],
  ['do-resolve', 'do-resolve(<var_name>,<resolvers>{,<protocol:ipv4|ipv6>}) <expr...>', REQUEST],
  ['early-hint', 'early-hint <hint_name> <hint_format>', REQUEST],
  ['lua', 'lua.<lua_action> <lua_params...?>', BOTH],
  ['normalize-uri', 'normalize-uri <normalizer> [full=normalizer_full] [strict=normalizer_strict]', REQUEST],
  ['pause', 'pause <expr...>', BOTH],
  [
    'redirect',
    'redirect <redir_type:location|prefix|scheme> <redir_value> [code <redir_code:301..308>] / <redir_option...?>',
    BOTH,
  ],
  ['reject', 'reject', REQUEST],
  ['replace-header', 'replace-header <hdr_name> <hdr_match> <hdr_format>', ALL],
  ['replace-path', 'replace-path <path_match> <path_fmt>', REQUEST],
  ['replace-pathq', 'replace-pathq <path_match> <path_fmt>', REQUEST],
  ['replace-uri', 'replace-uri <uri-match> <uri-fmt>', REQUEST],
  ['replace-value', 'replace-value <hdr_name> <hdr_match> <hdr_format>', ALL],
  ['return', 'return [status <return_status_code:200..599>] [...]', BOTH],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx:int>,<sc_id:int>) <sc_int:int>', ALL],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx:int>,<sc_id:int>) <sc_expr...>', ALL],
  ['sc-inc-gpc', 'sc-inc-gpc(<sc_idx:int>,<sc_id:int>)', ALL],
  ['sc-inc-gpc0', 'sc-inc-gpc0(<sc_id:int>)', ALL],
  ['sc-inc-gpc1', 'sc-inc-gpc1(<sc_id:int>)', ALL],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx:int>,<sc_id:int>) <sc_int:int>', ALL],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx:int>,<sc_id:int>) <sc_expr...>', ALL],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_id:int>) <sc_int:int>', ALL],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_id:int>) <sc_expr...>', ALL],
  ['send-spoe-group', 'send-spoe-group <spoe_engine> <spoe_group>', BOTH],
  ['set-bandwidth-limit', `set-bandwidth-limit ${BANDWIDTH}`, BOTH],
  ['set-bc-mark', 'set-bc-mark <expr...>', REQUEST],
  ['set-bc-tos', 'set-bc-tos <expr...>', REQUEST],
  ['set-dst', 'set-dst <expr...>', REQUEST],
  ['set-dst-port', 'set-dst-port <expr...>', REQUEST],
  ['set-fc-mark', 'set-fc-mark <expr...>', BOTH],
  ['set-fc-tos', 'set-fc-tos <expr...>', BOTH],
  ['set-header', 'set-header <hdr_name> <hdr_format>', ALL],
  ['set-log-level', `set-log-level <log_level:${LEVEL}>`, ALL],
  ['set-map', 'set-map(<map_file>) <map_keyfmt> <map_valuefmt>', ALL],
  ['set-mark', 'set-mark <mark_value>', BOTH],
  ['set-method', 'set-method <method_fmt>', REQUEST],
  ['set-nice', 'set-nice <nice_value:int>', BOTH],
  ['set-path', 'set-path <path_fmt>', REQUEST],
  ['set-pathq', 'set-pathq <path_fmt>', REQUEST],
  ['set-priority-class', 'set-priority-class <expr...>', REQUEST],
  ['set-priority-offset', 'set-priority-offset <expr...>', REQUEST],
  ['set-query', 'set-query <query-fmt>', REQUEST],
  ['set-retries', 'set-retries <expr...>', REQUEST],
  ['set-src', 'set-src <expr...>', REQUEST],
  ['set-src-port', 'set-src-port <expr...>', REQUEST],
  ['set-status', 'set-status <status:100..999> [reason <status_reason>]', ['response', 'after']],
  ['set-timeout', 'set-timeout <timeout_type:client|server|tunnel> <timeout>', BOTH],
  ['set-tos', 'set-tos <tos_value>', BOTH],
  ['set-uri', 'set-uri <uri-fmt>', REQUEST],
  ['set-var', `set-var${VAR} <var_expr...>`, ALL],
  ['set-var-fmt', `set-var-fmt${VAR} <var_format>`, ALL],
  ['silent-drop', 'silent-drop [rst-ttl <rst_ttl:int>]', BOTH],
  ['strict-mode', 'strict-mode <strict_mode:on|off>', ALL],
  ['tarpit', 'tarpit [status|deny_status <deny_status:200..599>] [...]', REQUEST],
  ['track-sc', 'track-sc<track_sc_stick_counter:int> <track_sc_key> [table <track_sc_table>]', BOTH],
  ['unset-var', 'unset-var(<var_scope>.<var_name>)', ALL],
  ['use-service', 'use-service <service_name>', REQUEST],
  ['wait-for-body', 'wait-for-body time <wait_time:time> [at-least <wait_at_least:size>]', BOTH],
  ['wait-for-handshake', 'wait-for-handshake', REQUEST],
];

function rules(keyword: string, ruleset: Ruleset): Variant[] {
  return ACTIONS.filter(([, , rulesets]) => rulesets.includes(ruleset)).map(([type, words]) =>
    variant(`${keyword} ${words} ?if`, { type }, words.endsWith('[...]') ? ANSWER : []),
  );
}

const PROXIES = ['frontend', 'backend', 'defaults', 'listen'];

export const HTTP_RULES: readonly ChildKind[] = [
  {
    title: 'HTTP request rule',
    model: 'http_request_rule',
    path: 'http_request_rules',
    full: 'http_request_rule_list',
    name: null,
    variants: rules('http-request', 'request'),
    sections: PROXIES,
  },
  {
    title: 'HTTP response rule',
    model: 'http_response_rule',
    path: 'http_response_rules',
    full: 'http_response_rule_list',
    name: null,
    variants: rules('http-response', 'response'),
    sections: PROXIES,
  },
  {
    title: 'HTTP after-response rule',
    model: 'http_after_response_rule',
    path: 'http_after_response_rules',
    full: 'http_after_response_rule_list',
    name: null,
    variants: rules('http-after-response', 'after'),
    sections: PROXIES,
  },
  {
    title: 'HTTP error rule',
    model: 'http_error_rule',
    path: 'http_error_rules',
    full: 'http_error_rule_list',
    name: null,
    variants: [variant('http-error status <status:200..599> [...]', { type: 'status' }, ANSWER)],
    sections: PROXIES,
  },
  {
    title: 'QUIC initial rule',
    model: 'quic_initial_rule',
    path: 'quic_initial_rules',
    full: 'quic_initial_rule_list',
    name: null,
    variants: ['accept', 'dgram-drop', 'reject', 'send-retry'].map((type) =>
      variant(`quic-initial ${type} ?if`, { type }),
    ),
    sections: ['frontend', 'defaults', 'listen'],
  },
];
