import { verdict } from '../../../client/verdicts.ts';
import type { ChangeOf } from '../../change.ts';
import { plain } from '../plain.ts';
import type { RemoteRow } from '../row.ts';
import type { Command } from '../wire.ts';

/** Longest text of a command in the journal's line, characters. */
const LONGEST = 200;

/** A command that nothing is known of but its words: sent as it was typed. HAProxy itself checks version, level and arguments. */
export const runtimeCommand: RemoteRow<ChangeOf<'runtime.command'>> = {
  since: '2.4',
  level: 'user',
  instead: '',
  problem: async ({ words }) => (words.length === 0 ? 'there is no command' : null),
  warnings: async () => ['what a command of this kind does is not known: it cannot be proved, nor taken back'],
  read: async () => null,
  after: async ({ words }) => words.join(' ').slice(0, LONGEST),
  commands: async (change) => [commandOf(change)],
  async run(change, _live, wire) {
    const command = commandOf(change);
    const answer = await wire.ask(command);
    return verdict(command.words, answer) === null ? { ...answer, text: '' } : answer;
  },
  inverse: async () => null,
};

function commandOf({ words, payload, mode }: ChangeOf<'runtime.command'>): Command {
  const content = plain(payload);
  return {
    words,
    ...(content === null ? {} : { payload: content, secret: true }),
    ...(mode === 'experimental' ? { experimental: true } : {}),
    ...(mode === 'expert' ? { expert: true } : {}),
  };
}
