import { type ServerLine, serverLines } from '../change/remote/servers-state.ts';
import { statRows } from '../change/remote/stat-rows.ts';

/** What a running load balancer tells of itself, HAProxy and Sluice alike: the process, its frontends, its backends with their servers. */
export interface TargetState {
  readonly info: ProcessState;
  readonly frontends: readonly FrontendState[];
  readonly backends: readonly BackendState[];
}

/** From `show info`. */
export interface ProcessState {
  /** Version as it is told: `2.6.12-1+deb12u4`, `3.5-sluice0.1.0`. */
  readonly version: string;
  readonly product: 'haproxy' | 'sluice';
  readonly pid: number;
  /** Seconds since the process started; a reload of HAProxy is a new process. */
  readonly uptime: number;
  readonly node: string;
  readonly maxconn: number;
  readonly currConns: number;
  readonly connRate: number;
  readonly idlePct: number;
  /** Soft stop in progress: an older process that only serves what it has. */
  readonly stopping: boolean;
}

/** A FRONTEND row of `show stat`. */
export interface FrontendState {
  readonly name: string;
  readonly mode: string;
  /** `OPEN`, `PAUSED`, `STOP`, `FULL`, ... */
  readonly status: string;
  readonly sessions: number;
  readonly maxconn: number;
  /** Sessions in the last second. */
  readonly rate: number;
}

/** A BACKEND row of `show stat`, with its servers. */
export interface BackendState {
  readonly name: string;
  readonly id: number;
  readonly mode: string;
  /** `UP`, `DOWN`, `UP (UNPUB)`. */
  readonly status: string;
  readonly algo: string;
  readonly sessions: number;
  readonly queue: number;
  readonly rate: number;
  readonly servers: readonly ServerState[];
}

/** A server: its row of `show stat` and its line of `show servers state`. */
export interface ServerState {
  readonly backend: string;
  readonly name: string;
  readonly id: number;
  /** Current IP address; '' when it is unresolved or unknown. */
  readonly address: string;
  /** 0 when ports are mapped. */
  readonly port: number;
  readonly fqdn: string;
  /** What operators (or the configuration, or a tracked server) have decided. */
  readonly admin: 'ready' | 'drain' | 'maint';
  /** What health checks have found. */
  readonly oper: 'up' | 'down' | 'starting' | 'stopping';
  /** It gets new traffic: ready, up or starting, and of some weight. */
  readonly usable: boolean;
  /** As `show stat` puts it: `UP`, `DOWN 1/2`, `MAINT (via be/s1)`, `no check`, ... */
  readonly status: string;
  readonly backup: boolean;
  readonly weight: number;
  /** What the configuration says. */
  readonly fileWeight: number;
  /** 0: no limit. */
  readonly maxconn: number;
  readonly sessions: number;
  readonly queue: number;
  /** Null where health checks are not configured. */
  readonly check: CheckResult | null;
  /** Null where agent checks are not configured. */
  readonly agent: CheckResult | null;
  /** Seconds since it last came up or went down. */
  readonly since: number;
  /** Sessions in the last second. */
  readonly rate: number;
  /** Connections that failed and responses that were broken, since the counters were cleared. */
  readonly errors: number;
  /** Sessions (requests, in mode http) since the counters were cleared. */
  readonly total: number;
  /** Its responses with a status of 5xx, since the counters were cleared. */
  readonly http5xx: number;
  /** The other columns of `show servers state`: bits and what can be set on a socket. */
  readonly line: ServerLine;
}

export interface CheckResult {
  /** Checks are on now: not disabled on the socket. */
  readonly enabled: boolean;
  /** `L7OK`, `L4CON`, `* L4TOUT` while one runs, ... */
  readonly status: string;
  /** What the last check said. */
  readonly lastText: string;
}

/** Asks for the state with three commands. Throws when one of the answers is not what it should be. */
export async function readState(run: (words: readonly string[]) => Promise<string>): Promise<TargetState> {
  const asked = [
    ['show', 'info'],
    ['show', 'stat'],
    ['show', 'servers', 'state'],
  ];
  const [info, stat, servers] = await Promise.all(asked.map(run));
  return stateOf(info!, stat!, servers!);
}

