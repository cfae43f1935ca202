import { passedListeners } from '../../control/passed-listeners.ts';
import { descriptorOf, libcProblem, MAX_PASSED_DESCRIPTORS, sendDescriptors } from '../../util/libc.ts';
import { type Answer, error, nothing } from '../answer.ts';
import type { Call, Command } from '../registry.ts';

/** Sockets in a message: their names must fit into it. */
const BATCH = Math.min(100, MAX_PASSED_DESCRIPTORS);

/**
 * Passes the listening sockets to a process that is to take over: messages of JSON (`{ "sluice": [address, ...], "more": bool }`), each with the
 * descriptors of the sockets that it names, in order.
 */
async function getSocks({ control, session }: Call): Promise<Answer> {
  if (!session.exposesListeners) return error('Permission denied');
  const problem = libcProblem();
  if (problem !== null) return error(`cannot pass listening sockets: ${problem}`);
  const sockets = await passedListeners(control.model, control.traffic);
  const fd = descriptorOf(session.connection.socket);
  let from = 0;
  do {
    const batch = sockets.slice(from, from + BATCH);
    from += batch.length;
    const message = JSON.stringify({ sluice: batch.map(({ key }) => key), more: from < sockets.length });
    if (
      !sendDescriptors(
        fd,
        Buffer.from(message),
        batch.map((socket) => socket.fd),
      )
    )
      return error('the client does not read');
  } while (from < sockets.length);
  session.closing = true;
  return nothing;
}

export const getsocksCommands: readonly Command[] = [
  {
    words: '_getsocks',
    args: '',
    help: null,
    level: 'user',
    where: 'worker',
    about:
      'For a new process that takes over (`-x`): passes the listening sockets. Needs `expose-fd listeners` on the socket.',
    run: getSocks,
  },
];
