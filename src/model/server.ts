import type { Address, AgentConfig, CheckConfig, ServerConfig } from '../config/types.ts';
import type { Proxy } from './proxy.ts';

/** Operational state (`srv_op_state` of `show servers state`). */
export const OperState = { stopped: 0, starting: 1, running: 2, stopping: 3 } as const;

/** Administrative state bits (`srv_admin_state`, ../docs: HAProxy's server state format). */
export const Admin = {
  /** Forced maintenance: CLI, or `disabled` in the configuration. */
  forcedMaint: 0x01,
  /** Maintenance inherited from the tracked server. */
  inheritedMaint: 0x02,
  /** `disabled` is written in the configuration. */
  configMaint: 0x04,
  forcedDrain: 0x08,
  inheritedDrain: 0x10,
  /** The host name has no address. */
  resolveMaint: 0x20,
  /** The FQDN was changed at run time. */
  fqdnChanged: 0x40,
  maint: 0x23,
  drain: 0x18,
} as const;

/** Numbers of check statuses in `show servers state`, with their names in `show stat`. */
export const CheckStatus = {
  UNK: 0,
  INI: 1,
  START: 2,
  CHECKED: 3,
  HANA: 4,
  SOCKERR: 5,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L6OK: 9,
  L6TOUT: 10,
  L6RSP: 11,
  L7TOUT: 12,
  L7RSP: 13,
  L7OK: 15,
  L7OKC: 16,
  L7STS: 17,
  PROCERR: 18,
  PROCTOUT: 19,
  PROCOK: 20,
} as const;
export type CheckStatusName = keyof typeof CheckStatus;

/** Check state bits. */
export const CheckState = { inProgress: 0x01, configured: 0x02, enabled: 0x04, paused: 0x08, agent: 0x10 } as const;

/** Check results. */
export const CheckResult = { unknown: 0, neutral: 1, failed: 2, passed: 3, conditional: 4 } as const;

/** What is known of one kind of checking (health or agent) of a server. */
export interface CheckView {
  state: number;
  result: number;
  status: CheckStatusName;
  /** HTTP status or exit code, -1 when none. */
  code: number;
  /** Duration of the last check in ms, -1 when none. */
  duration: number;
  /** Text that came with the result (`last_chk`). */
  description: string;
  /** 0 .. rise + fall - 1. */
  health: number;
  rise: number;
  fall: number;
  /** Date of the last start, ms. */
  startedAt: number;
}

/** A server as it is now: file settings (`config`), what was changed live, and what was found out. Owned by the control thread. */
export class Server {
  readonly proxy: Proxy;
  config: ServerConfig;
  name: string;
  readonly id: number;
  readonly idForced: boolean;
  /** Slot in the counter store. */
  readonly slot: number;
  /** Added over the Runtime API, and not in the configuration. */
  dynamic: boolean;
  /** How it was added: what follows its name in `add server`. */
  added: { readonly addr: string; readonly from: string | null; readonly words: readonly string[] } | null;

  operState: number;
  admin: number;
  /** User weight 0..256 now, and as configured. */
  userWeight: number;
  initialWeight: number;
  /** Share of its weight that a slow start has come to, 1/16..1 in steps of 1/16. */
  warmup: number;
  /** IP address now, null while unresolved; a path for unix and abstract sockets. */
  host!: string | null;
  family!: 'inet' | 'inet6' | 'unix' | 'abns';
  port!: number;
  portMap!: '' | '+' | '-';
  fqdn!: string | null;
  srvRecord: string | null;
  maxconn: number;
  cookie: string | null;
  useSsl: boolean;
  /** It was set live whether traffic speaks TLS. */
  sslSet: boolean;

  check!: CheckView | null;
  agent!: CheckView | null;
  checkConfig!: CheckConfig | null;
  agentConfig!: AgentConfig | null;
  tracked: Server | null;
  readonly trackers: Server[] = [];

