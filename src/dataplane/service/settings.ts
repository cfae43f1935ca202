/** The service's own file: YAML with the keys of the original, checked; the older HCL form is refused with the YAML to write. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { configurationFiles } from '../../config/files.ts';
import { nearestWord } from '../../config/suggest.ts';
import type { User } from '../accounts/accounts.ts';
import { fromEnvironment } from '../accounts/userlist.ts';
import type { StorageFolders } from '../storage/areas.ts';
import type { Backups } from '../store/files.ts';
import { hclAsYaml } from './hcl.ts';

/** How the service is to run. Times in ms, sizes in bytes. */
export interface Settings {
  readonly listen: { readonly host: string; readonly port: number } | { readonly path: string };
  readonly tls: { readonly certificate: string; readonly key: string; readonly ca: string | null } | null;
  readonly users: readonly User[];
  readonly userlist: { readonly name: string; readonly file: string | null };
  /** `spoe`: the folder for those of SPOE files. */
  readonly transactions: { readonly folder: string; readonly spoe: string; readonly maxOpen: number };
  readonly backups: Backups;
  /** Where files are kept, `own` what is the service's own; `mapsFollow`: a map that is changed in memory is written to its file, too. */
  readonly storage: StorageFolders & { readonly own: string; readonly mapsFollow: boolean };
  readonly maxBody: number;
  readonly showSystemInfo: boolean;
  readonly pidFile: string | null;
  readonly haproxy: {
    readonly files: readonly string[];
    readonly program: string;
    /** Socket; null: what the configuration says. */
    readonly socket: string | null;
    readonly check: readonly string[] | null;
    readonly filesBefore: readonly string[];
    readonly filesAfter: readonly string[];
    readonly reload: readonly string[] | null;
    readonly status: readonly string[] | null;
  };
  readonly reloads: { readonly delay: number; readonly retention: number };
}

/** Why a service file cannot be used: lines for the operator. */
export class SettingsError extends Error {}

interface Key {
  readonly path: string;
  /** `texts`: one, or a list. */
  readonly type: 'text' | 'number' | 'flag' | 'list' | 'texts';
}

const keys = (type: Key['type'], ...paths: readonly string[]): Key[] => paths.map((path) => ({ path, type }));

const KEYS: readonly Key[] = [
  ...keys('text', 'name', 'dataplaneapi.host', 'dataplaneapi.socket_path', 'dataplaneapi.pid_file'),
  ...keys(
    'text',
    'dataplaneapi.tls.tls_host',
    'dataplaneapi.tls.tls_certificate',
    'dataplaneapi.tls.tls_key',
    'dataplaneapi.tls.tls_ca',
  ),
  ...keys('text', 'dataplaneapi.userlist.userlist', 'dataplaneapi.userlist.userlist_file'),
  ...keys('text', 'dataplaneapi.transaction.transaction_dir', 'dataplaneapi.transaction.backups_dir'),
  ...keys(
    'text',
    ...[
      'maps_dir',
      'ssl_certs_dir',
      'general_storage_dir',
      'dataplane_storage_dir',
      'spoe_dir',
      'spoe_transaction_dir',
    ].map((one) => `dataplaneapi.resources.${one}`),
  ),
  ...keys('texts', 'haproxy.config_file'),
  ...keys('text', 'haproxy.haproxy_bin', 'haproxy.master_runtime'),
  ...keys(
    'text',
    ...['reload_cmd', 'restart_cmd', 'status_cmd', 'validate_cmd', 'service_name', 'reload_strategy'].map(
      (one) => `haproxy.reload.${one}`,
    ),
  ),
  ...keys('number', 'config_version', 'dataplaneapi.port', 'dataplaneapi.tls.tls_port', 'dataplaneapi.max_body_size'),
  ...keys('number', 'dataplaneapi.transaction.backups_number', 'dataplaneapi.transaction.max_open_transactions'),
  ...keys('number', 'haproxy.reload.reload_delay', 'haproxy.reload.reload_retention'),
  ...keys(
    'flag',
    'dataplaneapi.show_system_info',
    'dataplaneapi.resources.update_map_files',
    'haproxy.master_worker_mode',
  ),
  ...keys('list', 'dataplaneapi.scheme', 'haproxy.reload.validate_files_before', 'haproxy.reload.validate_files_after'),
];

