/** Names of users and groups in a configuration become ids: of the process, of control sockets, of unix sockets of traffic. */
import type { BindConfig, Config, Diagnostic, Location, ProxyConfig } from '../config/types.ts';
import { formatAddress } from '../control/address.ts';
import { groupId, userId } from '../util/accounts.ts';

/** The configuration with ids in place of names, and an alert for every name that the system does not know. */
export function withOwners(config: Config): { readonly config: Config; readonly problems: readonly Diagnostic[] } {
  const problems: Diagnostic[] = [];
  const alert = (at: Location | null, text: string): null => {
    problems.push({ severity: 'alert', at, text });
    return null;
  };
  const owned = (bind: BindConfig, where: string): BindConfig => {
    if (bind.user === null && bind.group === null) return bind;
    const { at, user, group } = bind;
    const uid = user === null ? null : (userId(user) ?? alert(at, `${where} : 'user' : unknown user name '${user}'`));
    const gid =
      group === null ? null : (groupId(group) ?? alert(at, `${where} : 'group' : unknown group name '${group}'`));
    return { ...bind, uid: uid ?? bind.uid, gid: gid ?? bind.gid };
  };
  const ownedProxy = (proxy: ProxyConfig): ProxyConfig => {
    if (!proxy.binds.some(({ user, group }) => user !== null || group !== null)) return proxy;
    const where = (bind: BindConfig) => `'bind ${formatAddress(bind.address)}' in section '${proxy.kind}'`;
    return { ...proxy, binds: proxy.binds.map((bind) => owned(bind, where(bind))) };
  };
  const { user, group, statsSockets, at } = config.global;
  // HAProxy adds the number and text of errno, which say nothing when there is no such name.
  const unknown = (kind: 'user' | 'group', name: string) =>
    alert(at[kind] ?? null, `cannot find ${kind} id for '${name}' (0:Success)`);
  const global = {
    ...config.global,
    uid: user === null ? config.global.uid : (userId(user) ?? unknown('user', user)),
    gid: group === null ? config.global.gid : (groupId(group) ?? unknown('group', group)),
    statsSockets: statsSockets.map((bind) => owned(bind, "'stats socket'")),
  };
  return { config: { ...config, global, proxies: config.proxies.map(ownedProxy) }, problems };
}
