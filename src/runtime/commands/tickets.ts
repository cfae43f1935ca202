import { findTicketKeys } from '../../change/rows/certificates/tls.ts';
import type { StoredTicketKeys } from '../../model/certificates/store.ts';
import { type Answer, dump, error } from '../answer.ts';
import { apply } from '../apply.ts';
import type { Call, Command } from '../registry.ts';

function files({ control }: Call): readonly StoredTicketKeys[] {
  return [...control.model.certificates.ticketKeys.values()].filter(({ path }) => path !== '');
}

function show(call: Call): Answer {
  const [name] = call.args;
  const all = files(call);
  if (!name) return dump(['# id (file)\n', ...all.map(({ path }, id) => `${id} (${path})\n`)]);
  if (name === '*') return dump(secrets(all, all));
  const one = findTicketKeys(call.control.model, name);
  return one === null ? error("'show tls-keys' unable to locate referenced filename") : dump(secrets(all, [one]));
}

function* secrets(all: readonly StoredTicketKeys[], asked: readonly StoredTicketKeys[]): Generator<string> {
  yield '# id secret\n';
  for (const one of asked) {
    const id = all.indexOf(one);
    yield `# ${id} (${one.path})\n`;
    for (const [i, key] of one.keys.entries()) yield `${id}.${i} ${Buffer.from(key).toString('base64')}\n`;
  }
}

function set(call: Call): Answer | Promise<Answer> {
  const [keys, key] = call.args;
  if (!keys || !key) return error("'set ssl tls-key' expects a filename and the new TLS key in base64 encoding.");
  return apply(call, { kind: 'ticket-key.set', keys, key });
}

function providers(): Answer {
  return dump('Loaded providers : \n\t- default\n');
}

const row = { level: 'admin', where: 'worker' } as const;

/** Keys of session tickets; and what the TLS library has loaded. */
export const ticketCommands: readonly Command[] = [
  {
    ...row,
    ...{ words: 'show tls-keys', args: '[id|*]' },
    help: 'show tls keys references or dump tls ticket keys when id specified',
    run: show,
  },
  {
    ...row,
    ...{ words: 'set ssl tls-key', args: '[id|file] <key>' },
    help: 'set the next TLS key for the <id> or <file> listener to <key>',
    changes: true,
    run: set,
  },
  {
    ...{ level: 'user', where: 'worker' },
    ...{ words: 'show ssl providers', args: '' },
    help: 'show loaded SSL providers',
    run: providers,
  },
];
