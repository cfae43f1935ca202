import { proxyView } from '../control/build.ts';
import type { ControlOptions } from '../control/types.ts';
import type { ChangeContext, ChangeHooks } from './context.ts';
import { keeper, secretsOnly } from './journal/keeper.ts';
import { memoryStore } from './journal/kept-store.ts';
import type { JournalTenure } from './journal-tenure.ts';
import { standingAtStart } from './standing-at-start.ts';

/** The parts of the control thread that Changes work on. */
type Parts = Pick<ChangeContext, 'model' | 'traffic' | 'states' | 'health' | 'resolvers' | 'logs'>;

/** What Changes work on, with what the process before left standing. Rejects with a StartError when the journal does not tell it. */
export async function makeContext(
  { model, traffic, states, health, resolvers, logs }: Parts,
  { journal, retired }: JournalTenure,
  options: ControlOptions,
  reload: ChangeHooks['reload'],
): Promise<ChangeContext> {
  const { goOn = false, policy, print } = options;
  return {
    ...{ model, traffic, states, health, resolvers, logs, journal, retired, goOn },
    keeper: options.keeper ?? keeper(memoryStore(), secretsOnly),
    standing: await standingAtStart(journal, goOn, print),
    gate: () => policy?.gate ?? null,
    hooks: { reload, proxyView },
  };
}
