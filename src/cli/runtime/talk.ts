import { type Conversation, type RuntimeClient, RuntimeClientError, type Spoken } from '../../client/index.ts';
import type { Level } from '../../runtime/levels.ts';

/** What commands have set for those behind them. */
export interface Standing {
  level: Level;
  mode: 'experimental' | 'expert' | null;
}

/** A connection that answers as it would answer socat. */
export interface Talk {
  ask(words: readonly string[], payload: string | null): Promise<Spoken>;
  close(): void;
}

/** How long an answer is waited for, ms; `wait` waits itself. */
const PATIENCE = 60_000;
const DAY = 86_400_000;

/**
 * Opens a connection with the level and mode that stand. The level is lowered there, too: what is overlooked here is refused by the load
 * balancer. A master CLI has no such connections; there each command has its own.
 */
export async function openTalk(client: RuntimeClient, { level, mode }: Standing): Promise<Talk> {
  let conversation: Conversation;
  try {
    conversation = await client.converse();
  } catch (error) {
    if (!(error instanceof RuntimeClientError && error.code === 'MASTER')) throw error;
    return masterTalk(client, mode);
  }
  const ask: Talk['ask'] = (words, payload) =>
    conversation.ask(words, { payload: payload ?? undefined, timeout: words[0] === 'wait' ? DAY : PATIENCE });
  await ask(['set', 'timeout', 'cli', '86400'], null);
  if (mode !== null) await ask([`${mode}-mode`, 'on'], null);
  if (level !== 'admin') await ask([level], null);
  return { ask, close: () => conversation.close() };
}

function masterTalk(client: RuntimeClient, mode: Standing['mode']): Talk {
  return {
    async ask(words, payload) {
      const { severity, text } = await client.command(words, {
        payload: payload ?? undefined,
        mode: mode ?? undefined,
        timeout: words[0] === 'wait' ? DAY : PATIENCE,
      });
      return { severity, body: text === '' ? '' : `${text}\n` };
    },
    close: () => undefined,
  };
}
