import { Database } from '../../model/databases/database.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import type { Call, Command } from '../registry.ts';

function* listing(call: Call): Generator<string> {
  yield '# path bytes nodes built type\n';
  for (const view of call.control.model.databases) {
    const { type, nodes, built } = new Database(view).about;
    yield `${view.path} ${view.content.byteLength} ${nodes} ${built} ${type}\n`;
  }
}

async function reload(call: Call): Promise<Answer> {
  const [file] = call.args;
  if (!file) return error('Missing file name: show mmdb lists those that are looked up.');
  return apply(call, { kind: 'mmdb.reload', file });
}

/** Files of facts about addresses (`mmdb`), which are ours. */
export const databaseCommands: readonly Command[] = [
  {
    words: 'show mmdb',
    args: '',
    help: 'list the MaxMind DB files that expressions look up',
    level: 'operator',
    where: 'worker',
    about: 'Each file: its path, size, nodes of its tree, when it was built (seconds since 1970), what it says it is.',
    run: (call) => dump(listing(call)),
  },
  {
    words: 'reload mmdb',
    args: '<file>',
    help: 'read a MaxMind DB file anew',
    level: 'admin',
    where: 'worker',
    about: 'All threads have the new edition when it is answered. A file that cannot be read changes nothing.',
    run: reload,
  },
];