/** Keys of the original that mean nothing here, and why. */
const WITHOUT_EFFECT: Readonly<Record<string, string>> = {
  _version: 'the service does not write its file',
  log_targets: 'the service logs to its standard output',
  'dataplaneapi.uid': 'start it as the user that it is to be',
  'dataplaneapi.gid': 'start it in the group that it is to be in',
  'dataplaneapi.disable_inotify': 'the files are looked at when they are needed',
  'dataplaneapi.debug_socket_path': 'there is no debug socket',
  'dataplaneapi.api_address': 'nothing is announced',
  'dataplaneapi.timeouts': 'a request has 60 s to come, an idle connection 120 s',
  'dataplaneapi.resources.update_map_files_period':
    'with update_map_files maps go to their files when they are changed',
  'haproxy.preferred_time_suffix': 'times are written with the largest unit that leaves a whole number',
  'haproxy.delayed_start_max': 'the service waits for the load balancer anyway',
  'haproxy.delayed_start_tick': 'the service waits for the load balancer anyway',
};

/** Reads the service's file. `notes`: what has no effect in it. Throws SettingsError. */
export function readSettings(path: string): { readonly settings: Settings; readonly notes: readonly string[] } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new SettingsError(`${path}: cannot be read: ${(error as NodeJS.ErrnoException).code}`);
  }
  return parseSettings(text, path);
}

export function parseSettings(text: string, path: string): ReturnType<typeof readSettings> {
  const yaml = hclAsYaml(text);
  if (yaml !== null)
    throw new SettingsError(
      `${path}: this is the older HCL form, which is not read any more; write it as YAML:\n\n${yaml}`,
    );
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error !== undefined) throw new SettingsError(`${path}:${lines.linePos(error.pos[0]).line}: ${error.message}`);
  const value = document.toJS({ maxAliasCount: 100 }) as unknown;
  if (value === null || typeof value !== 'object') throw new SettingsError(`${path}: it has no settings`);
  const notes: string[] = [];
  const found = new Map<string, unknown>();
  flatten(value as Record<string, unknown>, '', path, found, notes);
  return { settings: settingsOf(found, path), notes };
}

function flatten(
  value: Record<string, unknown>,
  prefix: string,
  file: string,
  found: Map<string, unknown>,
  notes: string[],
): void {
  for (const [name, member] of Object.entries(value)) {
    const path = prefix + name;
    const why = WITHOUT_EFFECT[path];
    const key = KEYS.find((one) => one.path === path);
    if (why !== undefined) notes.push(`${file}: ${path} has no effect: ${why}`);
    else if (path === 'dataplaneapi.user' || path === 'dataplaneapi.users') found.set('users', member);
    else if (key !== undefined) found.set(path, typed(member, key, file));
    else if (KEYS.some((one) => one.path.startsWith(`${path}.`)) && member !== null && typeof member === 'object')
      flatten(member as Record<string, unknown>, `${path}.`, file, found, notes);
    else if (member !== null) {
      const known = KEYS.filter((one) => one.path.startsWith(prefix)).map(
        (one) => one.path.slice(prefix.length).split('.')[0]!,
      );
      const near = nearestWord(name, known);
      throw new SettingsError(
        `${file}: unknown key '${path}'${near === null ? '' : `; did you mean '${prefix}${near}'?`}`,
      );
    }
  }
}

function typed(value: unknown, { path, type }: Key, file: string): unknown {
  const wrong = (what: string) => new SettingsError(`${file}: ${path} must be ${what}`);
  if (type === 'text') {
    if (typeof value !== 'string') throw wrong('a text');
    return value;
  }
  if (type === 'number') {
    if (!Number.isSafeInteger(value) || (value as number) < 0) throw wrong('a number');
    return value;
  }
  if (type === 'flag') {
    if (typeof value !== 'boolean') throw wrong('true or false');
    return value;
  }
  if (type === 'texts' && typeof value === 'string') return [value];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string')) throw wrong('a list of texts');
  return value;
}

/** Files, or folders of files as with `-f`. What is not there is told when it is read. */
function filesOf(paths: readonly string[], file: string): string[] {
  const found = paths.flatMap((path) => (existsSync(path) ? configurationFiles(path) : [path]));
  if (found.length > 0) return found;
  throw new SettingsError(`${file}: haproxy.config_file: there is no file in ${paths.join(', ') || 'the list'}`);
}

/** Seconds; the tests of the original set the delay in ms by this variable. */
const DELAY_OVERRIDE = 'CI_DATAPLANE_RELOAD_DELAY_OVERRIDE';
const GIB = 1024 ** 3;
const DAY_MS = 86_400_000;

