import { isIP } from 'node:net';
import type { ChangeOf } from '../../change.ts';
import { fullName, lacksServer, path, theServer } from '../find.ts';
import type { Live } from '../live.ts';
import { EVERYWHERE, type RemoteRow } from '../row.ts';

const HIGHEST_PORT = 65535;

/** `set server addr`. What it answers tells the change, in words that differ by version; the read back decides. */
export const serverAddr: RemoteRow<ChangeOf<'server.addr'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    if (change.addr === null && change.port === null) return 'neither an address nor a port is given';
    if (change.addr !== null && isIP(change.addr) === 0) return `this is no IP address: ${change.addr}`;
    if (change.port === null) return null;
    // A mapped port (+N) is not told by `show servers state`, so that it could be neither proved nor put back.
    if (!/^\d+$/.test(change.port) || Number(change.port) > HIGHEST_PORT)
      return `this is no port from 0 to ${HIGHEST_PORT}: ${change.port}`;
    return null;
  },
  async warnings(change, live) {
    const { checkPort, checkState } = await theServer(change, live);
    const checked = (checkState & 0x02) !== 0 && checkPort === 0;
    return checked ? ['health checks follow to the new address'] : [];
  },
  async read(change, live) {
    const { address, port } = await theServer(change, live);
    return `${address || '-'}:${port}`;
  },
  async after(change, live) {
    const { address, port } = await theServer(change, live);
    return `${change.addr ?? (address || '-')}:${change.port === null ? port : Number(change.port)}`;
  },
  async commands(change, live) {
    // There is no command for the port alone.
    const addr = change.addr ?? (await theServer(change, live)).address;
    const port = change.port === null ? [] : ['port', change.port];
    return [{ words: ['set', 'server', path(change), 'addr', addr, ...port] }];
  },
  says: /changed from .* to |^no(thing changed| need to change)/,
  async inverse(change, live) {
    const { address, port } = await theServer(change, live);
    return address === '' ? null : { ...change, addr: address, port: String(port) };
  },
  durable: async (change, live) => ({ object: await fullName(change, live), attribute: 'address', file: '' }),
};

/** `set server fqdn`. */
export const serverFqdn: RemoteRow<ChangeOf<'server.fqdn'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    const { srvRecord } = await theServer(change, live);
    return srvRecord === '' ? null : `${path(change)} gets its name from the SRV record ${srvRecord}`;
  },
  async warnings(change, live) {
    const { fqdn } = await theServer(change, live);
    return fqdn === ''
      ? [`${path(change)} has no host name so far: HAProxy takes one if it has resolvers, and it stays`]
      : [];
  },
  read: async (change, live) => (await theServer(change, live)).fqdn,
  after: async ({ fqdn }) => fqdn,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'fqdn', change.fqdn] }],
  says: /changed its FQDN from |^no need to change/,
  async inverse(change, live) {
    const { fqdn } = await theServer(change, live);
    return fqdn === '' ? null : { ...change, fqdn };
  },
  durable: async (change, live) => ({ object: await fullName(change, live), attribute: 'fqdn', file: '' }),
};

type TargetChange = ChangeOf<'server.check-addr'> | ChangeOf<'server.agent-addr'>;

/** `set server check-addr` and `check-port`. */
export const serverCheckAddr = checkTarget('check');

/** `set server agent-addr` and `agent-port`. */
export const serverAgentAddr = checkTarget('agent');

function checkTarget<C extends TargetChange>(which: 'check' | 'agent'): RemoteRow<C> {
  const now = async (change: C, live: Live) => {
    const line = await theServer(change, live);
    if (which === 'check')
      return { addr: line.checkAddr, port: line.checkPort, own: line.address, bits: line.checkState };
    return { addr: line.agentAddr, port: line.agentPort, own: line.address, bits: line.agentState };
  };
  return {
    ...EVERYWHERE,
    async problem(change, live) {
      const missing = await lacksServer(change, live);
      if (missing) return missing;
      const { bits } = await now(change, live);
      if ((bits & 0x04) === 0)
        return `${which === 'check' ? 'health' : 'agent'} checks are not enabled on ${path(change)}`;
      if (change.addr === '')
        return "HAProxy cannot take an explicit address of checks away: set it to the server's own";
      if (change.addr !== null && isIP(change.addr) === 0) return `this is no IP address: ${change.addr}`;
      if (change.port === null) return change.addr === null ? 'neither an address nor a port is given' : null;
      const valid = Number.isInteger(change.port) && change.port >= 0 && change.port <= HIGHEST_PORT;
      return valid ? null : `this is no port from 0 to ${HIGHEST_PORT}: ${change.port}`;
    },
    async read(change, live) {
      const { addr, port } = await now(change, live);
      return `${addr || '-'}:${port}`;
    },
    async after(change, live) {
      const { addr, port } = await now(change, live);
      return `${change.addr ?? (addr || '-')}:${change.port ?? port}`;
    },
    async commands(change) {
      const { addr, port } = change;
      const words =
        addr === null
          ? [`${which}-port`, String(port)]
          : [`${which}-addr`, addr, ...(port === null ? [] : ['port', String(port)])];
      return [{ words: ['set', 'server', path(change), ...words] }];
    },
    async inverse(change, live) {
      const { addr, port, own } = await now(change, live);
      // Where there was no explicit address the server's own is the same thing.
      if (change.addr !== null && addr === '' && own === '') return null;
      return { ...change, addr: change.addr === null ? null : addr || own, port: change.port === null ? null : port };
    },
    durable: async (change, live) => ({
      object: await fullName(change, live),
      attribute: `${which} address`,
      file: '',
    }),
  };
}

/** `set server agent-send`. HAProxy does not tell what is sent. */
export const serverAgentSend: RemoteRow<ChangeOf<'server.agent-send'>> = {
  ...EVERYWHERE,
  async problem(change, live) {
    const missing = await lacksServer(change, live);
    if (missing) return missing;
    const { agentState } = await theServer(change, live);
    if ((agentState & 0x04) === 0) return `agent checks are not enabled on ${path(change)}`;
    return change.send === '' ? 'HAProxy cannot be told to send nothing to an agent' : null;
  },
  warnings: async () => ['HAProxy does not tell what it sends to an agent: it cannot be proved, nor taken back'],
  read: async () => null,
  after: async ({ send }) => send,
  commands: async (change) => [{ words: ['set', 'server', path(change), 'agent-send', change.send] }],
  inverse: async () => null,
};
