/** Options of `bind` and `stats socket` lines (manual, section 5.1). */

import type { Draft } from '../draft.ts';
import type { BindConfig } from '../types.ts';
import { parseInteger, parseTime } from '../units.ts';
import { BIND_TLS_OPTIONS, type WithTls } from './bind-tls.ts';
import { inertOptions, type Option, type OptionInput, type OptionResult, OptionTable } from './option.ts';
import { md5KeyProblem, namespaceProblem } from './socket-place.ts';

/** The settings shared by all addresses of one line. */
export interface BindSettings extends Draft<BindConfig>, WithTls {
  /** How many sockets the line makes: `id` and `name` cannot be shared. */
  sockets: number;
}

type Input = OptionInput<BindSettings>;

function flag(name: string, set: (draft: BindSettings) => void): Option<BindSettings> {
  return { name, takes: 0, args: '', status: 'works', parse: ({ draft }) => set(draft) as undefined };
}

function value(name: string, args: string, parse: (input: Input) => OptionResult): Option<BindSettings> {
  const checked = (input: Input) => (input.value === '' ? `'${name}' : missing value` : parse(input));
  return { name, takes: 1, args, status: 'works', parse: checked };
}

function integer(
  name: string,
  min: number,
  set: (draft: BindSettings, value: number) => void,
  max = 2_147_483_647,
): Option<BindSettings> {
  return value(name, '<number>', (input) => {
    const number = parseInteger(input.value);
    if (number === null || number < min || number > max)
      return `'${name}' : invalid value '${input.value}', must be >= ${min}`;
    set(input.draft, number);
    return undefined;
  });
}

function parseId({ draft, value: text }: Input): OptionResult {
  if (draft.sockets > 1) return "'id' can only be used with a single socket";
  const id = parseInteger(text);
  if (id === null || id <= 0) return "'id' : custom id has to be > 0";
  draft.id = id;
  return undefined;
}

function parseNetscalerCip({ draft, value: text }: Input): OptionResult {
  const magic = parseInteger(text);
  if (magic === null || magic <= 0 || magic > 0xffff_ffff)
    return `'accept-netscaler-cip' : invalid value '${text}', must be between 1 and 4294967295`;
  draft.netscalerCip = magic;
  return undefined;
}

function parseMode({ draft, value: text }: Input): OptionResult {
  if (!/^[0-7]{1,4}$/.test(text)) return `'mode' : missing or invalid mode '${text}' (octal integer expected)`;
  draft.mode = Number.parseInt(text, 8);
  return undefined;
}

function parseMss({ draft, value: text }: Input): OptionResult {
  const size = parseInteger(text);
  if (size === null || size === 0 || Math.abs(size) > 65_535)
    return "'mss' : expects an MSS with and absolute value between 1 and 65535";
  draft.mss = size;
  return undefined;
}

function parseUserTimeout({ draft, value: text }: Input): OptionResult {
  const time = parseTime(text, 'ms');
  if (typeof time !== 'number') return `'tcp-ut' : invalid value '${text}', expects a time`;
  draft.tcpUserTimeout = time;
  return undefined;
}

function parseProto({ draft, value: text }: Input): OptionResult {
  if (text !== 'h1' && text !== 'h2' && text !== 'none') return `'proto' :  unknown MUX protocol '${text}'`;
  draft.proto = text;
  return undefined;
}

function parseLevel({ draft, value: text }: Input): OptionResult {
  if (text !== 'user' && text !== 'operator' && text !== 'admin') {
    return `'level' only supports 'user', 'operator', and 'admin' (got '${text}')`;
  }
  draft.level = text;
  return undefined;
}

function parseSeverity({ draft, value: text }: Input): OptionResult {
  if (text !== 'none' && text !== 'number' && text !== 'string') {
    return `'severity-output' only supports 'none', 'number', and 'string' (got '${text}')`;
  }
  draft.severityOutput = text;
  return undefined;
}

/** `expose-fd listeners` is the only form of use; anything else is a mistake. */
function parseExposeFd({ draft, value: text }: Input): OptionResult {
  if (text !== 'listeners') return `'expose-fd' only supports 'listeners' (got '${text}')`;
  draft.exposeFdListeners = true;
  return undefined;
}