/** The state from the answers to `show info`, `show stat` and `show servers state`. Throws when one of them is not what it should be, with what it is. */
export function stateOf(info: string, stat: string, servers: string): TargetState {
  const lines = new Map(serverLines(servers).map((line) => [`${line.backend}/${line.server}`, line]));
  const frontends: FrontendState[] = [];
  const backends: BackendState[] = [];
  let own: ServerState[] = [];
  for (const row of statRows(stat, COLUMNS)) {
    if (row.type === TYPE.frontend) frontends.push(frontend(row));
    else if (row.type === TYPE.server) {
      // A server that came or went between the two answers is told by the next reading.
      const line = lines.get(`${row.pxname}/${row.svname}`);
      if (line) own.push(server(row, line));
    } else if (row.type === TYPE.backend) {
      backends.push(backend(row, own));
      own = [];
    }
  }
  return { info: processState(info), frontends, backends };
}

/** Column `type` of `show stat` (management.txt, section 9.1). */
const TYPE = { frontend: '0', backend: '1', server: '2' } as const;

const COLUMNS = [
  ...([
    'pxname',
    'svname',
    'qcur',
    'scur',
    'slim',
    'econ',
    'eresp',
    'status',
    'weight',
    'bck',
    'lastchg',
    'iid',
  ] as const),
  ...(['type', 'rate', 'check_status', 'last_chk', 'last_agt', 'agent_status', 'mode', 'algo'] as const),
  ...(['stot', 'hrsp_5xx'] as const),
];

type StatRow = Record<(typeof COLUMNS)[number], string>;

function frontend(row: StatRow): FrontendState {
  const { pxname: name, mode, status } = row;
  return { name, mode, status, sessions: Number(row.scur), maxconn: Number(row.slim), rate: Number(row.rate) };
}

function backend(row: StatRow, servers: readonly ServerState[]): BackendState {
  const { pxname: name, mode, status, algo } = row;
  const numbers = { id: Number(row.iid), sessions: Number(row.scur), queue: Number(row.qcur), rate: Number(row.rate) };
  return { name, mode, status, algo, ...numbers, servers };
}

function server(row: StatRow, line: ServerLine): ServerState {
  const admin = adminOf(line.adminState);
  const oper = OPER[line.operState] ?? 'down';
  return {
    backend: row.pxname,
    name: row.svname,
    id: line.serverId,
    address: line.address,
    port: line.port,
    fqdn: line.fqdn,
    admin,
    oper,
    usable: admin === 'ready' && (oper === 'up' || oper === 'starting') && Number(row.weight) > 0,
    status: row.status,
    backup: row.bck === '1',
    weight: line.weight,
    fileWeight: line.fileWeight,
    maxconn: Number(row.slim),
    sessions: Number(row.scur),
    queue: Number(row.qcur),
    check: result(line.checkState, row.check_status, row.last_chk),
    agent: result(line.agentState, row.agent_status, row.last_agt),
    since: Number(row.lastchg),
    rate: Number(row.rate),
    errors: Number(row.econ) + Number(row.eresp),
    total: Number(row.stot),
    http5xx: Number(row.hrsp_5xx),
    line,
  };
}

/** Column `srv_op_state`. */
const OPER = ['down', 'starting', 'up', 'stopping'] as const;

/** Bits of column `srv_admin_state`; 0x04 only remembers what the configuration said. */
const MAINT = 0x01 | 0x02 | 0x20;
const DRAIN = 0x08 | 0x10;

function adminOf(bits: number): 'ready' | 'drain' | 'maint' {
  if (bits & MAINT) return 'maint';
  return bits & DRAIN ? 'drain' : 'ready';
}

/** Bits of the columns `srv_check_state` and `srv_agent_state`. */
const CONFIGURED = 0x02;
const ENABLED = 0x04;

function result(bits: number, status: string, lastText: string): CheckResult | null {
  return bits & CONFIGURED ? { enabled: (bits & ENABLED) !== 0, status, lastText } : null;
}

function processState(text: string): ProcessState {
  const info = new Map<string, string>();
  for (const line of text.split('\n')) {
    const colon = line.indexOf(': ');
    if (colon > 0) info.set(line.slice(0, colon), line.slice(colon + 2));
  }
  const version = info.get('Version');
  if (version === undefined) throw new Error(`no facts of a process: ${JSON.stringify(text.slice(0, 200))}`);
  const number = (name: string) => Number(info.get(name) ?? 0);
  return {
    version,
    product: version.includes('sluice') ? 'sluice' : 'haproxy',
    pid: number('Pid'),
    uptime: number('Uptime_sec'),
    node: info.get('node') ?? '',
    maxconn: number('Maxconn'),
    currConns: number('CurrConns'),
    connRate: number('ConnRate'),
    idlePct: number('Idle_pct'),
    stopping: number('Stopping') !== 0,
  };
}
