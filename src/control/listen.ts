import type { Model } from '../model/model.ts';
import { configuredListeners, startListeners } from './listeners.ts';
import { StartError } from './start-error.ts';
import type { Threads } from './threads.ts';

/** Listens on every address of the configuration. Rejects with a StartError when one cannot be bound. */
export async function listen(
  model: Model,
  traffic: Threads,
  inherited: ReadonlyMap<string, readonly number[]> | undefined,
): Promise<void> {
  const failures = await startListeners(traffic, configuredListeners(model), inherited);
  if (failures.length === 0) return;
  throw new StartError(
    failures.map(
      ({ proxy, listener: { config: bind }, reason }) =>
        `Binding [${bind.at.file}:${bind.at.line}] for proxy ${proxy.name}: ${reason}`,
    ),
  );
}
