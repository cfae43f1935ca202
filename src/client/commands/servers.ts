import type { Session } from '../session.ts';
import { requireFeature } from '../versions.ts';

/** Keywords of `add server` after the address, as words (`check`, `weight`, `10`). */
export type ServerKeywords = readonly string[];

/** Commands for servers. A server is named `backend/server`. */
export function serverCommands(session: Session) {
  const { run } = session;
  const setServer = async (server: string, ...words: string[]) => {
    await run(['set', 'server', server, ...words]);
  };
  const change = async (verb: 'enable' | 'disable', what: 'server' | 'health' | 'agent', server: string) => {
    await run([verb, what, server]);
  };
  return {
    /** Takes a server into service, out of new sessions' way, or out of service. */
    setServerState: (server: string, state: 'ready' | 'drain' | 'maint') => setServer(server, 'state', state),
    /** Sets a weight: an absolute one, or a percentage of the configured one (`'50%'`). */
    setServerWeight: (server: string, weight: number | `${number}%`) => setServer(server, 'weight', String(weight)),
    /** Weight now and as configured. */
    async getServerWeight(server: string): Promise<{ readonly current: number; readonly initial: number }> {
      const [current, initial] = ((await run(['get', 'weight', server])).match(/\d+/g) ?? []).map(Number);
      return { current: current!, initial: initial! };
    },
    /** Sets address and, when it is given, port. Resolves with what the program says of the change. */
    setServerAddr: (server: string, address: string, port?: number | string) =>
      run(['set', 'server', server, 'addr', address, ...(port === undefined ? [] : ['port', String(port)])]),
    setServerFqdn: (server: string, name: string) => setServer(server, 'fqdn', name),
    /** Says what the health check is to take the server for. */
    setServerHealth: (server: string, health: 'up' | 'stopping' | 'down') => setServer(server, 'health', health),
    setServerAgent: (server: string, state: 'up' | 'down') => setServer(server, 'agent', state),
    setServerCheckAddr: (server: string, address: string, port?: number) =>
      setServer(server, 'check-addr', address, ...(port === undefined ? [] : ['port', String(port)])),
    setServerCheckPort: (server: string, port: number) => setServer(server, 'check-port', String(port)),
    setServerAgentAddr: (server: string, address: string, port?: number) =>
      setServer(server, 'agent-addr', address, ...(port === undefined ? [] : ['port', String(port)])),
    setServerAgentPort: (server: string, port: number) => setServer(server, 'agent-port', String(port)),
    setServerAgentSend: (server: string, text: string) => setServer(server, 'agent-send', text),
    setServerSsl: (server: string, state: 'on' | 'off') => setServer(server, 'ssl', state),
    /** Gives a server in maintenance another name (HAProxy 3.5). */
    async setServerName(server: string, name: string): Promise<void> {
      requireFeature(session.identity, 'set server name', "'set server name'");
      await setServer(server, 'name', name);
    },
    async setServerMaxconn(server: string, maxconn: number): Promise<void> {
      await run(['set', 'maxconn', 'server', server, String(maxconn)]);
    },
    enableServer: (server: string) => change('enable', 'server', server),
    disableServer: (server: string) => change('disable', 'server', server),
    enableHealth: (server: string) => change('enable', 'health', server),
    disableHealth: (server: string) => change('disable', 'health', server),
    enableAgent: (server: string) => change('enable', 'agent', server),
    disableAgent: (server: string) => change('disable', 'agent', server),
    /** Adds a server; it starts in maintenance, and its checks are off until `enableHealth`. `address`: `host:port`. */
    async addServer(server: string, address: string, keywords: ServerKeywords = []): Promise<void> {
      await run(['add', 'server', server, address, ...keywords]);
    },
    /** Deletes a server; it has to be in maintenance and without connections. */
    async delServer(server: string): Promise<void> {
      await run(['del', 'server', server]);
    },
    /** Waits until `delServer` would succeed, at most `milliseconds` (HAProxy 3.0, not on a master CLI); an InUseError when it would not. */
    async waitServerRemovable(server: string, milliseconds: number): Promise<void> {
      requireFeature(session.identity, 'wait srv-removable', "'wait srv-removable'");
      const timeout = milliseconds + (session.options.timeout ?? 30_000);
      await run(['wait', `${milliseconds}ms`, 'srv-removable', server], { timeout });
    },
    async shutdownSessionsServer(server: string): Promise<void> {
      await run(['shutdown', 'sessions', 'server', server]);
    },
  };
}
