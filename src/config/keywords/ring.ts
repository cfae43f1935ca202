/** Keywords of `ring` sections (manual, section 3.9). */

import type { RingDraft } from '../draft-ring.ts';
import type { Line } from '../line.ts';
import { readServer } from '../server.ts';
import { integerArgument, sizeArgument, timeText } from './arguments.ts';
import { reportOptions } from './ends.ts';
import { LOG_FORMATS } from './log.ts';
import { KeywordTable, refused, works } from './table.ts';

/** Options that would change where connections go, or what they carry. */
const UNTOLD: ReadonlySet<string> = new Set(['namespace', 'tcp-md5sig']);

function parseRingServer(line: Line, draft: RingDraft): void {
  const {
    draft: server,
    error,
    report,
  } = readServer(line.words.slice(1), draft.defaultServer, line.at, line.context.config.global, ({ name }) =>
    UNTOLD.has(name) ? `'${name}' is not supported for servers of rings` : null,
  );
  reportOptions(line, report, `'server ${draft.ring.name}/${server.name}' : `, 'server');
  if (error !== null) line.alert(`'server ${draft.ring.name}/${server.name}' : ${error}`, 'server');
  else draft.servers.push(server);
}

function parseRingTimeout(line: Line, { ring }: RingDraft): void {
  const [, what, time] = line.words;
  if ((what !== 'connect' && what !== 'server') || time === undefined)
    return line.alert("'timeout' expects 'connect' or 'server' and <time> as arguments.");
  const value = timeText(line, time, `'timeout ${what}'`);
  if (value !== null && line.atMost(1, 2)) ring[what === 'connect' ? 'timeoutConnect' : 'timeoutServer'] = value;
  return undefined;
}

export const RING_KEYWORDS = new KeywordTable<RingDraft>([
  works<RingDraft>('description', '<text>', (line, { ring }) => {
    if (line.word(1) === '') line.alert('missing ring description text.');
    else ring.description = line.words.slice(1).join(' ');
  }),
  works<RingDraft>('format', '<format>', (line, { ring }) => {
    const format = LOG_FORMATS.find((known) => known === line.word(1));
    if (format === undefined) line.alert(`unknown format '${line.word(1)}'.`);
    else if (line.atMost(1)) ring.format = format;
  }),
  works<RingDraft>('maxlen', '<length>', (line, { ring }) => {
    const value = integerArgument(line, { min: 1, max: 65535 });
    if (value !== null) ring.maxLength = value;
  }),
  works<RingDraft>('size', '<size>', (line, { ring }) => {
    const value = sizeArgument(line, { min: 1 });
    if (value !== null) ring.size = value;
  }),
  works<RingDraft>('server', '<name> <address> [<options>]', parseRingServer),
  works<RingDraft>('timeout', '{connect|server} <time>', parseRingTimeout),
  ...refused<RingDraft>('A ring is in memory only: give it a server.', ['backing-file <path>']),
]);
