/** A Consul that services are taken from. */
export interface ConsulSettings {
  readonly address: string;
  readonly port: number;
  readonly mode: 'http' | 'https';
  /** ACL token; '' for none. */
  readonly token: string;
  /** Of Consul Enterprise; '' for the token's own. */
  readonly namespace: string;
  /** Services that are taken (all, where it is empty), and those that are not. The first list goes before the second. */
  readonly allow: readonly string[];
  readonly deny: readonly string[];
  /** Expression that Consul compares service names with; '' for none. */
  readonly nameExpression: string;
  /** Which checks have to pass. */
  readonly health: 'none' | 'any' | 'all' | 'min';
  readonly healthMin: number;
}

/** Consul's own service is no service to balance. */
const OWN = 'consul';

/** True when the service is one of those that the settings ask for. */
export function isWanted({ allow, deny }: Pick<ConsulSettings, 'allow' | 'deny'>, service: string): boolean {
  if (service === OWN) return false;
  return allow.length > 0 ? allow.includes(service) : !deny.includes(service);
}
