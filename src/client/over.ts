import type { Answer } from './answer.ts';
import { clientOf, type RuntimeClient } from './connect.ts';
import { RuntimeClientError } from './failures.ts';
import { type Identity, identityOf } from './identity.ts';
import type { CommandOptions } from './session.ts';
import { verdict } from './verdicts.ts';

/** A way for commands other than a socket. */
export interface Way {
  /** As messages name it. */
  readonly name: string;
  /** Gives one command; resolves with the answer, also when it is a refusal. Rejects with a RuntimeClientError when none comes. */
  readonly ask: (words: readonly string[], options: CommandOptions) => Promise<Answer>;
  /** False: the process is not one of this machine, and its number says nothing here. */
  readonly local: boolean;
}

/** A client whose commands go that way. Rejects with a RuntimeClientError when nothing like a Runtime API answers there. */
export async function clientOver({ name, ask, local }: Way): Promise<RuntimeClient> {
  const endpoint = { path: name, master: false };
  const who = async (): Promise<Identity> => {
    const identity = identityOf(await ask(['show', 'info'], {}), endpoint);
    return local ? identity : { ...identity, pid: 0 };
  };
  let identity = await who();
  const run = async (words: readonly string[], options: CommandOptions = {}) => {
    const answer = await ask(words, options);
    const refusal = verdict(words, answer);
    if (refusal !== null) throw refusal;
    return answer.text;
  };
  return clientOf({
    endpoint,
    options: {},
    get identity() {
      return identity;
    },
    command: (words, options = {}) => ask(words, options),
    run,
    async *batches(words, options = {}) {
      if (options.endless) throw new RuntimeClientError('EINVAL', `an answer without an end does not go over ${name}`);
      yield (await run(words, options)).split('\n');
    },
    async refresh() {
      identity = await who();
    },
    converse: () =>
      Promise.reject(new RuntimeClientError('EINVAL', `a connection of one's own is not to be had over ${name}`)),
    close: () => {},
  });
}
