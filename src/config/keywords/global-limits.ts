/** Keywords of the `global` section that bound what is done at a time. */

import type { ConfigDraft } from '../draft.ts';
import type { Line } from '../line.ts';
import { parseInteger } from '../units.ts';
import { integerArgument } from './arguments.ts';
import { delay, number, once, type Row } from './global-keyword.ts';
import { works } from './table.ts';

function parseMaxconn(line: Line, config: ConfigDraft): void {
  const value = integerArgument(line, { min: 0 });
  if (value === null || !once(line, config, 'maxconn', "'maxconn'")) return;
  config.global.maxconn = value === 0 ? null : value;
}

function parseSpreadChecks(line: Line, config: ConfigDraft): void {
  if (config.seen.has('spread-checks')) return line.alert('spread-checks already specified. Continuing.', 'reader');
  if (line.word(1) === '') return line.alert("'spread-checks' expects an integer argument (0..50).", 'reader');
  const value = parseInteger(line.word(1));
  if (value === null || value < 0 || value > 50)
    return line.alert("'spread-checks' needs a positive value in range 0..50.", 'reader');
  if (!line.atMost(1)) return;
  config.seen.set('spread-checks', line.at);
  config.global.spreadChecks = value;
}

function parseMaxSpreadChecks(line: Line, { global }: ConfigDraft): void {
  const value = delay(line, 'max-spread-checks');
  if (value !== null) global.maxSpreadChecks = value;
}

/** Limits. */
export const GLOBAL_LIMIT_KEYWORDS: Row[] = [
  works('maxconn', '<number>', parseMaxconn),
  number('maxconnrate', 'maxconnrate'),
  number('maxsessrate', 'maxsessrate'),
  number('maxsslrate', 'maxsslrate'),
  number('maxcomprate', 'maxcomprate'),
  works('maxcompcpuusage', '<percent>', (line, { global }) => {
    const value = integerArgument(line, { min: 0, max: 100 });
    if (value !== null) global.maxcompcpuusage = value;
  }),
  works('profiling.tasks', '{on|off|auto}', (line, { global }) => {
    const value = line.word(1);
    if (value !== 'on' && value !== 'off' && value !== 'auto')
      return line.alert(`'profiling.tasks' expects either 'on', 'auto', or 'off' but got '${value}'.`);
    if (line.atMost(1)) global.profileTasks = value === 'on';
  }),
  works('spread-checks', '<percent>', parseSpreadChecks),
  works('max-spread-checks', '<time>', parseMaxSpreadChecks),
];
