/** The `sluice` command: sub-commands, operations, and HAProxy's own flags when the first argument starts with `-`. */
import { forgetEnvironment } from './sudo.ts';
import { UsageError } from './usage-error.ts';

/**
 * Sub-command -> what it does with its arguments; resolves to the exit status, or to null when the process goes on. Each loads only
 * what it needs: an operation is done before a balancer would have been loaded.
 */
const subCommands: Readonly<Record<string, (args: readonly string[]) => Promise<number | null>>> = {
  run: (args) => balancer(['-db'], args),
  check: (args) => balancer(['-c', '-V'], args),
  send: async (args) => (await import('./send.ts')).send(args),
  api: async (args) => (await import('./api.ts')).api(args),
  audit: async (args) => (await import('./audit/audit.ts')).audit(args),
  runtime: async (args) => (await import('./runtime/runtime.ts')).runtime(args),
  remote: async (args) => operation((await import('./remote.ts')).remoteWords(args)),
  policy: async (args) => (await import('./policy.ts')).policy(args),
  top: async (args) => (await import('./top/top.ts')).top(args),
  completion: async (args) => (await import('./completion/completion.ts')).completion(args),
  complete: async (args) => (await import('./completion/completion.ts')).complete(args, Object.keys(subCommands)),
  demo: async () => {
    await prepareToServe();
    return (await import('./demo/demo.ts')).demo();
  },
  version: async () => print((await import('./build-text.ts')).buildText()),
  help,
};

async function help(args: readonly string[]): Promise<number> {
  const told = args.length === 1 ? (await import('./sub-commands.ts')).subCommandHelp(args[0]!) : null;
  if (told !== null && args[0] !== 'agent') return print(told);
  const [{ printHelp }, { ownTerminal }] = await Promise.all([import('./ops/help.ts'), import('./ops/terminal.ts')]);
  return printHelp(args, ownTerminal(), Object.keys(subCommands));
}

/** Runs an operation on a running load balancer. */
async function operation(args: readonly string[]): Promise<number> {
  const [{ runOps }, { ownTerminal }, { openTarget }] = await Promise.all([
    import('./ops/ops.ts'),
    import('./ops/terminal.ts'),
    import('../ops/open-target.ts'),
  ]);
  return runOps(args, {
    terminal: ownTerminal(),
    openTarget,
    keepLeases: async (target) => (await import('./ops/lease-keeper.ts')).startLeaseKeeper(target),
    subCommands: Object.keys(subCommands),
  });
}

/** Runs with HAProxy's flags, and with those of a sub-command before its files. */
async function balancer(flags: readonly string[], own: readonly string[] = []): Promise<number | null> {
  const { parseArguments, withFiles } = await import('./arguments.ts');
  const invocation = parseArguments([...flags, ...withFiles(own)]);
  if (invocation.version !== 'none') {
    const { versionText } = await import('./version.ts');
    return print(invocation.version === 'short' ? versionText() : (await import('./build-text.ts')).buildText());
  }
  await prepareToServe();
  return (await import('./run.ts')).runBalancer(invocation);
}

/** What a process that may serve does before it loads the balancer. */
async function prepareToServe(): Promise<void> {
  const [{ adoptDaemon }, { endEarlyOnSoftStop }] = await Promise.all([import('./daemon.ts'), import('./signals.ts')]);
  adoptDaemon();
  endEarlyOnSoftStop();
}

function print(text: string): number {
  process.stdout.write(text);
  return 0;
}

/** Runs the command line. Resolves to the exit status, or to null when the process goes on. */
async function main(args: readonly string[]): Promise<number | null> {
  forgetEnvironment();
  const [first] = args;
  if (first === undefined || first === '-h' || first === '--help') {
    if (first === '--help') return help([]);
    const { usageText } = await import('./usage.ts');
    (first === undefined ? process.stderr : process.stdout).write(usageText());
    return first === undefined ? 1 : 0;
  }
  if (first.startsWith('-')) return balancer(first === '--version' ? ['-v'] : args);
  const command = Object.hasOwn(subCommands, first) ? subCommands[first] : undefined;
  if (command !== undefined || first === 'agent') {
    const asked = args.length === 2 && (args[1] === '--help' || args[1] === '-h');
    const told = asked ? (await import('./sub-commands.ts')).subCommandHelp(first) : null;
    if (told !== null) return print(told);
  }
  if (command !== undefined) return command(args.slice(1));
  // The word is an operation, too, which names a server.
  if (first === 'agent' && (args.length === 1 || args[1]!.startsWith('--'))) return keepWatch(args.slice(1));
  return operation(args);
}

async function keepWatch(args: readonly string[]): Promise<number> {
  return (await import('./agent.ts')).agent(args);
}

/** Resolves when what was written has gone to a reader who takes his time (a pipe), or he is gone. */
function written(stream: NodeJS.WriteStream): Promise<void> | undefined {
  if (stream.writableLength === 0 || stream.destroyed) return undefined;
  return new Promise((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}

main(process.argv.slice(2)).then(
  async (status) => {
    if (status === null) return;
    await written(process.stdout);
    await written(process.stderr);
    // Not only the exit status: a start that was given up may leave handles open, and the background process is still connected.
    process.exit(status);
  },
  async (error: unknown) => {
    if (error instanceof UsageError) {
      // Of a sub-command only its own form is told, not the flags of the load balancer.
      const isFlag = process.argv[2]?.startsWith('-') ?? true;
      const more = isFlag ? (await import('./usage.ts')).usageText() : "'sluice help' lists what there is\n";
      process.stderr.write(`sluice: ${error.message}\n${more}`);
    } else process.stderr.write(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
