import type { ChangeOf } from '../../change.ts';
import { fullName, lacksServer, path, proxyRow, serverRow, theServer } from '../find.ts';
import { type Live, ROW } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';
import type { ServerLine } from '../servers-state.ts';

const HIGHEST_WEIGHT = 256;

/** `set server weight`. */
export const serverWeight: RemoteRow<ChangeOf<'server.weight'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    if (!Number.isInteger(change.weight) || change.weight < 0)
      return `a weight is a whole number from 0 on: ${change.weight}`;
    if (!change.percent && change.weight > HIGHEST_WEIGHT)
      return `an absolute weight is at most ${HIGHEST_WEIGHT}: ${change.weight}`;
    const algo = (await proxyRow(change.backend, ROW.backend, live))?.algo;
    const whole = change.percent && (change.weight === 0 || change.weight === 100);
    if (algo !== 'static-rr' || whole) return null;
    return `balance ${algo} of ${change.backend} is static: it takes the weights 0% and 100% only`;
  },
  read: async (change, live) => String((await theServer(change, live)).weight),
  after: async (change, live) => String(resolved(change, await theServer(change, live))),
  commands: async (change) => [
    { words: ['set', 'server', path(change), 'weight', `${change.weight}${change.percent ? '%' : ''}`] },
  ],
  async inverse(change, live) {
    const { weight, fileWeight } = await theServer(change, live);
    // A static algorithm takes percents only.
    const percent = change.percent && (weight === fileWeight || weight === 0);
    return { ...change, percent, weight: percent ? (weight === 0 ? 0 : 100) : weight };
  },
  async durable(change, live) {
    const { fileWeight } = await theServer(change, live);
    return { object: await fullName(change, live), attribute: 'weight', file: String(fileWeight) };
  },
};

/** As HAProxy reckons: percents of the configured weight without fraction, 256 at most. */
function resolved(change: ChangeOf<'server.weight'>, { fileWeight }: ServerLine): number {
  if (!change.percent) return change.weight;
  return Math.min(HIGHEST_WEIGHT, Math.trunc((fileWeight * change.weight) / 100));
}

/** `set maxconn server`. */
export const serverMaxconn: RemoteRow<ChangeOf<'server.maxconn'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    return Number.isInteger(change.maxconn) && change.maxconn >= 0
      ? null
      : `maxconn is a whole number from 0 on: ${change.maxconn}`;
  },
  read: (change, live) => limit(change, live),
  after: async ({ maxconn }) => String(maxconn),
  commands: async (change) => [{ words: ['set', 'maxconn', 'server', path(change), String(change.maxconn)] }],
  inverse: async (change, live) => ({ ...change, maxconn: Number(await limit(change, live)) }),
  durable: async (change, live) => ({ object: await fullName(change, live), attribute: 'maxconn', file: '' }),
};

async function limit(change: ChangeOf<'server.maxconn'>, live: Live): Promise<string> {
  return (await serverRow(change, live)).slim || '0';
}

/** `set server ssl`. */
export const serverSsl: RemoteRow<ChangeOf<'server.ssl'>> = {
  ...EVERYWHERE,
  problem: lacksServer,
  read: async (change, live) => onOff((await theServer(change, live)).useSsl === 1),
  after: async ({ enabled }) => onOff(enabled),
  commands: async (change) => [{ words: ['set', 'server', path(change), 'ssl', onOff(change.enabled)] }],
  says: /^server ssl setting updated\.$/,
  inverse: async (change, live) => ({ ...change, enabled: (await theServer(change, live)).useSsl === 1 }),
  durable: async (change, live) => ({ object: await fullName(change, live), attribute: 'ssl', file: '' }),
};

function onOff(enabled: boolean): 'on' | 'off' {
  return enabled ? 'on' : 'off';
}

/** `set server name`: not in HAProxy before 3.5. */
export const serverName: RemoteRow<ChangeOf<'server.name'>> = {
  since: '3.5',
  level: 'admin',
  instead: 'add a server with the new name and delete the old one, or rename it in the file and reload',
  async problem(change, live) {
    if (await renamed(change, live)) return null;
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    if (((await theServer(change, live)).adminState & 0x01) === 0)
      return `${path(change)} has to be in maintenance to be renamed: set its state to maint first`;
    const taken = (await live.servers(change.backend))!.some(({ server }) => server === change.name);
    return taken ? `backend '${change.backend}' has a server '${change.name}' already` : null;
  },
  read: async (change, live) => ((await renamed(change, live)) ? change.name : change.server),
  after: async ({ name }) => name,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'name', change.name] }],
  says: /^Server name updated\.$/,
  inverse: async (change) => ({ ...change, server: change.name, name: change.server }),
};

/** The old name is gone, the new one is there: the state after. */
async function renamed(change: ChangeOf<'server.name'>, live: Live): Promise<boolean> {
  const names = ((await live.servers(change.backend)) ?? []).map(({ server }) => server);
  return !names.includes(change.server) && names.includes(change.name);
}
