import type { ChangeOf } from '../../change.ts';
import { fullName, lacksServer, path, serverRow, theServer } from '../find.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

/** Bits of `srv_admin_state`: forced maintenance and drain; those inherited from a tracked server; no address. */
const FORCED = { maint: 0x01, drain: 0x08 } as const;
const INHERITED = 0x02 | 0x10;
const UNRESOLVED = 0x20;
const CONFIG_DISABLED = 0x04;

/** `set server state`. */
export const serverState: RemoteRow<ChangeOf<'server.state'>> = {
  ...EVERYWHERE,
  problem: lacksServer,
  async warnings(change, live) {
    const { adminState } = await theServer(change, live);
    const found: string[] = [];
    if (adminState & INHERITED) found.push(`${path(change)} follows the server that it tracks, whatever is set here`);
    if (change.to === 'ready' && adminState & UNRESOLVED)
      found.push(`${path(change)} stays in maintenance until its name resolves`);
    if (change.to !== 'ready' && (await isLast(change, live)))
      found.push(`${path(change)} is the last server of ${change.backend} that takes traffic`);
    return found;
  },
  read: async (change, live) => forced((await theServer(change, live)).adminState),
  after: async ({ to }) => to,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'state', change.to] }],
  inverse: async (change, live) => ({ ...change, to: forced((await theServer(change, live)).adminState) }),
  async durable(change, live) {
    const { adminState, fileWeight } = await theServer(change, live);
    const file = adminState & CONFIG_DISABLED ? 'maint' : fileWeight === 0 ? 'drain' : 'ready';
    return { object: await fullName(change, live), attribute: 'state', file };
  },
};

/** What operators have decided of this very server. */
function forced(bits: number): 'ready' | 'drain' | 'maint' {
  if (bits & FORCED.maint) return 'maint';
  return bits & FORCED.drain ? 'drain' : 'ready';
}

async function isLast(change: ChangeOf<'server.state'>, live: Parameters<typeof theServer>[1]): Promise<boolean> {
  const own = await theServer(change, live);
  const lines = (await live.servers(change.backend)) ?? [];
  const serving = lines.filter(
    (line) => line.operState !== 0 && (line.adminState & ~CONFIG_DISABLED) === 0 && line.weight > 0,
  );
  return serving.length === 1 && serving[0]!.serverId === own.serverId;
}

/** `set server health`: until the next check disagrees. */
export const serverHealth: RemoteRow<ChangeOf<'server.health'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    const { tracked } = await serverRow(change, live);
    return tracked ? `${path(change)} tracks ${tracked}: its health is that server's` : null;
  },
  async warnings(change, live) {
    const { checkState } = await theServer(change, live);
    return checkState & CHECK.enabled ? ['health checks are on: they go on and may say otherwise at any time'] : [];
  },
  read: async (change, live) => HEALTH[(await theServer(change, live)).operState] ?? 'down',
  after: async ({ to }) => to,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'health', change.to] }],
  inverse: async (change, live) => ({ ...change, to: HEALTH[(await theServer(change, live)).operState] ?? 'down' }),
  holds: () => true,
};

/** By `srv_op_state`; a server in slow start is up. */
const HEALTH = ['down', 'up', 'up', 'stopping'] as const;

/** `set server agent`: until the agent says otherwise. */
export const serverAgent: RemoteRow<ChangeOf<'server.agent'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    const { agentState } = await theServer(change, live);
    return agentState & CHECK.enabled ? null : `agent checks are not enabled on ${path(change)}`;
  },
  async read(change, live) {
    const { agent_health: health, agent_rise: rise } = await serverRow(change, live);
    return Number(health) >= Number(rise) ? 'up' : 'down';
  },
  after: async ({ to }) => to,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'agent', change.to] }],
  async inverse(change, live) {
    const { agent_health: health, agent_rise: rise } = await serverRow(change, live);
    return { ...change, to: Number(health) >= Number(rise) ? 'up' : 'down' };
  },
  holds: () => true,
};

/** Bits of `srv_check_state` and `srv_agent_state`. */
const CHECK = { configured: 0x02, enabled: 0x04 } as const;

/** `enable|disable health|agent`. */
export const serverChecks: RemoteRow<ChangeOf<'server.checks'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    const bits = checkBits(await theServer(change, live), change.which);
    if (bits & CHECK.configured) return null;
    return `${change.which} checks are not configured on ${path(change)}: write 'check' on its line and reload`;
  },
  read: async (change, live) => onOff(checkBits(await theServer(change, live), change.which)),
  after: async ({ enabled }) => (enabled ? 'enabled' : 'disabled'),
  commands: async (change) => [{ words: [change.enabled ? 'enable' : 'disable', change.which, path(change)] }],
  inverse: async (change, live) => ({
    ...change,
    enabled: (checkBits(await theServer(change, live), change.which) & CHECK.enabled) !== 0,
  }),
  durable: async (change, live) => ({
    object: await fullName(change, live),
    attribute: `${change.which} checks`,
    file: 'enabled',
  }),
};

function checkBits(
  line: { readonly checkState: number; readonly agentState: number },
  which: 'health' | 'agent',
): number {
  return which === 'health' ? line.checkState : line.agentState;
}

function onOff(bits: number): string {
  return bits & CHECK.enabled ? 'enabled' : 'disabled';
}
