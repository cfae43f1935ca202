import { basename, isAbsolute, join } from 'node:path';
import { type HaproxyArguments, haproxyArguments } from './haproxy-arguments.ts';

/** A process as /proc tells of it. */
export interface ProcessFacts {
  readonly pid: number;
  readonly parent: number;
  readonly argv: readonly string[];
  /** '' when it may not be read. */
  readonly exe: string;
  readonly cwd: string;
  /** `/system.slice/haproxy.service`; '' when there is none. */
  readonly cgroup: string;
  /** Its numbers in the PID namespaces that it is in, from ours inwards. */
  readonly namespacePids: readonly number[];
}

/** How a running HAProxy was started, and how another configuration gets into it. */
export interface Installation {
  readonly mode: 'master-worker' | 'daemon' | 'foreground';
  /** The process that is told to reload: the master, where there is one. */
  readonly pid: number;
  /** Files and folders of the configuration, absolute, in their order. */
  readonly files: readonly string[];
  /** Exits 0 when the files are valid. */
  readonly check: readonly string[];
  /** Program with arguments that puts the files in force; null with the reason in `why`. */
  readonly reload: readonly string[] | null;
  readonly why: string;
  /** systemd unit, or null. */
  readonly unit: string | null;
}

/** Why nothing can be said of the installation. */
export interface Hidden {
  readonly hidden: string;
}

/** What a team has set down for a HAProxy whose installation cannot be found, or is not what it looks like. */
export interface Configured {
  readonly files?: readonly string[];
  readonly check?: readonly string[];
  readonly reload?: readonly string[];
}

/**
 * The installation of the process `pid` that answered on the socket. `process` reads facts of a process of this machine. What is configured goes before
 * what is found, and is enough by itself when it is complete.
 */
export function discover(
  pid: number,
  process: (pid: number) => ProcessFacts | null,
  configured: Configured = {},
): Installation | Hidden {
  const found = find(pid, process);
  if (!('hidden' in found)) return { ...found, ...configured, ...(configured.reload ? { why: '' } : {}) };
  const { files, check, reload } = configured;
  if (!files || !check || !reload) return found;
  return { mode: 'foreground', pid, files, check, reload, why: '', unit: null };
}

function find(pid: number, process: (pid: number) => ProcessFacts | null): Installation | Hidden {
  const worker = process(pid);
  if (!worker)
    return {
      hidden: `the process that answers (${pid}) is not on this machine: HAProxy runs in a container or elsewhere`,
    };
  if (!isHaproxy(worker))
    return {
      hidden: `process ${pid} of this machine is ${worker.argv[0] || 'something else'}: HAProxy runs in a container or elsewhere`,
    };
  const container = containerOf(worker);
  if (container)
    return { hidden: `HAProxy runs in a container (${container}), its files are not those of this machine` };
  const parent = process(worker.parent);
  const main = parent && isHaproxy(parent) && parent.argv.some((word) => /^-Ws?$/.test(word)) ? parent : worker;
  return installation(main, haproxyArguments(main.argv.slice(1)));
}

function installation(main: ProcessFacts, given: HaproxyArguments): Installation {
  const base = given.folder === null ? main.cwd : absolute(given.folder, main.cwd);
  const files = given.files.map((file) => absolute(file, base));
  const program = main.exe.replace(/ \(deleted\)$/, '') || main.argv[0]!;
  const mode = given.masterWorker ? 'master-worker' : given.daemon ? 'daemon' : 'foreground';
  const unit = unitOf(main);
  const check = [program, '-c', ...files.flatMap((file) => ['-f', file])];
  return { mode, pid: main.pid, files, check, unit, ...reloadOf(mode, main.pid, program, given, unit, files) };
}

function reloadOf(
  mode: Installation['mode'],
  pid: number,
  program: string,
  given: HaproxyArguments,
  unit: string | null,
  files: readonly string[],
): Pick<Installation, 'reload' | 'why'> {
  if (mode === 'master-worker')
    return { reload: unit ? ['systemctl', 'reload', unit] : ['kill', '-USR2', String(pid)], why: '' };
  if (mode === 'daemon') {
    const named = files.flatMap((file) => ['-f', file]);
    return { reload: [program, ...named, ...given.others, '-sf', String(pid)], why: '' };
  }
  return {
    reload: null,
    why: 'HAProxy runs in the foreground without a master (-W): only who started it can replace it',
  };
}

function isHaproxy({ exe, argv }: ProcessFacts): boolean {
  return /^haproxy/.test(basename(exe.replace(/ \(deleted\)$/, '') || argv[0] || ''));
}

function absolute(path: string, base: string): string {
  return isAbsolute(path) ? path : join(base, path);
}

/** `haproxy.service` out of the control group of a service (systemd.unit(5)). What systemd did not start itself only shares it. */
function unitOf({ cgroup, parent }: ProcessFacts): string | null {
  const unit = /\/([^/]+\.service)(?:\/|$)/.exec(cgroup)?.[1];
  return unit && parent === 1 && !unit.startsWith('user@') ? unit : null;
}

/** What shows that a process is in a container, or null. */
function containerOf({ cgroup, namespacePids }: ProcessFacts): string | null {
  const group = /(docker|libpod|crio|cri-containerd|kubepods|lxc)/.exec(cgroup)?.[1];
  if (group) return group;
  return namespacePids.length > 1 ? 'a PID namespace of its own' : null;
}