function settingsOf(found: ReadonlyMap<string, unknown>, file: string): Settings {
  const get = <T>(path: string, fallback: T): T => (found.has(path) ? (found.get(path) as T) : fallback);
  const files = filesOf(get('haproxy.config_file', ['/etc/haproxy/haproxy.cfg']), file);
  const socketPath = get<string | null>('dataplaneapi.socket_path', null);
  const certificate = get<string | null>('dataplaneapi.tls.tls_certificate', null);
  const host = get('dataplaneapi.host', '127.0.0.1');
  const tlsPort = get<number | null>('dataplaneapi.tls.tls_port', null);
  const key = get<string | null>('dataplaneapi.tls.tls_key', null);
  if (certificate !== null && key === null) throw new SettingsError(`${file}: dataplaneapi.tls.tls_key is missing`);
  const resource = (name: string, fallback: string) =>
    get(`dataplaneapi.resources.${name}`, join(dirname(files[0]!), fallback));
  const delay = Number(process.env[DELAY_OVERRIDE] ?? 0) || get('haproxy.reload.reload_delay', 5) * 1000 || 5000;
  const words = (path: string) => get<string | null>(`haproxy.reload.${path}`, null)?.split(/\s+/) ?? null;
  const { validate, reload, status } = strategy(
    get('haproxy.reload.reload_strategy', 'custom'),
    get('haproxy.reload.service_name', 'haproxy'),
    file,
  );
  return {
    listen:
      socketPath !== null
        ? { path: socketPath }
        : {
            host: get('dataplaneapi.tls.tls_host', host),
            port: certificate === null ? get('dataplaneapi.port', 5555) : (tlsPort ?? get('dataplaneapi.port', 5555)),
          },
    tls:
      certificate === null ? null : { certificate, key: key!, ca: get<string | null>('dataplaneapi.tls.tls_ca', null) },
    users: usersIn(get('users', []), file),
    userlist: {
      name: get('dataplaneapi.userlist.userlist', 'controller'),
      file: get<string | null>('dataplaneapi.userlist.userlist_file', null),
    },
    transactions: {
      folder: get('dataplaneapi.transaction.transaction_dir', '/tmp/haproxy'),
      spoe: get('dataplaneapi.resources.spoe_transaction_dir', '/tmp/spoe-haproxy'),
      maxOpen: get('dataplaneapi.transaction.max_open_transactions', 20),
    },
    backups: {
      count: get('dataplaneapi.transaction.backups_number', 0),
      folder: get<string | null>('dataplaneapi.transaction.backups_dir', null),
    },
    storage: {
      maps: resource('maps_dir', 'maps'),
      certificates: resource('ssl_certs_dir', 'ssl'),
      general: resource('general_storage_dir', 'general'),
      spoe: resource('spoe_dir', 'spoe'),
      own: resource('dataplane_storage_dir', 'dataplane'),
      mapsFollow: get('dataplaneapi.resources.update_map_files', false),
    },
    maxBody: get('dataplaneapi.max_body_size', GIB) || Number.MAX_SAFE_INTEGER,
    showSystemInfo: get('dataplaneapi.show_system_info', false),
    pidFile: get<string | null>('dataplaneapi.pid_file', null),
    haproxy: {
      files,
      program: get('haproxy.haproxy_bin', 'haproxy'),
      socket: get<string | null>('haproxy.master_runtime', null),
      check: words('validate_cmd') ?? validate,
      filesBefore: get('haproxy.reload.validate_files_before', []),
      filesAfter: get('haproxy.reload.validate_files_after', []),
      reload: words('reload_cmd') ?? reload,
      status: words('status_cmd') ?? status,
    },
    reloads: { delay, retention: get('haproxy.reload.reload_retention', 1) * DAY_MS },
  };
}

type Commands = Readonly<Record<'validate' | 'reload' | 'status', readonly string[] | null>>;

/** What a way of running HAProxy stands for. */
function strategy(name: string, service: string, file: string): Commands {
  if (name === 'custom') return { validate: null, reload: null, status: null };
  if (name === 'systemd')
    return { validate: null, reload: ['systemctl', 'reload', service], status: ['systemctl', 'is-active', service] };
  if (name === 's6')
    return {
      validate: null,
      reload: ['/command/s6-svc', '-2', `/var/run/s6/services/${service}`],
      status: ['/command/s6-svstat', '-u', `/var/run/s6/services/${service}`],
    };
  throw new SettingsError(`${file}: haproxy.reload.reload_strategy must be custom, systemd or s6, not '${name}'`);
}

function usersIn(value: unknown, file: string): User[] {
  if (!Array.isArray(value)) throw new SettingsError(`${file}: dataplaneapi.user must be a list of users`);
  return value.map((user: unknown) => {
    const { name, password, insecure = false } = (user ?? {}) as Record<string, unknown>;
    if (typeof name !== 'string' || typeof password !== 'string' || typeof insecure !== 'boolean')
      throw new SettingsError(
        `${file}: a user has a name and a password, and insecure: true where the password is not a hash`,
      );
    return { name, password: fromEnvironment(password), insecure };
  });
}
