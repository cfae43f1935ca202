import { CheckState, CheckStatus, type Server } from './server.ts';

/*
 * The server state format, version 1: what `show servers state` prints and a state file has, a row for each column (management manual,
 * "show servers state").
 */

/** Version of the format. */
export const STATE_VERSION = 1;

interface StateColumn {
  readonly name: string;
  print(server: Server, now: number): string | number;
  /** A name or an address: `set anon on` hides it. */
  readonly personal?: true;
  /** Lines of older files end before it. */
  readonly optional?: true;
  /** What messages about a file call it, where that is not its name. */
  readonly told?: string;
  /** Whether a file may have this value; columns without it are taken as they come. */
  accepts?(text: string): boolean;
}

/** The number that a value begins with, as strtol(3) reads it; null when it begins with none. */
export function leadingNumber(text: string): number | null {
  const digits = /^\s*[+-]?\d+/.exec(text);
  return digits === null || !Number.isSafeInteger(Number(digits[0])) ? null : Number(digits[0]);
}

function within(min: number, max: number): (text: string) => boolean {
  return (text) => {
    const number = leadingNumber(text);
    return number !== null && number >= min && number <= max;
  };
}

/** Administrative states that a file may have; inherited bits and those of resolution are worked out anew. */
const ADMIN_STATES = new Set([0x00, 0x01, 0x04, 0x05, 0x08, 0x0c]);

/** The bits of `srv_admin_state` that are the server's own. */
const OWN_ADMIN = 0x0d;
const ADMIN_KNOWN = 0x7f;

function isAdminState(text: string): boolean {
  const number = leadingNumber(text);
  return number !== null && (number & ~ADMIN_KNOWN) === 0 && ADMIN_STATES.has(number & OWN_ADMIN);
}

const isName = (text: string) => text.startsWith('-') || (text.length <= 255 && /^[A-Za-z0-9_.-]*$/.test(text));
const isPort = (text: string) => Number(/^\d*/.exec(text)![0]) <= 65_535;
const anyNumber = within(Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);

const STATE_COLUMNS = [
  { name: 'be_id', print: ({ proxy }) => proxy.id },
  { name: 'be_name', print: ({ proxy }) => proxy.name, personal: true },
  { name: 'srv_id', print: ({ proxy, id }) => (proxy.state === 'disabled' ? 0 : id) },
  { name: 'srv_name', print: ({ name }) => name, personal: true },
  { name: 'srv_addr', print: shownAddress, personal: true },
  { name: 'srv_op_state', print: ({ operState }) => operState, accepts: within(0, 3) },
  { name: 'srv_admin_state', print: ({ admin }) => admin, accepts: isAdminState },
  { name: 'srv_uweight', print: ({ userWeight }) => userWeight, accepts: within(0, 256) },
  { name: 'srv_iweight', print: ({ initialWeight }) => initialWeight, accepts: within(0, 256) },
  {
    name: 'srv_time_since_last_change',
    told: 'srv_last_time_change',
    print: ({ lastChange }, now) => Math.max(0, Math.floor((now - lastChange) / 1000)),
    accepts: anyNumber,
  },
  {
    name: 'srv_check_status',
    print: ({ check, unchecked }) => CheckStatus[(check ?? unchecked).status],
    accepts: within(0, 20),
  },
  { name: 'srv_check_result', print: ({ check, unchecked }) => (check ?? unchecked).result, accepts: within(0, 4) },
  { name: 'srv_check_health', print: ({ check, unchecked }) => (check ?? unchecked).health, accepts: anyNumber },
  { name: 'srv_check_state', print: checkState, accepts: within(0, 0x1f) },
  { name: 'srv_agent_state', print: ({ agent }) => (agent?.state ?? 0) & 0x1f, accepts: within(0, 0x1f) },
  { name: 'bk_f_forced_id', print: ({ proxy }) => Number(proxy.config.idForced), accepts: within(0, 1) },
  { name: 'srv_f_forced_id', print: ({ idForced }) => Number(idForced), accepts: within(0, 1) },
  { name: 'srv_fqdn', print: ({ fqdn }) => fqdn ?? '-', personal: true, accepts: isName },
  { name: 'srv_port', print: ({ portMap, port }) => (portMap === '' ? port : 0), accepts: isPort },
  { name: 'srvrecord', print: ({ srvRecord }) => srvRecord ?? '-' },
  { name: 'srv_use_ssl', print: (server) => (server.useSsl ? 1 : isWithoutSsl(server) ? -1 : 0), optional: true },
  { name: 'srv_check_port', print: ({ checkConfig }) => checkConfig?.port ?? 0, optional: true },
  { name: 'srv_check_addr', print: shownCheckAddress, personal: true, optional: true },
  { name: 'srv_agent_addr', print: ({ agentConfig }) => agentConfig?.addr ?? '-', personal: true, optional: true },
  { name: 'srv_agent_port', print: ({ agentConfig }) => agentConfig?.port ?? 0, optional: true },
] as const satisfies readonly StateColumn[];

export type StateColumnName = (typeof STATE_COLUMNS)[number]['name'];

/** The columns as rows of one type, for those who go through all of them. */
export const stateColumns: readonly (StateColumn & { readonly name: StateColumnName })[] = STATE_COLUMNS;

function shownAddress({ host, family }: Server): string {
  if (host === null) return '-';
  return family === 'abns' ? `abns@${host}` : host;
}

function checkState({ check, config }: Server): number {
  if (check === null) return config.disabled ? CheckState.paused : 0;
  return check.state & 0x0f;
}

/** Where checks go, when a line says so, or when they have been sent elsewhere than the traffic. */
function shownCheckAddress({ checkConfig, config, host }: Server): string {
  const addr = checkConfig?.addr ?? null;
  return addr === null || (addr === host && addr !== config.check?.addr) ? '-' : addr;
}

/** TLS is explicitly off (`no-ssl`), and nobody has said otherwise since. */
function isWithoutSsl(server: Server): boolean {
  return !server.sslSet && (server.config.tls?.off ?? false);
}
