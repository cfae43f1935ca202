/** The `sluice` command: sub-commands, and HAProxy's own flags when the first argument starts with `-`. */
import { parseArguments, UsageError } from './arguments.ts';
import { adoptDaemon } from './daemon.ts';
import { demo } from './demo/demo.ts';
import { runBalancer } from './run.ts';
import { send } from './send.ts';
import { endEarlyOnSoftStop } from './signals.ts';
import { helpText, usageText } from './usage.ts';
import { buildText } from './version.ts';

/** Sub-command -> what it does with its arguments; resolves to the exit status, or to null when the process goes on. */
const subCommands: Readonly<Record<string, (args: readonly string[]) => Promise<number | null>>> = {
  run: (args) => runBalancer(parseArguments(['-db', ...withFiles(args)])),
  check: (args) => runBalancer(parseArguments(['-c', '-V', ...withFiles(args)])),
  send,
  demo: () => demo(),
  version: () => print(buildText()),
  help: () => print(helpText()),
};

/** `[flags] FILE...` as HAProxy's flags. */
function withFiles(args: readonly string[]): string[] {
  const files = args.findIndex((arg) => !arg.startsWith('-'));
  return files < 0 ? [...args] : [...args.slice(0, files), '--', ...args.slice(files)];
}

async function print(text: string): Promise<number> {
  process.stdout.write(text);
  return 0;
}

/** Runs the command line. Resolves to the exit status, or to null when the process goes on. */
async function main(args: readonly string[]): Promise<number | null> {
  adoptDaemon();
  endEarlyOnSoftStop();
  const [first] = args;
  if (first === undefined || first === '-h' || first === '--help') {
    (first === undefined ? process.stderr : process.stdout).write(first === '--help' ? helpText() : usageText());
    return first === undefined ? 1 : 0;
  }
  if (first.startsWith('-')) return runBalancer(parseArguments(first === '--version' ? ['-v'] : args));
  const command = Object.hasOwn(subCommands, first) ? subCommands[first] : undefined;
  if (command !== undefined) return command(args.slice(1));
  throw new UsageError(
    `unknown sub-command '${first}'; there are ${Object.keys(subCommands).join(', ')}, and HAProxy's flags (sluice -h)`,
  );
}

main(process.argv.slice(2)).then(
  (status) => {
    // Not only the exit status: a start that was given up may leave handles open, and the background process is still connected.
    if (status !== null) process.exit(status);
  },
  (error: unknown) => {
    if (error instanceof UsageError) process.stderr.write(`sluice: ${error.message}\n${usageText()}`);
    else process.stderr.write(`sluice: ${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
