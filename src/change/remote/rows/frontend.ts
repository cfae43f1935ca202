import type { ChangeOf } from '../../change.ts';
import { lacksProxy, proxyRow } from '../find.ts';
import { type Live, ROW } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** `enable frontend`, `disable frontend`, `shutdown frontend`. */
export const frontendState: RemoteRow<ChangeOf<'frontend.state'>> = {
  ...EVERYWHERE,
  async problem({ frontend, to }, live) {
    const missing = await lacksProxy(frontend, ROW.frontend, live);
    if (missing) return missing;
    if ((await stateOf(frontend, live)) !== 'shutdown') return null;
    return to === 'shutdown'
      ? `frontend '${frontend}' was shut down already`
      : `frontend '${frontend}' was shut down: only a reload brings it back`;
  },
  warnings: async ({ to }) => (to === 'shutdown' ? ['only a reload brings it back'] : []),
  read: ({ frontend }, live) => stateOf(frontend, live),
  after: async ({ to }) => to,
  async commands({ frontend, to }, live) {
    // What is so already is refused by HAProxy.
    if ((await stateOf(frontend, live)) === to) return [];
    const verb = to === 'enabled' ? 'enable' : to === 'disabled' ? 'disable' : 'shutdown';
    return [{ words: [verb, 'frontend', frontend] }];
  },
  async inverse(change, live) {
    const before = await stateOf(change.frontend, live);
    return change.to === 'shutdown' || before === 'shutdown' ? null : { ...change, to: before };
  },
  durable: async ({ frontend }) => ({ object: frontend, attribute: 'state', file: 'enabled' }),
};

async function stateOf(frontend: string, live: Live): Promise<'enabled' | 'disabled' | 'shutdown'> {
  const status = (await proxyRow(frontend, ROW.frontend, live))?.status ?? '';
  if (status === 'STOP') return 'shutdown';
  return status === 'PAUSED' ? 'disabled' : 'enabled';
}

/** `set maxconn frontend`. */
export const frontendMaxconn: RemoteRow<ChangeOf<'frontend.maxconn'>> = {
  ...EVERYWHERE,
  async problem({ frontend, maxconn }, live) {
    const missing = await lacksProxy(frontend, ROW.frontend, live);
    if (missing) return missing;
    return Number.isInteger(maxconn) && maxconn >= 0 ? null : `maxconn is a whole number from 0 on: ${maxconn}`;
  },
  read: ({ frontend }, live) => limit(frontend, live),
  after: async ({ maxconn }) => String(maxconn),
  commands: async ({ frontend, maxconn }) => [{ words: ['set', 'maxconn', 'frontend', frontend, String(maxconn)] }],
  inverse: async (change, live) => ({ ...change, maxconn: Number(await limit(change.frontend, live)) }),
  durable: async ({ frontend }) => ({ object: frontend, attribute: 'maxconn', file: '' }),
};

async function limit(frontend: string, live: Live): Promise<string> {
  return (await proxyRow(frontend, ROW.frontend, live))?.slim || '0';
}
