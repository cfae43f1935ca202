/** What stands in sections as lines of its own, in the order in which the first of a kind is put into a section. */

import { BIND_OPTIONS, TLS_OPTIONS } from './bind-options.ts';
import { CHECKS } from './checks.ts';
import { HTTP_RULES } from './http-rules.ts';
import { type ChildKind, variant } from './kind.ts';
import { SERVER_OPTIONS } from './server-options.ts';
import { TCP_RULES } from './tcp-rules.ts';

const LEVEL = 'emerg|alert|crit|err|warning|notice|info|debug';
const CERTIFICATE = [
  'alias <alias>',
  'key <key>',
  'ocsp <ocsp>',
  'issuer <issuer>',
  'sctl <sctl>',
  'ocsp-update <ocsp_update:onoff>',
];

/** A kind whose path and full-section field are what most have: the plural, and the singular with `_list`. */
function listed(title: string, model: string, sections: readonly string[], variants: ChildKind['variants']): ChildKind {
  return { title, model, path: `${model}s`, full: `${model}_list`, name: null, variants, sections };
}

function named(
  title: string,
  model: string,
  path: string,
  name: string,
  sections: readonly string[],
  variants: ChildKind['variants'],
): ChildKind {
  return { title, model, path, full: path, name, variants, sections };
}

const FILTERS = [
  variant('filter bwlim-in <bandwidth_limit_name> [...]', { type: 'bwlim-in' }, [
    'default-limit <default_limit:size>',
    'default-period <default_period:time>',
    'limit <limit:size>',
    'key <key>',
    'table <table>',
    'min-size <min_size:size>',
  ]),
  variant('filter bwlim-out <bandwidth_limit_name> [...]', { type: 'bwlim-out' }, [
    'default-limit <default_limit:size>',
    'default-period <default_period:time>',
    'limit <limit:size>',
    'key <key>',
    'table <table>',
    'min-size <min_size:size>',
  ]),
  variant('filter cache <cache_name>', { type: 'cache' }),
  variant('filter compression', { type: 'compression' }),
  variant('filter fcgi-app <app_name>', { type: 'fcgi-app' }),
  variant('filter lua.<lua_name> <lua_args*?>', { type: 'lua' }),
  variant('filter spoe [engine <spoe_engine>] [config <spoe_config>]', { type: 'spoe' }),
  variant(
    'filter trace [name <trace_name>] [random-parsing=trace_rnd_parsing] [random-forwarding=trace_rnd_forwarding] [hexdump=trace_hexdump]',
    { type: 'trace' },
  ),
];

export const CHILDREN: readonly ChildKind[] = [
  named(
    'bind',
    'bind',
    'binds',
    'name',
    ['frontend', 'listen', 'log-forward', 'peers'],
    [variant('bind <@bind> [...]', {}, BIND_OPTIONS)],
  ),
  named(
    'datagram bind',
    'dgram_bind',
    'dgram_binds',
    'name',
    ['log-forward'],
    [
      variant(
        'dgram-bind <@bind> [name <name>] [interface <interface>] [namespace <namespace>] [transparent=transparent]',
      ),
    ],
  ),
  listed(
    'log target',
    'log_target',
    ['global', 'frontend', 'backend', 'defaults', 'listen', 'peers', 'log-forward'],
    [
      variant('log global', { global: true }),
      variant('no log', { nolog: true }),
      variant(
        `log <address> [len <length:int>] [format <format>] [sample <sample_range>:<sample_size:int>] [profile <profile>] / <facility> <level:${LEVEL}?> <minlevel:${LEVEL}?>`,
      ),
    ],
  ),
  listed('filter', 'filter', ['frontend', 'backend', 'listen'], FILTERS),
  listed(
    'capture',
    'capture',
    ['frontend', 'listen'],
    [variant('declare capture <type:request|response> len <length:int>')],
  ),
  listed(
    'certificate use',
    'ssl_front_use',
    ['frontend', 'listen'],
    [
      variant('ssl-f-use [...]', {}, [
        'crt <certificate>',
        'ca-file <ca_file>',
        ...CERTIFICATE.slice(1),
        ...TLS_OPTIONS,
      ]),
    ],
  ),
  named(
    'table',
    'table',
    'tables',
    'name',
    ['peers'],
    [
      variant(
        'table <name> type <type> [len <type_len:int>] / [size <size>] [expire <expire>] [write-to <write_to>] [nopurge=no_purge] [recv-only=recv_only] [store <store>]',
      ),
    ],
  ),
  listed(
    'ACL',
    'acl',
    ['frontend', 'backend', 'defaults', 'listen', 'fcgi-app'],
    [variant('acl <acl_name> <criterion> <value...?>')],
  ),
  ...TCP_RULES,
  ...HTTP_RULES,
  listed(
    'backend switching rule',
    'backend_switching_rule',
    ['frontend', 'listen'],
    [variant('use_backend <name> ?if')],
  ),
  {
    ...listed('forced backend switch', 'force_be_switch', ['frontend', 'listen'], [variant('force-be-switch ?if')]),
    path: 'force_be_switches',
  },
  ...CHECKS,
  listed(
    'stick rule',
    'stick_rule',
    ['backend', 'listen'],
    [variant('stick <type:match|on|store-request|store-response> <pattern> [table <table>] ?if')],
  ),
  listed(
    'server switching rule',
    'server_switching_rule',
    ['backend', 'listen'],
    [variant('use-server <target_server> ?if')],
  ),
  named(
    'server template',
    'server_template',
    'server_templates',
    'prefix',
    ['backend', 'listen'],
    [variant('server-template <prefix> <num_or_range> <fqdn>{:<port:port>} [...]', {}, SERVER_OPTIONS)],
  ),
  named(
    'server',
    'server',
    'servers',
    'name',
    ['backend', 'listen', 'peers', 'ring'],
    [variant('server <name> <@address> [...]', {}, SERVER_OPTIONS)],
  ),
  named('group', 'group', 'groups', 'name', ['userlist'], [variant('group <name> [users <users>]')]),
  named(
    'user',
    'user',
    'users',
    'username',
    ['userlist'],
    [
      variant(
        'user <username> [password=secure_password:true <password>] [insecure-password=secure_password:false <password>] [groups <groups>]',
      ),
    ],
  ),
  named('name server', 'nameserver', 'nameservers', 'name', ['resolvers'], [variant('nameserver <name> <@address>')]),
  named(
    'peer',
    'peer_entry',
    'peer_entries',
    'name',
    ['peers'],
    [variant('peer <name> <@address> [shard <shard:int>]')],
  ),
  named('mailer', 'mailer_entry', 'mailer_entries', 'name', ['mailers'], [variant('mailer <name> <@address>')]),
  named(
    'certificate of a store',
    'crt_load',
    'crt_loads',
    'certificate',
    ['crt-store'],
    [variant('load [crt <certificate>] [...]', {}, [...CERTIFICATE, 'acme <acme>', 'domains <domains:list>'])],
  ),
];
