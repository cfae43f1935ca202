/** `tcp-request` and `tcp-response` (manual, section 4.2). */

import { type ChildKind, type Variant, variant } from './kind.ts';

const LEVEL = 'emerg|alert|crit|err|warning|notice|info|debug|silent';
const BANDWIDTH = '<bandwidth_limit_name> [limit <bandwidth_limit_limit>] [period <bandwidth_limit_period>]';

/** Action and what is written of it, where both rule sets have it. */
const BOTH: readonly (readonly [action: string, words: string])[] = [
  ['accept', 'accept'],
  ['do-log', 'do-log [profile <log_profile>]'],
  ['lua', 'lua.<lua_action> <lua_params...?>'],
  ['reject', 'reject'],
  ['set-bandwidth-limit', `set-bandwidth-limit ${BANDWIDTH}`],
  ['set-fc-mark', 'set-fc-mark <expr...>'],
  ['set-fc-tos', 'set-fc-tos <expr...>'],
  ['set-log-level', `set-log-level <log_level:${LEVEL}>`],
  ['set-mark', 'set-mark <mark_value>'],
  ['set-nice', 'set-nice <nice_value:int>'],
  ['set-tos', 'set-tos <tos_value>'],
  ['set-var', 'set-var(<var_scope>.<var_name>{,<var_cond>}) <expr...>'],
  ['set-var-fmt', 'set-var-fmt(<var_scope>.<var_name>{,<var_cond>}) <var_format>'],
  ['silent-drop', 'silent-drop [rst-ttl <rst_ttl:int>]'],
  ['unset-var', 'unset-var(<var_scope>.<var_name>)'],
];

const REQUEST: readonly (readonly [action: string, words: string])[] = [
  ['attach-srv', 'attach-srv <server_name>'],
  ['capture', 'capture <capture_sample> len <capture_len:int>'],
  ['do-resolve', 'do-resolve(<resolve_var>,<resolve_resolvers>{,<resolve_protocol:ipv4|ipv6>}) <expr...>'],
  ['expect-netscaler-cip', 'expect-netscaler-cip layer4'],
  ['expect-proxy', 'expect-proxy layer4'],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx>,<sc_inc_id>) <sc_int:int>'],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx>,<sc_inc_id>) <expr...>'],
  ['sc-inc-gpc', 'sc-inc-gpc(<sc_idx>,<sc_inc_id>)'],
  ['sc-inc-gpc0', 'sc-inc-gpc0(<sc_inc_id>)'],
  ['sc-inc-gpc1', 'sc-inc-gpc1(<sc_inc_id>)'],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx>,<sc_inc_id>) <sc_int:int>'],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx>,<sc_inc_id>) <expr...>'],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_inc_id>) <sc_int:int>'],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_inc_id>) <gpt_value...>'],
  ['send-spoe-group', 'send-spoe-group <spoe_engine_name> <spoe_group_name>'],
  ['set-bc-mark', 'set-bc-mark <expr...>'],
  ['set-bc-tos', 'set-bc-tos <expr...>'],
  ['set-dst', 'set-dst <expr...>'],
  ['set-dst-port', 'set-dst-port <expr...>'],
  ['set-priority-class', 'set-priority-class <expr...>'],
  ['set-priority-offset', 'set-priority-offset <expr...>'],
  ['set-src', 'set-src <expr...>'],
  ['set-src-port', 'set-src-port <expr...>'],
  ['switch-mode', 'switch-mode http [proto <switch_mode_proto>]'],
  ['track-sc', 'track-sc<track_stick_counter:int> <track_key> [table <track_table>]'],
  ['use-service', 'use-service <service_name>'],
];

const RESPONSE: readonly (readonly [action: string, words: string])[] = [
  ['close', 'close'],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx:int>,<sc_id:int>) <sc_int:int>'],
  ['sc-add-gpc', 'sc-add-gpc(<sc_idx:int>,<sc_id:int>) <expr...>'],
  ['sc-inc-gpc', 'sc-inc-gpc(<sc_idx:int>,<sc_id:int>)'],
  ['sc-inc-gpc0', 'sc-inc-gpc0(<sc_id:int>)'],
  ['sc-inc-gpc1', 'sc-inc-gpc1(<sc_id:int>)'],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx:int>,<sc_id:int>) <sc_int:int>'],
  ['sc-set-gpt', 'sc-set-gpt(<sc_idx:int>,<sc_id:int>) <expr...>'],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_id:int>) <sc_int:int>'],
  ['sc-set-gpt0', 'sc-set-gpt0(<sc_id:int>) <expr...>'],
  ['send-spoe-group', 'send-spoe-group <spoe_engine> <spoe_group>'],
];

function rules(keyword: string, types: string, actions: typeof BOTH): Variant[] {
  return [
    variant(`${keyword} inspect-delay <timeout:time>`, { type: 'inspect-delay' }),
    ...[...BOTH, ...actions].map(([action, words]) => variant(`${keyword} <type:${types}> ${words} ?if`, { action })),
  ];
}

export const TCP_RULES: readonly ChildKind[] = [
  {
    title: 'TCP request rule',
    model: 'tcp_request_rule',
    path: 'tcp_request_rules',
    full: 'tcp_request_rule_list',
    name: null,
    variants: rules('tcp-request', 'connection|content|session', REQUEST),
    sections: ['frontend', 'backend', 'defaults', 'listen'],
  },
  {
    title: 'TCP response rule',
    model: 'tcp_response_rule',
    path: 'tcp_response_rules',
    full: 'tcp_response_rule_list',
    name: null,
    variants: rules('tcp-response', '=content', RESPONSE),
    sections: ['backend', 'defaults', 'listen'],
  },
];
