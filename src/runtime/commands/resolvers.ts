import { type Answer, dump, error } from '../answer.ts';
import type { Call, Command } from '../registry.ts';
import { resolverLines } from '../stats/resolvers.ts';

function showResolvers({ args, control }: Call): Answer {
  const { resolvers } = control;
  const [name] = args;
  if (name && !resolvers.sections.includes(name)) return error("Can't find that resolvers section");
  return dump(sections(name ? [name] : resolvers.sections));

  function* sections(names: readonly string[]): Generator<string> {
    const rows = resolvers.statistics();
    for (const section of names) {
      yield `Resolvers section ${section}\n`;
      for (const row of rows)
        if (row.section === section) yield ` nameserver ${row.nameserver}:\n${resolverLines(row.counters)}`;
    }
  }
}

export const resolverCommands: readonly Command[] = [
  {
    words: 'show resolvers',
    args: '[id]',
    help: 'dumps counters from all resolvers section and associated name servers',
    level: 'user',
    where: 'worker',
    run: showResolvers,
  },
];
