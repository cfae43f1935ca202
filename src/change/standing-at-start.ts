import { StartError } from '../control/start-error.ts';
import type { Print } from '../control/types.ts';
import type { Journal } from './journal/journal.ts';
import { noneStanding, type Standing, standingOf } from './standing.ts';

/** What stood when the process before ended. `goOn`: a journal that tells nothing is no reason not to start. Rejects with a StartError. */
export async function standingAtStart(journal: Journal, goOn: boolean, print: Print): Promise<Standing> {
  try {
    return await standingOf(journal);
  } catch (error) {
    const text = `${(error as Error).message}: overrides are not in force`;
    if (!goOn) throw new StartError([`${text}; repair that, or start with --journal-trouble go-on`]);
    print('WARNING', `${text}.`);
    return noneStanding();
  }
}
