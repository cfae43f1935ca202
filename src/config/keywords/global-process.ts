/** Keywords of the `global` section about the process: who it is, where it works, how it ends (manual, section 3.1). */

import type { ConfigDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import type { GlobalConfig } from '../types.ts';
import { parseInteger } from '../units.ts';
import { timeArgument, wordArgument } from './arguments.ts';
import { delay, flag, number, once, type Row } from './global-keyword.ts';
import { works } from './table.ts';

/** Rights of root that may be kept (`setcap`). */
const KEPT_CAPABILITIES = ['cap_net_raw', 'cap_net_admin', 'cap_net_bind_service', 'cap_sys_admin'] as const;

type KeptCapability = GlobalConfig['capabilities'][number];

function parseNbthread(line: Line, { global }: ConfigDraft): void {
  const value = parseInteger(line.word(1));
  if (value === null) return line.alert(`'nbthread' not a number (${line.word(1)})`);
  if (value < 1 || value > MAX_THREADS)
    return line.alert(`'nbthread' value must be between 1 and ${MAX_THREADS} (was ${value})`);
  if (line.atMost(1)) global.nbthread = value;
}

const MAX_THREADS = 64;

function parseUser(line: Line, config: ConfigDraft): void {
  const name = wordArgument(line, 'a user name as argument');
  if (name !== null && once(line, config, 'user', 'user/uid')) config.global.user = name;
}

function parseGroup(line: Line, config: ConfigDraft): void {
  const name = wordArgument(line, 'a group name as argument');
  if (name !== null && once(line, config, 'group', 'gid/group was')) config.global.group = name;
}

function numericId(name: 'uid' | 'gid', key: string, what: string): Row {
  return works<ConfigDraft>(name, '<number>', (line, config) => {
    const id = parseInteger(line.word(1));
    if (id === null || id < 0) return line.alert(` ${name}: string '${line.word(1)}' is not a number.`);
    if (line.atMost(1) && once(line, config, key, what)) config.global[name] = id;
    return undefined;
  });
}

function parseCapabilities(line: Line, { global }: ConfigDraft): void {
  const supported = 'Supported ones are: cap_net_raw, cap_net_admin, cap_net_bind_service and cap_sys_admin.';
  const names = line.word(1);
  if (names === '') return line.alert(`'setcap' : missing capability name(s).  ${supported}`);
  const capabilities = names.split(',').filter((name) => name !== '');
  if (!capabilities.every(isKeptCapability))
    return line.alert(`'setcap' : unsupported capability '${names}'.  ${supported}`);
  if (line.atMost(1)) global.capabilities = [...new Set([...global.capabilities, ...capabilities])];
}

function isKeptCapability(name: string): name is KeptCapability {
  return KEPT_CAPABILITIES.some((capability) => capability === name);
}

function parseChroot(line: Line, config: ConfigDraft): void {
  const directory = wordArgument(line, 'a directory as an argument');
  if (directory !== null && once(line, config, 'chroot', "'chroot'")) config.global.chroot = directory;
}

function parsePidfile(line: Line, config: ConfigDraft): void {
  const file = wordArgument(line, 'a file name as an argument');
  if (file !== null && once(line, config, 'pidfile', "'pidfile'")) config.global.pidfile = file;
}

function parseHardStop(line: Line, { global }: ConfigDraft): void {
  const value = delay(line, 'hard-stop-after');
  if (value !== null) global.hardStopAfter = value;
}

function parseDescription(line: Line, { global }: ConfigDraft): void {
  if (line.word(1) === '') line.alert("'description' expects a string argument.", 'reader');
  else global.description = line.words.slice(1).join(' ');
}

function parseNode(line: Line, { global }: ConfigDraft): void {
  if (!line.atMost(1)) return;
  if (/^[A-Za-z0-9._-]+$/.test(line.word(1))) global.node = line.word(1);
  else {
    line.alert(
      "'node' requires valid node name - non-empty string with digits(0-9), letters(A-Z, a-z), dot(.), hyphen(-) or underscode(_).",
      'reader',
    );
  }
}

function parseLocalpeer(line: Line, { global }: ConfigDraft): void {
  const name = line.word(1);
  if (name === '') return line.alert("'localpeer' expects a name as an argument.");
  if (line.context.localpeerForced)
    return line.warning("'localpeer' ignored since it is already set by using the '-L' command line argument.");
  if (line.context.config.peers.length > 0)
    return line.warning("'localpeer' ignored since it is used after 'peers' section.");
  if (!line.atMost(1)) return;
  global.localpeer = name;
  line.context.env.set('HAPROXY_LOCALPEER', name);
}

function parseSetVar(line: Line, { global }: ConfigDraft): void {
  if (!line.word(1).startsWith('proc.') || line.word(2) === '') {
    return line.alert(
      `'${line.word(0)}' requires a process-wide variable name ('proc.<name>') and a sample expression.`,
    );
  }
  global.setVars.push({ words: [...line.words], at: line.at });
}

const PATH_MODES = ['current', 'config', 'parent', 'origin'];

function parseDefaultPath(line: Line, { global }: ConfigDraft): void {
  const mode = line.word(1);
  if (!PATH_MODES.includes(mode))
    return line.alert("default-path expects a mode among 'current', 'config', 'parent' and 'origin'.");
  if (mode === 'origin' && line.word(2) === '')
    return line.alert("'default-path origin' expects a directory as argument.");
  if (line.atMost(mode === 'origin' ? 2 : 1)) global.defaultPath = line.words.slice(1);
}

function parseUnixBind(line: Line, { unixBind }: ConfigDraft): void {
  for (let i = 1; i < line.words.length; i += 2) {
    const [option, value] = [line.word(i), line.word(i + 1)];
    if (option === 'prefix') {
      if (value === '') return line.alert("unix_bind 'prefix' expects a path as an argument.");
      unixBind.prefix = value;
    } else if (option === 'user' || option === 'group') unixBind[option] = value;
    else if (option === 'mode') {
      if (!/^[0-7]{1,4}$/.test(value))
        return line.alert(`'unix-bind' : 'mode' : missing or invalid mode '${value}' (octal integer expected)`);
      unixBind.mode = Number.parseInt(value, 8);
    } else if (option === 'uid' || option === 'gid') {
      const id = parseInteger(value);
      if (id === null || id < 0) return line.alert(`'unix-bind' : '${option}' : invalid value '${value}'`);
      unixBind[option] = id;
    } else
      return line.alert("'unix-bind' only supports the 'prefix', 'mode', 'uid', 'gid', 'user' and 'group' options.");
  }
}

function parseExternalCheck(line: Line, { global }: ConfigDraft): void {
  const [, option, extra] = line.words;
  if (option !== undefined && option !== 'preserve-env')
    return line.alert(`'external-check' only supports 'preserve-env' (got '${option}')`);
  if (extra !== undefined) return line.alert(`'external-check' cannot handle unexpected argument '${extra}'.`);
  global.externalCheck = true;
  if (option !== undefined) global.other['external-check'] = [{ words: [option], at: line.at }];
  return undefined;
}

/** The process. */
export const GLOBAL_PROCESS_KEYWORDS: Row[] = [
  flag('daemon', 'daemon'),
  flag('master-worker', 'masterWorker'),
  works('setcap', '<name>[,<name>...]', parseCapabilities),
  works('user', '<name>', parseUser),
  works('group', '<name>', parseGroup),
  numericId('uid', 'user', 'user/uid'),
  numericId('gid', 'group', 'group/gid'),
  works('chroot', '<directory>', parseChroot),
  works('pidfile', '<file>', parsePidfile),
  works('nbthread', '<number>', parseNbthread),
  number('ulimit-n', 'ulimitN', 1),
  works('hard-stop-after', '<time>', parseHardStop),
  works('grace', '<time>', (line, { global }) => {
    const value = timeArgument(line);
    if (value !== null) global.grace = value;
  }),
  works('localpeer', '<name>', parseLocalpeer),
  works('node', '<name>', parseNode),
  works('description', '<text>', parseDescription),
  works('default-path', '{current|config|parent|origin <directory>}', parseDefaultPath),
  flag('pp2-never-send-local', 'pp2NeverLocal'),
  flag('insecure-fork-wanted', 'insecureForkWanted', { negatable: true }),
  flag('insecure-setuid-wanted', 'insecureSetuidWanted'),
  works('external-check', '[preserve-env]', parseExternalCheck),
  works(
    'unix-bind',
    '[prefix <prefix>] [mode <mode>] [user <user>] [uid <uid>] [group <group>] [gid <gid>]',
    parseUnixBind,
  ),
  works('zero-warning', '', (line, config) => {
    if (line.atMost(0)) config.zeroWarning = true;
  }),
  works('set-var', 'proc.<name> <expression>', parseSetVar),
  works('set-var-fmt', 'proc.<name> <format>', parseSetVar),
];
