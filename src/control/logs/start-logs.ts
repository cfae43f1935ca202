import type { Model } from '../../model/model.ts';
import { printOrThrow } from '../start-error.ts';
import type { Print } from '../types.ts';
import { prepareLogs } from './addresses.ts';
import { createLogs, type ProcessLogs } from './logs.ts';

/** Opens the targets of logs. Rejects with a StartError. */
export async function startLogs(model: Model, print: Print): Promise<ProcessLogs> {
  const { addresses, diagnostics } = await prepareLogs(model.config);
  printOrThrow(diagnostics, print);
  return createLogs(model.config, addresses, {
    proxyById: (id) => model.proxiesById.get(id),
    threads: model.threads,
  });
}
