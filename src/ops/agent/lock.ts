import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { JournalError } from '../../change/journal/error.ts';
import { takeLock } from '../../change/journal/lock.ts';

function lockPath(stateDir: string, target: string): string {
  return join(stateDir, 'targets', `${encodeURIComponent(target)}.agent.lock`);
}

/** Makes this process the agent of a target until the returned function is called. Throws when there is one already. */
export function holdAgentLock(stateDir: string, target: string): () => void {
  mkdirSync(join(stateDir, 'targets'), { recursive: true, mode: 0o700 });
  try {
    return takeLock(lockPath(stateDir, target));
  } catch (error) {
    if (!(error instanceof JournalError) || error.code !== 'in-use') throw error;
    throw new JournalError('in-use', `another agent looks after ${target}: ${error.message.split(':')[0]}`);
  }
}

/** Whether an agent looks after a target. */
export function hasAgent(stateDir: string, target: string): boolean {
  try {
    holdAgentLock(stateDir, target)();
    return false;
  } catch (error) {
    return error instanceof JournalError && error.code === 'in-use';
  }
}
