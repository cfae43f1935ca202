import { type Answer, dump, error } from '../answer.ts';
import { sectionLines } from '../peers/render.ts';
import type { Call, Command } from '../registry.ts';

function showPeers({ args, control }: Call): Answer {
  const dictionaries = args[0] === 'dict';
  const [name] = dictionaries || args[0] === '-' ? args.slice(1) : args;
  const sections = control.peers.sections.filter((section) => !name || section.name === name).toReversed();
  if (name && sections.length === 0) return error('No such peers');
  return dump(lines());

  function* lines(): Generator<string> {
    for (const [i, section] of sections.entries()) {
      if (i > 0) yield '\n';
      yield* sectionLines(section, dictionaries);
    }
  }
}

export const peerCommands: readonly Command[] = [
  {
    words: 'show peers',
    args: '[dict|-] [section]',
    help: 'dump some information about all the peers or this peers section',
    level: 'user',
    where: 'worker',
    run: showPeers,
  },
];
