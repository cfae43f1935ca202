import type { Config } from '../config/types.ts';
import { saveSynProblem } from '../net/sockets.ts';

/** Says once that first packets of connections are not kept, where a `bind` line wants that (`tcp-ss`) and the kernel cannot. */
export function checkSavedSyns(
  { proxies }: Pick<Config, 'proxies'>,
  say: (severity: 'WARNING', text: string) => void,
): void {
  if (!proxies.some(({ binds }) => binds.some(({ saveSyn }) => saveSyn > 0))) return;
  const problem = saveSynProblem();
  if (problem !== null)
    say(
      'WARNING',
      `first packets of connections cannot be kept (${problem}): 'fc_saved_syn' has no value in spite of 'tcp-ss'.`,
    );
}
