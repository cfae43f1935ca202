import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { cli, parseCsv, parseInfo, parseServersState } from './cli.ts';
import { freePort, isListening, listeningPorts } from './ports.ts';
import { patience, type Scope, until, within } from './wait.ts';

/** The program under test: `SLUICE_PROGRAM`, or `bin/sluice` of this checkout. */
export const program = resolve(process.env['SLUICE_PROGRAM'] ?? join(import.meta.dirname, '../../bin/sluice'));

/** True when the tests run against a real HAProxy, to check the tests themselves. */
export const isHaproxy = basename(program).startsWith('haproxy');

/**
 * For the options of a test whose expectation is HAProxy 3.5's or Sluice's own, where the installed HAProxy (2.6) is
 * known to do otherwise: skips it there, and the reason says what 2.6 does.
 */
export function unlessHaproxy26(reason: string): { skip: string | false } {
  return { skip: isHaproxy ? `HAProxy 2.6: ${reason}` : false };
}

export interface StartOptions {
  /** Values of `{port:NAME}` and `{addr:NAME}`: origins, a log receiver, ... Names not listed get a free port. */
  ports?: Record<string, number | { port: number }>;
  /** More arguments, after `-f FILE -db`. */
  args?: string[];
  /** Instead of `-f FILE -db`; `{config}` stands for the file. */
  argv?: string[];
  env?: Record<string, string>;
  /** Other files to write into the run's folder before the start, by name. Placeholders work in them too. */
  files?: Record<string, string>;
  /** Another program than the one under test. */
  program?: string;
  /** Do not wait until everything in the file listens. */
  noWait?: boolean;
}