  /** Date of the last operational change, ms. */
  lastChange: number;
  /** Seconds of down time before `lastChange`. */
  downTime: number;
  failedChecks: number;
  downTransitions: number;
  /** Failed health analyses (`observe`). */
  failedHana: number;
  consecutiveErrors: number;
  /** What `show servers state` tells of the check of a server that has none. */
  readonly unchecked: { status: CheckStatusName; result: number; health: number };
  /** Referred to by name in the configuration (`use-server`, sample fetches): cannot be deleted or renamed. */
  referenced: boolean;

  constructor(proxy: Proxy, config: ServerConfig, id: number, slot: number, dynamic: boolean, now: number) {
    this.proxy = proxy;
    this.config = config;
    this.name = config.name;
    this.id = id;
    this.idForced = config.id !== null;
    this.slot = slot;
    this.dynamic = dynamic;
    this.added = null;
    this.operState = OperState.running;
    this.admin = config.disabled ? Admin.forcedMaint | Admin.configMaint : 0;
    this.userWeight = config.weight;
    this.initialWeight = config.weight;
    this.warmup = 1;
    this.setAddress(config.address);
    this.srvRecord = null;
    this.maxconn = config.maxconn;
    this.cookie = config.cookie;
    this.useSsl = config.tls?.on ?? false;
    this.sslSet = false;
    this.setChecks(config.check, config.agent);
    this.tracked = null;
    this.lastChange = now;
    this.downTime = 0;
    this.failedChecks = 0;
    this.downTransitions = 0;
    this.failedHana = 0;
    this.consecutiveErrors = 0;
    this.unchecked = {
      status: 'INI',
      result: CheckResult.unknown,
      health: config.onDefaultServer && !dynamic && !config.disabled ? riseAndFall(this).rise : 0,
    };
    this.referenced = false;
  }

  /** Takes the address that a configuration line gives. */
  setAddress(address: Address): void {
    const path = 'path' in address ? address.path : null;
    this.host = path ?? (address.family === 'inet' || address.family === 'inet6' ? address.host : null);
    this.family =
      address.family === 'inet6' || address.family === 'unix' || address.family === 'abns' ? address.family : 'inet';
    this.port = 'port' in address ? address.port : 0;
    this.portMap = 'portMap' in address ? address.portMap : '';
    this.fqdn = address.family === 'name' ? address.host : null;
  }

  /** Takes the settings of health and agent checks, as if none had run yet. */
  setChecks(check: CheckConfig | null, agent: AgentConfig | null): void {
    this.checkConfig = check;
    this.agentConfig = agent;
    this.check = check ? checkView(check.rise, check.fall) : null;
    this.agent = agent ? checkView(1, 1) : null;
    if (this.agent) this.agent.state |= CheckState.agent;
  }

  /** `backend/server`. */
  get path(): string {
    return this.proxy.name + '/' + this.name;
  }
}

function checkView(rise: number, fall: number): CheckView {
  return {
    state: CheckState.configured | CheckState.enabled,
    result: CheckResult.unknown,
    status: 'INI',
    code: -1,
    duration: -1,
    description: '',
    health: rise,
    rise,
    fall,
    startedAt: 0,
  };
}

/** What the server rises and falls by; without health checks, what its line says of them nonetheless. */
export function riseAndFall({ check, config }: Server): { readonly rise: number; readonly fall: number } {
  return check ?? config.checkDefaults ?? { rise: 2, fall: 3 };
}

/** In maintenance of any kind. */
export function inMaint(server: Server): boolean {
  return (server.admin & Admin.maint) !== 0;
}

/** Accepts new requests of any kind (persistent ones included). */
export function isUsable(server: Server): boolean {
  return !inMaint(server) && server.operState !== OperState.stopped;
}

/** Draining: no new requests but persistent ones. */
export function isDraining(server: Server): boolean {
  return (server.admin & Admin.drain) !== 0 || server.operState === OperState.stopping || server.userWeight === 0;
}
