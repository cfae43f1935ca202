/** What stands in the files of SPOE filters (doc/SPOE.txt, section 2). */

import { onOff, type Row, row, type SectionKind } from './kind.ts';

function kind(title: string, model: string, path: string, rows: readonly Row[]): SectionKind {
  return { title, model, path, keyword: `spoe-${path.slice(0, -1)}`, naming: 'named', inherits: false, rows };
}

/** An option that is there or not. */
function option(name: string): Row {
  return row('', `option ${name}`, { [name]: 'enabled' });
}

export const SPOE_SECTIONS: readonly SectionKind[] = [
  kind('SPOE agent', 'spoe_agent', 'agents', [
    row('', 'groups <groups...>'),
    row('log[]', 'log global', { 'log[].global': true }),
    row('log[]', 'no log', { 'log[].nolog': true }),
    row(
      'log[]',
      'log <address> [len <length:int>] [format <format>] [sample <sample_range>:<sample_size:int>] / <facility> <level?> <minlevel?>',
    ),
    row('', 'maxconnrate <maxconnrate:int>'),
    row('', 'maxerrrate <maxerrrate:int>'),
    row('', 'max-frame-size <max-frame-size:int>'),
    row('', 'max-waiting-frames <max-waiting-frames:int>'),
    row('', 'messages <messages...>'),
    ...onOff('async', 'option async'),
    option('continue-on-error'),
    ...onOff('dontlog-normal', 'option dontlog-normal'),
    option('force-set-var'),
    ...onOff('pipelining', 'option pipelining'),
    ...onOff('send-frag-payload', 'option send-frag-payload'),
    ...['set-on-error', 'set-process-time', 'set-total-time', 'var-prefix'].map((name) =>
      row('', `option ${name} <option_${name}>`),
    ),
    row('', 'register-var-names <register-var-names...>'),
    ...['hello', 'idle', 'processing'].map((what) => row('', `timeout ${what} <${what}_timeout:time>`)),
    row('', 'use-backend <use-backend>'),
  ]),
  kind('SPOE message', 'spoe_message', 'messages', [
    row('acl[]', 'acl <acl_name> <criterion> <value...?>'),
    row('', 'args <args...>'),
    row(
      'event',
      'event <name:on-client-session|on-server-session|on-frontend-tcp-request|on-backend-tcp-request|on-tcp-response|on-frontend-http-request|on-backend-http-request|on-http-response> ?if',
    ),
  ]),
  kind('SPOE group', 'spoe_group', 'groups', [row('', 'messages <messages...>')]),
];
