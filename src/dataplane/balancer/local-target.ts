/** The Sluice that the service is a part of, as operations work on one. */

import { Socket } from 'node:net';
import type { Origin } from '../../change/change.ts';
import { clientOver } from '../../client/over.ts';
import type { Control } from '../../control/types.ts';
import type { Target } from '../../ops/target.ts';
import { sluiceTarget } from '../../ops/targets/sluice.ts';
import type { Answer } from '../../runtime/answer.ts';
import { registry } from '../../runtime/server.ts';
import { Session } from '../../runtime/session.ts';
import { ApiError } from '../service/error.ts';

/** Most characters of an answer that is collected. */
const MOST = 256 * 1024 * 1024;

/** Commands of somebody who is known by other means than a socket. */
class ApiSession extends Session {
  readonly #origin: Origin;

  constructor(control: Control, origin: Origin) {
    super(new Socket(), {
      ...{ control, registry, level: 'admin', severity: 'none', timeout: 0, from: 'api' },
      sockets: () => [],
    });
    this.#origin = origin;
  }

  override get origin(): Origin {
    return this.#origin;
  }
}

/** What the Runtime API answers to a command, without a connection. */
export function answerTo(
  control: Control,
  origin: Origin,
  words: readonly string[],
  payload: string | null = null,
): Promise<Answer> {
  return new ApiSession(control, origin).answer(words, payload);
}

/** Works on this Sluice as `origin`. */
export async function localTarget(control: Control, origin: Origin): Promise<Target> {
  const client = await clientOver({
    name: 'this Sluice',
    local: true,
    ask: async (words, { payload = null }) => collected(await answerTo(control, origin, words, payload)),
  });
  return sluiceTarget('this Sluice', client);
}

async function collected(answer: Answer): Promise<{ readonly severity: number | null; readonly text: string }> {
  if (answer.kind === 'nothing') return { severity: null, text: '' };
  if (answer.kind === 'message') return { severity: answer.severity, text: answer.text.replace(/\n+$/, '') };
  const pieces: string[] = [];
  let length = 0;
  for await (const piece of answer.pieces) {
    length += piece.length;
    if (length > MOST) throw new ApiError(400, `the answer has more than ${MOST} characters`);
    pieces.push(piece);
  }
  return { severity: null, text: pieces.join('').replace(/\n+$/, '') };
}
