/** `http-check` and `tcp-check` (manual, section 4.2). */

import { CHECK_CONNECTION, CHECK_EXPECTATION } from './answers.ts';
import { type ChildKind, variant } from './kind.ts';

const VAR = '(<var_scope>.<var_name>{,<var_cond>})';
const SECTIONS = ['backend', 'defaults', 'listen', 'healthcheck'];

const HTTP_SEND = [
  'meth <method>',
  'uri <uri>',
  'uri-lf <uri_log_format>',
  'ver <version>',
  'hdr <name> <fmt>*headers',
  'body <body>',
  'body-lf <body_log_format>',
  'comment <check_comment>',
];

export const CHECKS: readonly ChildKind[] = [
  {
    title: 'HTTP check',
    model: 'http_check',
    path: 'http_checks',
    full: 'http_check_list',
    name: null,
    variants: [
      variant('http-check comment <check_comment>', { type: 'comment' }),
      variant('http-check connect [...]', { type: 'connect' }, CHECK_CONNECTION),
      variant('http-check disable-on-404', { type: 'disable-on-404' }),
      variant(
        'http-check expect [...] <match:status|rstatus|hdr|fhdr|string|rstring> <pattern...>',
        { type: 'expect' },
        CHECK_EXPECTATION,
      ),
      variant('http-check send [...]', { type: 'send' }, HTTP_SEND),
      variant('http-check send-state', { type: 'send-state' }),
      variant(`http-check set-var${VAR} <var_expr...>`, { type: 'set-var' }),
      variant(`http-check set-var-fmt${VAR} <var_format>`, { type: 'set-var-fmt' }),
      variant('http-check unset-var(<var_scope>.<var_name>)', { type: 'unset-var' }),
    ],
    sections: SECTIONS,
  },
  {
    title: 'TCP check',
    model: 'tcp_check',
    path: 'tcp_checks',
    full: 'tcp_check_rule_list',
    fullIn: { healthcheck: 'tcp_check_list' },
    name: null,
    variants: [
      variant('tcp-check comment <log_message>', { action: 'comment' }),
      variant('tcp-check connect [...]', { action: 'connect' }, CHECK_CONNECTION),
      variant(
        'tcp-check expect [...] <match:string|rstring|string-lf|binary|rbinary|binary-lf> <pattern...>',
        { action: 'expect' },
        CHECK_EXPECTATION,
      ),
      variant('tcp-check send <data> [comment <check_comment>]', { action: 'send' }),
      variant('tcp-check send-lf <fmt> [comment <check_comment>]', { action: 'send-lf' }),
      variant('tcp-check send-binary <hex_string> [comment <check_comment>]', { action: 'send-binary' }),
      variant('tcp-check send-binary-lf <hex_fmt> [comment <check_comment>]', { action: 'send-binary-lf' }),
      variant(`tcp-check set-var${VAR} <var_expr...>`, { action: 'set-var' }),
      variant(`tcp-check set-var-fmt${VAR} <var_fmt>`, { action: 'set-var-fmt' }),
      variant('tcp-check unset-var(<var_scope>.<var_name>)', { action: 'unset-var' }),
    ],
    sections: SECTIONS,
  },
];
