import type { Change } from '../change.ts';
import type { Live } from './live.ts';
import type { RemoteRow } from './row.ts';
import type { Wire, WireAnswer } from './wire.ts';

/** What the answers say: made, refused, or neither (then what is read back decides). */
export interface Verdict {
  readonly made: 'yes' | 'no' | 'unclear';
  readonly severity: number;
  readonly text: string;
}

const ERR = 3;
const INFO = 6;

/** Sends the commands of a Change, one after the other, up to the first that is refused. Rejects as `Wire.ask` does. */
export async function send(change: Change, row: RemoteRow<Change>, live: Live, wire: Wire): Promise<Verdict> {
  if (row.run) return judge(await row.run(change, live, wire), row);
  let last: Verdict = { made: 'yes', severity: INFO, text: '' };
  for (const command of await row.commands(change, live)) {
    last = judge(await wire.ask(command), row);
    if (last.made !== 'yes') return last;
  }
  return last;
}

function judge({ severity, text: answered }: WireAnswer, { says }: RemoteRow<Change>): Verdict {
  const text = answered.trim();
  if (text === '' || says?.test(text)) return { made: 'yes', severity: severity ?? INFO, text };
  if (severity !== null && severity > ERR && !REFUSALS.test(text)) return { made: 'unclear', severity, text };
  return { made: severity === null && !REFUSALS.test(text) ? 'unclear' : 'no', severity: severity ?? ERR, text };
}

/** Refusals that come with the severity of information. */
const REFUSALS = /^(Unknown command|Permission denied|This command is restricted to)/;
