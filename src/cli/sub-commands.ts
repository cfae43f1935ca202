/** What `sluice help` and `--help` say of the sub-commands that are no operations. */
export interface SubCommand {
  /** As the list has it. */
  readonly short: string;
  /** How it is written in full, without `sluice`; left out: as the list has it. */
  readonly forms?: readonly string[];
  readonly about: string;
  /** What its words and options mean; left out: the command tells that itself. */
  readonly more?: string;
}

const FILES = 'A folder stands for its *.cfg files in alphabetic order.';

export const SUB_COMMANDS: Readonly<Record<string, SubCommand>> = {
  run: {
    short: 'run FILE|FOLDER...',
    forms: ['run [FLAG...] FILE|FOLDER...'],
    about: 'run these configuration files in the foreground (as -db -f)',
    more: `${FILES} The flags are those that 'sluice -h' lists (--api, --state-dir, --policy, ...).`,
  },
  check: {
    short: 'check FILE|FOLDER...',
    forms: ['check [--report] FILE|FOLDER...'],
    about: 'check them (as -c -V -f); --report: line by line, what works here and what does not',
    more: `${FILES} Exit status: 0 valid, 1 not, 2 valid but nothing to listen on.`,
  },
  send: {
    short: 'send SOCKET COMMAND...',
    about: 'one Runtime API command to Sluice or HAProxy; exit status 1 when it is refused, 2 without an answer',
    more: 'SOCKET is a path, or HOST:PORT. After a last word << the payload is read from standard input.',
  },
  runtime: {
    short: 'runtime [COMMAND...]',
    forms: ['runtime [--target TARGET] [--level user|operator|admin] [--json] [COMMAND...]'],
    about: 'Runtime API commands as through socat, or a prompt; --level user|operator|admin bounds what may be done',
    more: 'Without a command they are read from standard input, a line each. --json: an object for each answer.',
  },
  audit: {
    short: 'audit COMMAND',
    about: 'what was done, by whom, and whether the record of it is whole (sluice audit help)',
  },
  remote: {
    short: 'remote URL OPERATION ...',
    forms: ['remote https://HOST:PORT|http://HOST:PORT|unix:/PATH OPERATION ...'],
    about:
      'an operation over a Data Plane API, as with --target URL; SLUICE_API_USER, SLUICE_API_PASSWORD say who asks',
    more: 'SLUICE_API_PASSWORD_FILE names a file with the password, SLUICE_API_CA one of authorities.',
  },
  api: {
    short: 'api -f FILE',
    forms: ['api [-f FILE] [--state-dir DIR]'],
    about: 'serve the Data Plane API beside a running HAProxy or Sluice',
    more: 'FILE has the keys of dataplaneapi.yaml; else the first of /etc/sluice/sluice-api.yaml, /etc/haproxy/dataplaneapi.yaml and .yml.',
  },
  policy: {
    short: 'policy COMMAND',
    forms: [
      'policy check FILE',
      'policy explain FILE USER ACTION OBJECT [--at DATE] [--force]',
      'policy schema',
      'policy actions',
    ],
    about: 'look at a policy file before it is in force: check, explain, schema, actions',
    more: 'explain tells what a user may do with an object, and why. schema writes the JSON Schema, actions the names of what can be allowed.',
  },
  agent: {
    short: 'agent --target TARGET',
    forms: ['agent --target TARGET [--target ...] [--state-dir DIR] [--every DURATION] [--json]'],
    about: 'keep what was set on a HAProxy through its reloads, end it in time, record what others change',
    more: 'It runs until SIGTERM. (sluice agent SERVER ... is an operation: sluice help agent.)',
  },
  top: {
    short: 'top [--target TARGET]',
    forms: ['top [--target TARGET] [--every DURATION] [--by rate|sessions|queue|errors|name] [--batch FRAMES]'],
    about: 'a load balancer as it carries, on a screen that is drawn anew',
    more: 'q ends it. --batch writes so many frames as text, for scripts.',
  },
  completion: {
    short: 'completion SHELL',
    forms: ['completion bash|zsh|fish'],
    about: 'what bash, zsh or fish needs to complete command lines',
    more: 'For bash: source <(sluice completion bash)',
  },
  demo: { short: 'demo', about: 'run examples/quickstart with three small origins, and show what to try', more: '' },
  version: { short: 'version', about: 'version and what was built in (as -vv)', more: '' },
  help: {
    short: 'help [OPERATION]',
    about: "this text, or all about an operation; 'sluice -h' shows HAProxy's own flags",
    more: '',
  },
};

/** The forms of a sub-command: what a wrong one is answered with. */
export function usageOf(name: string): string {
  const { short, forms = [short] } = SUB_COMMANDS[name]!;
  return forms.map((form, i) => `${i === 0 ? 'usage:' : '      '} sluice ${form}`).join('\n');
}

/** What `--help` after a sub-command says; null where the command itself, or no sub-command, answers that. */
export function subCommandHelp(name: string): string | null {
  const command = Object.hasOwn(SUB_COMMANDS, name) ? SUB_COMMANDS[name] : undefined;
  if (command?.more === undefined) return null;
  return `${usageOf(name)}\n\n  ${command.about}\n${command.more === '' ? '' : `  ${command.more}\n`}`;
}

/** What `sluice help` says of the sub-commands. */
export function subCommandsText(): string {
  const rows = Object.values(SUB_COMMANDS).map(({ short, about }) => `  sluice ${short.padEnd(24)} ${about}\n`);
  return `sluice: a load balancer that you operate while it runs

${rows.join('')}
Exit status: 0 done, 1 failed (with the reason on stderr), 2 valid but nothing to listen on (check), or a condition not understood (-cc).
`;
}