/** A program that has been started on a configuration of its own. */
export interface Run {
  pid: number;
  /** Folder of this run (`{dir}`), deleted at the end. */
  dir: string;
  /** Path of the configuration file. */
  file: string;
  /** Port that stands behind `{port:NAME}`. */
  port(name: string): number;
  /** Path that stands behind `{sock:NAME}`. */
  sock(name: string): string;
  /** What the program has written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** Resolves when the program has ended. */
  exited: Promise<Exit>;
  /** One line to the Runtime API on `{sock:admin}`; the whole answer. */
  cli(line: string): Promise<string>;
  /** `show stat` as objects. */
  stat(): Promise<Record<string, string>[]>;
  /** The row of `show stat` of `proxy/server` (server may be FRONTEND or BACKEND). */
  row(name: string): Promise<Record<string, string>>;
  info(): Promise<Record<string, string>>;
  serversState(): Promise<Record<string, string>[]>;
  /** Waits until the status of `proxy/server` starts with `status`. */
  status(name: string, status: string): Promise<void>;
  /** Writes another configuration into the file (placeholders replaced); tells the program nothing. */
  rewrite(config: string): void;
  signal(name: NodeJS.Signals): void;
  /** Waits for text on stderr or stdout. */
  output(pattern: RegExp): Promise<string>;
  /** Ends the program (SIGTERM) and waits for its end. */
  stop(): Promise<Exit>;
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/**
 * Starts the program on `config` in a temporary folder and waits until every address in it listens.
 * Placeholders: `{port:NAME}`, `{addr:NAME}` (127.0.0.1 and that port), `{sock:NAME}` (a unix socket's path in the
 * folder), `{dir}`. At the end of `scope` the program is stopped; had it ended by itself before, the test fails.
 */
export async function start(scope: Scope, config: string, options: StartOptions = {}): Promise<Run> {
  for (let tries = 1; ; tries++) {
    const run = await launch(config, options);
    const failed = await run.ready();
    if (!failed) {
      scope.after(() => run.finish());
      return run;
    }
    await run.discard();
    if (tries === 3 || !/cannot bind|EADDRINUSE|Address already in use/i.test(failed)) throw new Error(failed);
  }
}

/** Runs the program to its end (`-c`, `-vv`, a file with errors): exit code and output. */
export async function runToEnd(config: string, options: StartOptions = {}): Promise<Exit> {
  const run = await launch(config, options);
  try {
    return await within(run.exited, () => `the end of ${run.command}; output: ${run.stdout}${run.stderr}`);
  } finally {
    await run.discard();
  }
}

interface Launched extends Run {
  command: string;
  /** Waits for the listeners; a text says why there are none. */
  ready(): Promise<string | null>;
  /** Stops and cleans up; throws when the program had ended by itself. */
  finish(): Promise<void>;
  /** Kills and cleans up, no questions asked. */
  discard(): Promise<void>;
}

async function launch(config: string, options: StartOptions): Promise<Launched> {
  const dir = mkdtempSync(join(tmpdir(), 'sluice-'));
  const fill = await filler(dir, [config, ...Object.values(options.files ?? {})].join('\n'), options);
  const file = join(dir, 'haproxy.cfg');
  writeFileSync(file, fill.text(config));
  for (const [name, text] of Object.entries(options.files ?? {})) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), fill.text(text));
  }
  const args = (options.argv ?? ['-f', '{config}', '-db', ...(options.args ?? [])]).map((a) =>
    a === '{config}' ? file : a,
  );
  const path = options.program ?? program;
  const child = spawn(path, args.map(fill.text), {
    cwd: dir,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return new Running(child, `${path} ${args.join(' ')}`, dir, file, fill, options).toRun();
}

/** What still runs is not left behind, however the tests end. */
const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Masks of signals in /proc/PID/status. */
const SIGQUIT = 1 << 2;
const SIGUSR1 = 1 << 9;

class Running {
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  readonly output: { stdout: string; stderr: string } = { stdout: '', stderr: '' };
  readonly command: string;
  readonly dir: string;
  readonly file: string;
  readonly fill: Filler;
  readonly options: StartOptions;
  exit: Exit | null = null;
  stopping = false;

  constructor(child: ChildProcess, command: string, dir: string, file: string, fill: Filler, options: StartOptions) {
    this.child = child;
    this.command = command;
    this.dir = dir;
    this.file = file;
    this.fill = fill;
    this.options = options;
    child.stdout?.on('data', (bytes: Buffer) => {
      this.output.stdout += bytes.toString();
    });
    child.stderr?.on('data', (bytes: Buffer) => {
      this.output.stderr += bytes.toString();
    });
    this.exited = new Promise((done) => {
      child.once('error', (error) => {
        this.output.stderr += String(error);
        done({ code: -1, signal: null, ...this.output });
      });
      child.once('close', (code, signal) => done({ code, signal, ...this.output }));
    });
    running.add(child);
    this.exited.then((exit) => {
      running.delete(child);
      this.exit = exit;
    });
  }

  toRun(): Launched {
    const self = this;
    const admin = (line: string) => cli(this.fill.sock('admin'), line);
    const stat = async () => parseCsv(await admin('show stat'));
    return {
      pid: this.child.pid ?? -1,
      command: this.command,
      dir: this.dir,
      file: this.file,
      port: this.fill.port,
      sock: this.fill.sock,
      get stdout() {
        return self.output.stdout;
      },
      get stderr() {
        return self.output.stderr;
      },
      exited: this.exited,
      cli: admin,
      stat,
      row: async (name) => pick(await stat(), name),
      info: async () => parseInfo(await admin('show info')),
      serversState: async () => parseServersState(await admin('show servers state')),
      status: async (name, status) => {
        let last = '';
        await until(
          () => `${name} to be ${status}; it is ${last}`,
          async () => {
            last = pick(await stat(), name)['status'] ?? '';
            return last.startsWith(status);
          },
        );
      },
      rewrite: (text) => writeFileSync(this.file, this.fill.text(text)),
      signal: (name) => this.child.kill(name),
      output: (pattern) => this.waitForOutput(pattern),
      stop: () => this.stop(),
      ready: () => this.ready(),
      finish: () => this.finish(),
      discard: () => this.discard(),
    };
  }

  async ready(): Promise<string | null> {
    if (this.options.noWait) return null;
    const wanted = listeners(this.fill.text(this.fill.config));
    const missing = () => {
      const paths = wanted.filter((address) => typeof address === 'string' && !isListening(address));
      if (paths.length > 0) return paths; // the cheaper question first
      const ports = listeningPorts();
      return wanted.filter((address) => typeof address === 'number' && !ports.has(address));
    };
    try {
      await until(
        () => `${this.command} to listen on ${missing().join(', ')}`,
        () => this.exit !== null || (missing().length === 0 && this.serves()),
        { every: 15, ms: Math.max(patience, 15_000) },
      );
    } catch (error) {
      return `${(error as Error).message}\n${this.output.stderr}`;
    }
    return this.exit
      ? `${this.command} ended with ${this.exit.code ?? this.exit.signal}:\n${this.output.stderr}`
      : null;
  }

  /**
   * Whether it has the signals that it takes over last: Sluice SIGQUIT, after its files, other sockets and rights; HAProxy SIGUSR1, and
   * waits for events (one that comes just before is not seen until the next event). What was sent to it before, though it listened,
   * would be lost.
   */
  serves(): boolean {
    const { argv, program: path = program } = this.options;
    const name = basename(path);
    if (argv?.[0]?.startsWith('-') === false) return true;
    const status = readText(`/proc/${this.child.pid}/status`);
    const caught = /^SigCgt:\t([0-9a-f]+)$/m.exec(status)?.[1];
    if (caught === undefined) return true;
    const takes = (signal: number) => (Number.parseInt(caught.slice(-4), 16) & signal) !== 0;
    if (name === 'sluice') return takes(SIGQUIT);
    return name !== 'haproxy' || (takes(SIGUSR1) && /^State:\tS/m.test(status));
  }

  async waitForOutput(pattern: RegExp): Promise<string> {
    const all = () => this.output.stdout + this.output.stderr;
    return await until(
      () => `output like ${pattern}; so far:\n${all()}`,
      () => pattern.exec(all())?.[0],
    );
  }

  async stop(): Promise<Exit> {
    this.stopping = true;
    if (!this.exit) this.child.kill('SIGTERM');
    try {
      return await within(this.exited, `the end of ${this.command} after SIGTERM`, 5000);
    } catch (error) {
      this.child.kill('SIGKILL');
      await this.exited;
      throw error;
    }
  }

  async finish(): Promise<void> {
    const early = this.exit && !this.stopping ? this.exit : null;
    try {
      await this.stop();
    } finally {
      rmSync(this.dir, { recursive: true, force: true });
    }
    if (early) throw new Error(`${this.command} ended by itself (${early.code ?? early.signal}):\n${early.stderr}`);
  }

  async discard(): Promise<void> {
    if (!this.exit) this.child.kill('SIGKILL');
    await this.exited;
    rmSync(this.dir, { recursive: true, force: true });
  }
}

interface Filler {
  config: string;
  text(text: string): string;
  port(name: string): number;
  sock(name: string): string;
}

/** Gives every `{port:NAME}` of the text a port and every `{sock:NAME}` a path. */
async function filler(dir: string, config: string, options: StartOptions): Promise<Filler> {
  const ports = new Map<string, number>();
  for (const [name, value] of Object.entries(options.ports ?? {})) {
    ports.set(name, typeof value === 'number' ? value : value.port);
  }
  for (const [, name] of config.matchAll(/\{(?:port|addr):(\w+)\}/g)) {
    if (!ports.has(name as string)) ports.set(name as string, await freePort());
  }
  const port = (name: string): number => {
    const value = ports.get(name);
    if (value === undefined) throw new Error(`no {port:${name}} in this configuration`);
    return value;
  };
  const sock = (name: string) => join(dir, `${name}.sock`);
  const text = (from: string) =>
    from
      .replace(/\{addr:(\w+)\}/g, (_, name: string) => `127.0.0.1:${port(name)}`)
      .replace(/\{port:(\w+)\}/g, (_, name: string) => String(port(name)))
      .replace(/\{sock:(\w+)\}/g, (_, name: string) => sock(name))
      .replaceAll('{dir}', dir);
  return { config, text, port, sock };
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** TCP ports and unix paths that the `bind` and `stats socket` lines of a configuration name. */
function listeners(config: string): (number | string)[] {
  const found: (number | string)[] = [];
  for (const line of config.split('\n')) {
    const spec = /^\s*(?:bind|stats\s+socket)\s+(\S+)/.exec(line)?.[1];
    const port = spec && /:(\d+)$/.exec(spec)?.[1];
    if (port) found.push(Number(port));
    else if (spec && /^(unix@)?\//.test(spec)) found.push(spec.replace(/^unix@/, ''));
  }
  return found;
}

function pick(rows: Record<string, string>[], name: string): Record<string, string> {
  const [proxy, server] = name.split('/');
  const row = rows.find((r) => r['pxname'] === proxy && r['svname'] === server);
  if (!row)
    throw new Error(`no ${name} in show stat; it has ${rows.map((r) => `${r['pxname']}/${r['svname']}`).join(', ')}`);
  return row;
}
