/** Keywords of the `global` section about what others see: logs, control sockets, the state of servers. */

import { parseBindLine } from '../bind.ts';
import type { ConfigDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { parseInteger } from '../units.ts';
import { timeText } from './arguments.ts';
import { reportOptions } from './ends.ts';
import { type Row, text } from './global-keyword.ts';
import { type LogDraft, parseLogTarget } from './log.ts';
import { works } from './table.ts';

function parseLog(line: Line, { global }: ConfigDraft): void {
  if (line.prefix === 'no') {
    global.logs = [];
    return;
  }
  const target = parseLogTarget(line, '<address> and <facility> ');
  if (target !== null) global.logs.push(target as LogDraft & { format: 'local' });
}

/** Those that mean something for one certificate and clients that are operators. */
const SOCKET_TLS_OPTIONS: ReadonlySet<string> = new Set([
  ...['ssl', 'crt', 'ca-file', 'crl-file', 'verify', 'ciphers', 'ciphersuites', 'curves', 'sigalgs'],
  ...['ssl-min-ver', 'ssl-max-ver', 'no-tlsv10', 'no-tlsv11', 'no-tlsv12', 'no-tlsv13'],
]);

function parseStatsSocket(line: Line, config: ConfigDraft): void {
  const words = line.words.slice(2);
  if (words.length === 0)
    return line.alert("'stats socket' in global section expects an address or a path to a UNIX socket");
  const { prefix, ...unix } = config.unixBind;
  const { binds, addressError, report } = parseBindLine(words, {
    ...{ at: line.at, unixPrefix: prefix, unix },
    ...{ tls: config.global, tlsOptions: SOCKET_TLS_OPTIONS },
  });
  if (addressError !== null) return line.alert(`'stats socket' : ${addressError}`);
  if (!reportOptions(line, report, "'stats socket' : ", 'parsing')) {
    const { text: error, kind } = report.error!;
    return line.alert(
      `'stats socket' : ${kind === 'unknown' ? error.replace('; did you mean', '. Did you mean') : `'${error}'`}`,
    );
  }
  if (binds.some(({ namespace, md5Key }) => namespace !== null || md5Key !== null))
    return line.alert("'stats socket' : 'namespace' and 'tcp-md5sig' are not supported for sockets of the Runtime API");
  config.global.statsSockets.push(...binds);
}

function parseStatsTimeout(line: Line, { global }: ConfigDraft): void {
  if (line.word(2) === '') return line.alert("'stats timeout' in global section expects a timeout value");
  const value = timeText(line, line.word(2), "'stats timeout'");
  if (value === null) return;
  if (value === 0) return line.alert("'stats timeout' expects a positive value");
  if (line.atMost(1, 2)) global.statsTimeout = value;
}

function parseStatsMaxconn(line: Line, { global }: ConfigDraft): void {
  const value = parseInteger(line.word(2));
  if (value === null || value <= 0) line.alert("'stats maxconn' needs a positive value in global section.");
  else if (line.atMost(1, 2)) global.statsMaxconn = value;
}

function parseLogTag(line: Line, { global }: ConfigDraft): void {
  if (line.word(1) === '') line.alert("'log-tag' expects a tag for use in syslog.");
  else if (line.atMost(1)) global.logTag = line.word(1);
}

function parseLogSendHostname(line: Line, { global }: ConfigDraft): void {
  // An empty name asks for the machine's own.
  if (line.atMost(1)) global.logSendHostname = line.word(1);
}

/** Logs, control sockets, state files. */
export const GLOBAL_STATE_KEYWORDS: Row[] = [
  works(
    'log',
    '<target> [len <length>] [format <format>] [sample <ranges>:<size>] <facility> [<level> [<minlevel>]]',
    parseLog,
    { negatable: true },
  ),
  works('log-send-hostname', '[<name>]', parseLogSendHostname),
  works('log-tag', '<string>', parseLogTag),
  text('server-state-base', '<directory>', 'serverStateBase', 'one argument: a directory path'),
  text('server-state-file', '<file>', 'serverStateFile', 'one argument: a file path'),
  works('stats socket', '<address> [<options>]', parseStatsSocket),
  works('stats timeout', '<time>', parseStatsTimeout),
  works('stats maxconn', '<number>', parseStatsMaxconn),
  works(
    'stats',
    '',
    (line) => {
      line.alert(`'stats' only supports 'socket', 'maxconn', 'bind-process' and 'timeout' (got '${line.word(1)}')`);
    },
    { group: true },
  ),
];