function parseId32(name: 'uid' | 'gid'): Option<BindSettings> {
  return integer(name, 0, (draft, number) => {
    draft[name] = number;
  });
}

export const BIND_OPTIONS = new OptionTable<BindSettings>([
  value('accept-netscaler-cip', '<magic>', parseNetscalerCip),
  flag('accept-proxy', (draft) => {
    draft.acceptProxy = true;
  }),
  integer('backlog', 0, (draft, number) => {
    draft.backlog = number;
  }),
  value('cc', '<algorithm>', ({ draft, value: text }) => {
    draft.congestion = text;
    return undefined;
  }),
  flag('defer-accept', (draft) => {
    draft.deferAccept = true;
  }),
  value('expose-fd', 'listeners', parseExposeFd),
  parseId32('gid'),
  value('group', '<group>', ({ draft, value: text }) => {
    draft.group = text;
    return undefined;
  }),
  value('id', '<id>', parseId),
  value('interface', '<interface>', ({ draft, value: text }) => {
    draft.interface = text;
    return undefined;
  }),
  value('level', '<user|operator|admin>', parseLevel),
  integer('maxconn', 0, (draft, number) => {
    draft.maxconn = number;
  }),
  value('mode', '<mode>', parseMode),
  value('mss', '<size>', parseMss),
  {
    name: 'name',
    takes: 1,
    args: '<name>',
    status: 'works',
    parse: ({ draft, value: text }) => {
      if (text === '') return "'name' : missing name";
      draft.name = text;
      return undefined;
    },
  },
  value('idle-ping', '<time>', ({ draft, value: text }) => {
    const time = parseTime(text, 'ms');
    if (typeof time !== 'number') return `'idle-ping' : invalid value '${text}', expects a time`;
    draft.idlePing = time;
    return undefined;
  }),
  value('namespace', '<name>', ({ draft, value: text }) => {
    draft.namespace = text;
    return namespaceProblem(text) ?? undefined;
  }),
  value('proto', '<h1|h2|none>', parseProto),
  value('severity-output', '<none|number|string>', parseSeverity),
  value('tcp-md5sig', '<password>', ({ draft, value: text }) => {
    draft.md5Key = text;
    return md5KeyProblem(text) ?? undefined;
  }),
  value('tcp-ss', '<0|1|2>', ({ draft, value: text }) => {
    const mode = ([0, 1, 2] as const).find((one) => String(one) === text);
    if (mode === undefined) return `'tcp-ss' : invalid value '${text}', expects 0, 1 or 2`;
    draft.saveSyn = mode;
    return undefined;
  }),
  value('tcp-ut', '<time>', parseUserTimeout),
  flag('tfo', (draft) => {
    draft.tfo = true;
  }),
  flag('transparent', (draft) => {
    draft.transparent = true;
  }),
  parseId32('uid'),
  value('user', '<user>', ({ draft, value: text }) => {
    draft.user = text;
    return undefined;
  }),
  flag('v4v6', (draft) => {
    draft.v4v6 = true;
    draft.v6only = false;
  }),
  flag('v6only', (draft) => {
    draft.v6only = true;
    draft.v4v6 = false;
  }),
  ...inertOptions<BindSettings>('noticed', 'every traffic thread accepts on its own socket of this address.', [
    'process <set>',
    'thread <set>',
    'shards <number|by-thread|by-group>',
  ]),
  ...inertOptions<BindSettings>('noticed', "Node's event loop serves all connections alike.", ['nice <nice>']),
  ...inertOptions<BindSettings>('noticed', 'only names the socket for statistics that are kept across restarts.', [
    'guid-prefix <text>',
    'label <text>',
  ]),
  ...inertOptions<BindSettings>('refused', 'HTTP/1.1 and HTTP/2 are served.', [
    'quic-cc-algo <algorithm>',
    'quic-force-retry',
    'quic-socket <mode>',
  ]),
  ...inertOptions<BindSettings>('refused', 'Let servers listen.', ['nbconn <number>']),
  ...BIND_TLS_OPTIONS,
]);
