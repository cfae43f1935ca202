import { resolveBindNames } from './bind-names.ts';
import { ControlThread } from './control-thread.ts';
import { StartError } from './start-error.ts';
import type { ControlOptions, RunningControl } from './types.ts';

/**
 * Starts a load balancer: model, traffic threads, logs, resolvers, checks, and at last the listeners. Rejects with a StartError
 * when an address cannot be bound; nothing is left running then.
 */
export async function startControl(options: ControlOptions): Promise<RunningControl> {
  const resolved = await resolveBindNames(options.config);
  if ('problems' in resolved) throw new StartError(resolved.problems);
  const control = new ControlThread({ ...options, config: resolved.config });
  try {
    await control.start();
  } catch (error) {
    await control.close();
    throw error;
  }
  return control;
}
