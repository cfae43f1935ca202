import type { GlobalConfig } from '../config/types.ts';
import { uringProblem } from '../util/libc.ts';

/** Whether traffic threads use io_uring; says once why not, when it is wanted and cannot be had. */
export function usesUring({ uring }: GlobalConfig, say: (severity: 'NOTICE', text: string) => void): boolean {
  if (!uring) return false;
  const problem = uringProblem();
  if (problem !== null) say('NOTICE', `io_uring cannot be used: ${problem}. Connections are handled by epoll.`);
  return problem === null;
}
